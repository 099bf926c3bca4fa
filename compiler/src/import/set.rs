//! What an import writes, gathered over all of its inputs, and what its parts refer to. What no input declares becomes a
//! placeholder here.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    kdl::{self, Block},
    names,
    report::Report,
};
use crate::span::{Span, Spanned};

/// Everything that was imported so far.
#[derive(Debug, Default)]
pub(super) struct Set {
    configs: BTreeMap<String, Block>,
    secrets: BTreeMap<String, Block>,
    workloads: Vec<(Block, Span)>,
    wanted_configs: BTreeMap<String, Wanted>,
    wanted_secrets: BTreeMap<String, Wanted>,
    wanted_nodes: BTreeMap<String, Span>,
}

/// Something that is referred to.
#[derive(Debug)]
struct Wanted {
    /// Where it is first.
    span: Span,
    /// The files or keys that are asked for.
    keys: BTreeSet<String>,
}

impl Set {
    /// Takes a config.
    pub(super) fn config(&mut self, block: Block, span: Span, report: &mut Report<'_>) {
        put(&mut self.configs, "config", block, span, report);
    }

    /// Takes a secret.
    pub(super) fn secret(&mut self, block: Block, span: Span, report: &mut Report<'_>) {
        put(&mut self.secrets, "secret", block, span, report);
    }

    /// Takes a workload.
    pub(super) fn workload(&mut self, block: Block, span: Span) {
        self.workloads.push((block, span));
    }

    /// Notes that a config is referred to, and gives its name here.
    pub(super) fn wants_config(&mut self, name: &Spanned<String>, key: Option<&str>) -> String {
        want(&mut self.wanted_configs, name, key)
    }

    /// Notes that a secret is referred to, and gives its name here.
    pub(super) fn wants_secret(&mut self, name: &Spanned<String>, key: Option<&str>) -> String {
        want(&mut self.wanted_secrets, name, key)
    }

    /// Notes that a node is referred to, and gives its name here.
    pub(super) fn wants_node(&mut self, name: &Spanned<String>) -> String {
        let first = name.value.split('.').next().unwrap_or_default();
        let label = names::plain(first);
        self.wanted_nodes.entry(label.clone()).or_insert(name.span);
        label
    }

    /// Whether nothing was imported.
    pub(super) fn is_empty(&self) -> bool {
        self.configs.is_empty() && self.secrets.is_empty() && self.workloads.is_empty()
    }

    /// The text of it: configs, secrets, workloads. Placeholders stand where nothing was declared.
    pub(super) fn finish(mut self, report: &mut Report<'_>) -> String {
        for (name, wanted) in std::mem::take(&mut self.wanted_configs) {
            self.configs.entry(name.clone()).or_insert_with(|| missing_config(&name, &wanted, report));
        }
        for (name, wanted) in std::mem::take(&mut self.wanted_secrets) {
            self.secrets.entry(name.clone()).or_insert_with(|| missing_secret(&name, &wanted, report));
        }
        let nodes = std::mem::take(&mut self.wanted_nodes).into_iter().map(|(name, span)| {
            let message = format!("node `{name}` is asked for, and no input declares it");
            report.placeholder(span, message, "a placeholder stands for it: remove it where the fleet has the node");
            let mut block = Block::new("node").arg(name).and(Block::new("placeholder"));
            block.note_first("no input declares this node");
            block
        });
        let mut blocks: Vec<Block> = nodes.collect();
        blocks.extend(self.configs.into_values());
        blocks.extend(self.secrets.into_values());
        blocks.extend(self.workloads.into_iter().map(|(block, _)| block));
        kdl::text(&blocks)
    }
}

fn put(map: &mut BTreeMap<String, Block>, what: &str, block: Block, span: Span, report: &mut Report<'_>) {
    let name = block.name().to_owned();
    if map.insert(name.clone(), block).is_some() {
        report.refuse(span, format!("{what} `{name}` is declared twice in the input"), "remove one of them");
    }
}

fn want(map: &mut BTreeMap<String, Wanted>, name: &Spanned<String>, key: Option<&str>) -> String {
    let label = names::plain(&name.value);
    let first = || Wanted { span: name.span, keys: BTreeSet::new() };
    let wanted = map.entry(label.clone()).or_insert_with(first);
    wanted.keys.extend(key.map(str::to_owned));
    label
}

fn missing_config(name: &str, wanted: &Wanted, report: &mut Report<'_>) -> Block {
    let message = format!("config `{}` is used, and no input declares it", name);
    report.placeholder(wanted.span, message, "a placeholder stands for it; `wlc build` refuses it until it has files");
    let mut block = Block::new("config").arg(name).and(Block::new("placeholder"));
    block.note_first("no input declares this config: write its files here and take `placeholder` out");
    block.push_all(wanted.keys.iter().map(|key| Block::new("file").arg(key.as_str()).with("text", "")));
    block
}

fn missing_secret(name: &str, wanted: &Wanted, report: &mut Report<'_>) -> Block {
    let message = format!("secret `{}` is used, and no input declares it", name);
    let hint =
        "a placeholder stands for it: write all of its keys, and put their values into the secrets folder of the nodes";
    report.placeholder(wanted.span, message, hint);
    let mut block = Block::new("secret").arg(name);
    block.note("no input declares this secret: name its keys here");
    block.push_all(wanted.keys.iter().map(|key| Block::new("key").arg(key.as_str())));
    block
}
