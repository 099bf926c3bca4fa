//! Selectors: which workloads of the input the labels of a selector mean.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        Document,
        fields::Fields,
        kdl::Block,
        names,
        report::Report,
        yaml::{Node, Value},
    },
    Cx,
};
use crate::span::{Span, Spanned};

/// Kinds that become workloads.
pub(super) const WORKLOADS: [&str; 8] =
    ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod", "Job", "CronJob"];

/// A workload of the input.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Its name here.
    pub(super) name: String,
    /// The labels of its pods.
    pub(super) labels: BTreeMap<String, String>,
}

/// For each document the workload that it declares, with a name of its own: here kinds share their names.
pub(super) fn known(documents: &[Document], report: &mut Report<'_>) -> Vec<Option<Known>> {
    let mut taken = BTreeSet::new();
    let mut all = Vec::new();
    for document in documents {
        let kind = document.node.get("kind").and_then(Node::text).unwrap_or_default();
        if !WORKLOADS.contains(&kind) {
            all.push(None);
            continue;
        }
        let metadata = document.node.get("metadata");
        let written = metadata.and_then(|node| node.get("name").or_else(|| node.get("generateName")));
        let span = written.map_or(document.node.span, |node| node.span);
        let name = written.and_then(Node::text).unwrap_or(&document.stem);
        let label = names::label(&Spanned::new(name.to_owned(), span), report);
        let name = unused(&label, kind, &mut taken, span, report);
        let template = match kind {
            "Pod" => Some(&document.node),
            "CronJob" => path(&document.node, &["spec", "jobTemplate", "spec", "template"]),
            _ => path(&document.node, &["spec", "template"]),
        };
        all.push(Some(Known { name, labels: template.map(labels).unwrap_or_default() }));
    }
    all
}

fn unused(label: &str, kind: &str, taken: &mut BTreeSet<String>, span: Span, report: &mut Report<'_>) -> String {
    let with_kind = format!("{label}-{}", kind.to_lowercase());
    let more = (2..).map(|number| format!("{label}-{number}"));
    let name = [label.to_owned(), with_kind].into_iter().chain(more).find(|name| !taken.contains(name));
    let name = name.unwrap_or_default();
    if name != label {
        let message = format!("another workload is called `{label}`, so this one is called `{name}`");
        report.differs(span, message, "workloads of all kinds and namespaces share their names");
    }
    taken.insert(name.clone());
    name
}

fn path<'a>(node: &'a Node, keys: &[&str]) -> Option<&'a Node> {
    keys.iter().try_fold(node, |node, key| node.get(key))
}

/// The labels in the metadata of a pod template.
fn labels(template: &Node) -> BTreeMap<String, String> {
    let Some(Node { value: Value::Map(entries), .. }) = path(template, &["metadata", "labels"]) else {
        return BTreeMap::new();
    };
    let pair = |node: &Node| node.text().map(str::to_owned);
    entries.iter().filter_map(|entry| Some((entry.key.value.clone(), pair(&entry.node)?))).collect()
}

/// What labels must be.
#[derive(Debug)]
pub(super) struct Selector {
    equal: Vec<(String, String)>,
    expressions: Vec<(String, String, Vec<String>)>,
}

impl Selector {
    /// Reads a label selector.
    pub(super) fn read(mut fields: Fields, report: &mut Report<'_>) -> Self {
        let equal = fields.pairs("matchLabels", report).into_iter().map(|(key, value)| (key.value, value.value));
        let equal = equal.collect();
        let mut expressions = Vec::new();
        for mut one in fields.maps("matchExpressions", report) {
            let key = one.text("key", report).map(|key| key.value).unwrap_or_default();
            let operator = one.text("operator", report).map(|operator| operator.value).unwrap_or_default();
            let values = one.texts("values", report).into_iter().map(|value| value.value).collect();
            one.close(&mut Block::new(""), report);
            expressions.push((key, operator, values));
        }
        fields.close(&mut Block::new(""), report);
        Self { equal, expressions }
    }

    /// Reads a plain mapping of labels.
    pub(super) fn plain(fields: Fields, report: &mut Report<'_>) -> Self {
        let equal = fields.into_pairs(report).into_iter().map(|(key, value)| (key.value, value.value)).collect();
        Self { equal, expressions: Vec::new() }
    }

    /// Whether it selects labels.
    pub(super) fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        let fits = |(key, operator, values): &(String, String, Vec<String>)| match operator.as_str() {
            "In" => labels.get(key).is_some_and(|value| values.contains(value)),
            "NotIn" => labels.get(key).is_none_or(|value| !values.contains(value)),
            "Exists" => labels.contains_key(key),
            "DoesNotExist" => !labels.contains_key(key),
            _ => false,
        };
        self.equal.iter().all(|(key, value)| labels.get(key) == Some(value)) && self.expressions.iter().all(fits)
    }

    /// The names of the workloads that it selects.
    pub(super) fn workloads(&self, cx: &Cx<'_, '_>) -> Vec<String> {
        cx.known.iter().filter(|known| self.selects(&known.labels)).map(|known| known.name.clone()).collect()
    }
}
