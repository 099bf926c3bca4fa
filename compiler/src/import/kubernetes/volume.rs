//! Volumes and what containers mount of them. A volume that one container mounts is written at the mount; one that several
//! share is written once.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{fields::Fields, kdl::Block, names, quantity, report::Report},
    Cx, claim, env,
    pod::Owner,
};
use crate::span::Spanned;

/// The volumes of a pod.
#[derive(Debug)]
pub(super) struct Volumes {
    sources: BTreeMap<String, Source>,
    /// Names in the order of the file.
    order: Vec<String>,
    claims: BTreeSet<String>,
}

/// Where a volume comes from.
#[derive(Debug)]
struct Source {
    /// Properties and children that a mount or a volume gets; none where it has no counterpart.
    parts: Option<Block>,
    /// How many mounts it has.
    uses: usize,
    /// Only a block of its own can say it.
    is_own: bool,
    /// Its files may change while containers run.
    is_content: bool,
}

impl Volumes {
    /// Reads the volumes of a pod.
    pub(super) fn read(fields: &mut Fields, owner: &Owner, cx: &mut Cx<'_, '_>) -> Self {
        let uses = uses(fields);
        let mut volumes = Self { sources: BTreeMap::new(), order: Vec::new(), claims: owner.claims.clone() };
        for mut volume in fields.maps("volumes", &mut cx.import.report) {
            let Some(name) = volume.text("name", &mut cx.import.report) else {
                cx.import.report.bad(volume.span, "this volume has no name");
                continue;
            };
            let mut source = source(&mut volume, &name, cx);
            source.uses = uses.get(&name.value).copied().unwrap_or_default();
            let mut rest = Block::new("");
            volume.close(&mut rest, &mut cx.import.report);
            if let Some(parts) = &mut source.parts {
                parts.absorb(rest);
            }
            volumes.order.push(name.value.clone());
            volumes.sources.insert(name.value, source);
        }
        volumes
    }

    /// The volumes that have blocks of their own.
    pub(super) fn declarations(&self) -> Vec<Block> {
        let own = self.order.iter().filter_map(|name| {
            let source = self.sources.get(name).filter(|source| source.is_declared())?;
            let mut block = Block::new("volume").arg(names::plain(name));
            block.merge(source.parts.clone()?);
            Some(block)
        });
        own.collect()
    }

    /// Writes the mounts of a container.
    pub(super) fn mounts(&mut self, fields: &mut Fields, block: &mut Block, cx: &mut Cx<'_, '_>) {
        for mut mount in fields.maps("volumeMounts", &mut cx.import.report) {
            let report = &mut cx.import.report;
            let (Some(name), Some(at)) = (mount.text("name", report), mount.text("mountPath", report)) else {
                report.bad(mount.span, "this mount has no name or no path");
                continue;
            };
            let mut line = Block::new("mount").arg(path(&at.value));
            let options = options(&mut mount, report);
            match self.source(&name, report) {
                Ok((parts, is_content)) => {
                    line.merge(parts);
                    let has_sub_path = options.iter().any(|(word, _)| *word == "sub-path");
                    if is_content && !has_sub_path {
                        line.set("on-change", "nothing");
                    }
                    options.into_iter().for_each(|(word, value)| line.set(word, value));
                    mount.close(&mut line, report);
                    block.push(line);
                }
                Err(why) => {
                    let note = report.not_carried(name.span, &format!("the mount at {}", at.value), &why);
                    block.note(note);
                }
            }
        }
    }

    /// What a mount of a volume says, and whether its files may change.
    fn source(&self, name: &Spanned<String>, report: &mut Report<'_>) -> Result<(Block, bool), String> {
        if self.claims.contains(&name.value) {
            return Ok((Block::new("").with("claim", names::plain(&name.value)), false));
        }
        let Some(source) = self.sources.get(&name.value) else {
            report.bad(name.span, format!("the pod has no volume `{}`", name.value));
            return Err("its volume is declared nowhere".to_owned());
        };
        match &source.parts {
            None => Err("its volume is not carried over".to_owned()),
            Some(_) if source.is_declared() => Ok((Block::new("").with("volume", names::plain(&name.value)), false)),
            Some(parts) => Ok((parts.clone(), source.is_content)),
        }
    }
}

impl Source {
    fn is_declared(&self) -> bool {
        self.parts.is_some() && (self.is_own || (self.uses > 1 && !self.is_content))
    }

    fn of(parts: Block) -> Self {
        Self { parts: Some(parts), uses: 0, is_own: false, is_content: false }
    }

    fn content(parts: Block) -> Self {
        Self { is_content: true, ..Self::of(parts) }
    }
}

/// How often each volume is mounted in the pod.
fn uses(fields: &Fields) -> BTreeMap<String, usize> {
    let mut uses = BTreeMap::new();
    for word in ["containers", "initContainers"] {
        let containers = fields.peek(word).map(|node| node.items()).unwrap_or_default();
        let mounts = containers.iter().filter_map(|container| container.get("volumeMounts"));
        let names = mounts.flat_map(|mounts| mounts.items()).filter_map(|mount| mount.get("name")?.text());
        names.for_each(|name| *uses.entry(name.to_owned()).or_default() += 1);
    }
    uses
}

/// A path without what our paths do not have: a `/` at the end, or two in a row.
pub(in super::super) fn path(text: &str) -> String {
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if text.starts_with('/') { format!("/{}", parts.join("/")) } else { text.to_owned() }
}

/// What a mount says beside its volume.
fn options(mount: &mut Fields, report: &mut Report<'_>) -> Vec<(&'static str, super::super::kdl::Value)> {
    let mut options: Vec<(&'static str, super::super::kdl::Value)> = Vec::new();
    if mount.is_set("readOnly", report) {
        options.push(("read-only", true.into()));
    }
    if let Some(part) = mount.text("subPath", report) {
        options.push(("sub-path", part.value.into()));
    }
    let propagation = match mount.text("mountPropagation", report).map(|word| word.value).as_deref() {
        Some("HostToContainer") => Some("slave"),
        Some("Bidirectional") => Some("shared"),
        Some(_) | None => None,
    };
    options.extend(propagation.map(|word| ("propagation", word.into())));
    mount.leave("subPathExpr", "a part of a volume is written out: `sub-path`", report);
    mount.leave("recursiveReadOnly", "`read-only` covers the mount itself", report);
    options
}

fn source(volume: &mut Fields, name: &Spanned<String>, cx: &mut Cx<'_, '_>) -> Source {
    let report = &mut cx.import.report;
    if let Some(fields) = volume.map("emptyDir", report) {
        return Source::of(empty_dir(fields, report));
    }
    if let Some(mut fields) = volume.map("hostPath", report) {
        let mut parts = Block::new("");
        parts.set_some("host-path", fields.text("path", report).map(|at| path(&at.value)));
        let kind = fields.text("type", report).filter(|kind| !kind.value.is_empty());
        parts.set_some("type", kind.map(|kind| super::job::kebab(&kind.value)));
        fields.close(&mut parts, report);
        return Source::of(parts);
    }
    for (theirs, ours) in [("configMap", "config"), ("secret", "secret")] {
        if let Some(fields) = volume.map(theirs, &mut cx.import.report) {
            return Source::content(content(fields, ours, cx));
        }
    }
    if let Some(fields) = volume.map("downwardAPI", &mut cx.import.report) {
        let mut parts = Block::new("");
        downward(fields, &mut parts, &mut cx.import.report);
        return Source::of(parts);
    }
    if let Some(fields) = volume.map("projected", &mut cx.import.report) {
        return Source { is_content: true, ..Source::of(projected(fields, cx)) };
    }
    if let Some(fields) = volume.map("persistentVolumeClaim", &mut cx.import.report) {
        return Source::of(claim::named(fields, cx));
    }
    remote(volume, name, &mut cx.import.report)
}

/// Volumes that come over the network, and those that have no counterpart.
fn remote(volume: &mut Fields, name: &Spanned<String>, report: &mut Report<'_>) -> Source {
    if let Some(mut fields) = volume.map("nfs", report) {
        let [server, at] = ["server", "path"].map(|key| fields.text(key, report).map(|text| text.value));
        let source = format!("{}:{}", server.unwrap_or_default(), path(&at.unwrap_or_default()));
        let mut parts = Block::new("").with("nfs", source);
        parts.set_some("read-only", fields.is_set("readOnly", report).then_some(true));
        fields.close(&mut parts, report);
        return Source { is_own: true, ..Source::of(parts) };
    }
    if let Some(mut fields) = volume.map("image", report) {
        let mut parts = Block::new("");
        parts.set_some("image", fields.text("reference", report).map(|image| image.value));
        fields.leave("pullPolicy", "an image that is mounted is pulled where it is missing", report);
        fields.close(&mut parts, report);
        return Source::of(parts);
    }
    if let Some(fields) = volume.map("ephemeral", report) {
        let why = "its size and class are those of a claim; an `empty-dir` lives as long";
        let note = report.not_carried(fields.span, "ephemeral", why);
        let mut parts = Block::new("").with("empty-dir", true);
        parts.note(note);
        return Source::of(parts);
    }
    let known =
        ["csi", "iscsi", "cephfs", "rbd", "fc", "awsElasticBlockStore", "gcePersistentDisk", "azureDisk", "azureFile"];
    for key in known {
        volume.leave(key, "mount it on the nodes, and name the directory with `host-path`", report);
    }
    let what = format!("volume {}", name.value);
    report.not_carried(name.span, &what, "its source has no counterpart");
    Source { parts: None, uses: 0, is_own: false, is_content: false }
}

fn empty_dir(mut fields: Fields, report: &mut Report<'_>) -> Block {
    let size = fields.text("sizeLimit", report).and_then(|size| {
        let bytes = quantity::bytes(&size.value);
        if bytes.is_none() {
            report.bad(size.span, format!("`{}` is no amount of bytes", size.value));
        }
        bytes
    });
    let is_memory = fields.text("medium", report).is_some_and(|medium| medium.value == "Memory");
    let word = if is_memory { "tmpfs" } else { "empty-dir" };
    let mut parts = match size {
        Some(size) => Block::new("").with(word, size),
        None => Block::new("").with(word, true),
    };
    fields.close(&mut parts, report);
    parts
}

/// Permission bits: octal with a leading zero, else decimal, as YAML and JSON have them.
fn mode(text: &str) -> Option<String> {
    let octal = text.strip_prefix("0o").or_else(|| text.strip_prefix('0').filter(|rest| !rest.is_empty()));
    let bits = match octal {
        Some(digits) => u32::from_str_radix(digits, 8).ok()?,
        None => text.parse().ok()?,
    };
    (bits <= 0o777).then(|| format!("{bits:04o}"))
}

fn take_mode(fields: &mut Fields, key: &str, default: &str, block: &mut Block, report: &mut Report<'_>) {
    let Some(written) = fields.text(key, report) else { return };
    match mode(&written.value) {
        Some(bits) if bits != default => block.set("mode", bits),
        Some(_) => {}
        None => report.bad(written.span, format!("`{}` are no permission bits", written.value)),
    }
}

/// A volume of one config or secret: a property, or a block where files are chosen.
fn content(mut fields: Fields, word: &'static str, cx: &mut Cx<'_, '_>) -> Block {
    let mut parts = Block::new("");
    take_mode(&mut fields, "defaultMode", "0644", &mut parts, &mut cx.import.report);
    let inner = chosen(fields, word, cx);
    let is_plain = inner.blocks().next().is_none();
    if is_plain {
        parts.set(word, inner.name());
        parts.absorb(inner);
    } else {
        parts.push(inner);
    }
    parts
}

/// A config or secret as a source of files.
fn chosen(mut fields: Fields, word: &'static str, cx: &mut Cx<'_, '_>) -> Block {
    let report = &mut cx.import.report;
    let name = fields.text("name", report).or_else(|| fields.text("secretName", report));
    let items = fields.maps("items", report);
    let is_optional = fields.is_set("optional", report);
    let mut inner = Block::new(word);
    let mut lines = Vec::new();
    let mut keys = Vec::new();
    for mut item in items {
        let [key, to] = ["key", "path"].map(|key| item.text(key, report).map(|text| text.value).unwrap_or_default());
        let key = names::key(&key);
        let mut line = Block::new("item").arg(key.as_str()).arg(to);
        take_mode(&mut item, "mode", "", &mut line, report);
        item.close(&mut line, report);
        keys.push(key);
        lines.push(line);
    }
    if let Some(name) = name {
        let set = &mut cx.import.set;
        let mut want = |key: Option<&str>| {
            if word == "config" { set.wants_config(&name, key) } else { set.wants_secret(&name, key) }
        };
        let label = want(None);
        keys.iter().for_each(|key| drop(want(Some(key))));
        inner = inner.arg(label);
    }
    inner.push_all(lines);
    if is_optional {
        inner.push(Block::new("optional"));
    }
    fields.close(&mut inner, &mut cx.import.report);
    inner
}

/// Files with fields of the instance.
fn downward(mut fields: Fields, parts: &mut Block, report: &mut Report<'_>) {
    take_mode(&mut fields, "defaultMode", "0644", parts, report);
    for mut item in fields.maps("items", report) {
        let to = item.text("path", report).map(|to| to.value).unwrap_or_default();
        let line = if let Some(mut field) = item.map("fieldRef", report) {
            field.take("apiVersion");
            let path = field.text("fieldPath", report).unwrap_or_else(|| Spanned::new(String::new(), field.span));
            env::field_word(&path, report).map(|word| Block::new("field").arg(to.as_str()).arg(word))
        } else if let Some(mut resource) = item.map("resourceFieldRef", report) {
            let container = resource.text("containerName", report).map(|name| names::plain(&name.value));
            env::resource_word(&mut resource, report).map(|(word, unit)| {
                let mut line = Block::new("resource").arg(to.as_str()).arg(word);
                line.set_some("container", container);
                line.set_some("unit", unit);
                line
            })
        } else {
            Err(report.not_carried(item.span, &to, "it names neither a field nor a resource"))
        };
        match line {
            Ok(mut line) => {
                take_mode(&mut item, "mode", "", &mut line, report);
                parts.push(line);
            }
            Err(note) => parts.note(note),
        }
        item.close(parts, report);
    }
    fields.close(parts, report);
}

fn projected(mut fields: Fields, cx: &mut Cx<'_, '_>) -> Block {
    let mut parts = Block::new("");
    take_mode(&mut fields, "defaultMode", "0644", &mut parts, &mut cx.import.report);
    for mut source in fields.maps("sources", &mut cx.import.report) {
        for (theirs, ours) in [("configMap", "config"), ("secret", "secret")] {
            if let Some(fields) = source.map(theirs, &mut cx.import.report) {
                parts.push(chosen(fields, ours, cx));
            }
        }
        let report = &mut cx.import.report;
        if let Some(fields) = source.map("downwardAPI", report) {
            downward(fields, &mut parts, report);
        }
        source.leave("serviceAccountToken", "there is no API server that containers could call", report);
        source.leave("clusterTrustBundle", "put the certificates into a config", report);
        source.close(&mut parts, report);
    }
    fields.close(&mut parts, &mut cx.import.report);
    parts
}
