//! ConfigMaps and Secrets. The bytes of a secret are never written: only its keys are.

use std::collections::BTreeSet;

use super::{
    super::{kdl::Block, names},
    Cx,
    object::Object,
};
use crate::span::Spanned;

/// A ConfigMap as a config.
pub(super) fn config(object: Object, cx: &mut Cx<'_, '_>) {
    let Object { name, labels, annotations, notes, mut fields, .. } = object;
    let report = &mut cx.import.report;
    let mut block = Block::new("config").arg(names::label(&name, report));
    block.absorb(notes);
    unlabelled(&labels, &annotations, &mut block, report);
    for (key, text) in fields.pairs("data", report) {
        block.push(Block::new("file").arg(file(&key, report)).with("text", text.value));
    }
    if let Some(binary) = fields.map("binaryData", report) {
        for (key, _) in binary.into_pairs(report) {
            let why = "write its bytes into a file of the repository, and name that with `from=`";
            let note = report.not_carried(key.span, &format!("binaryData.{}", key.value), why);
            block.note(note);
        }
    }
    if fields.is_set("immutable", report) {
        block.note("it was immutable: here a changed config is a reviewed change");
    }
    fields.close(&mut block, report);
    cx.import.set.config(block, name.span, &mut cx.import.report);
}

/// A Secret as the names of its keys.
pub(super) fn secret(object: Object, cx: &mut Cx<'_, '_>) {
    let Object { name, labels, annotations, notes, mut fields, .. } = object;
    let report = &mut cx.import.report;
    let label = names::label(&name, report);
    let mut block = Block::new("secret").arg(label.as_str());
    block.absorb(notes);
    unlabelled(&labels, &annotations, &mut block, report);
    let mut keys = BTreeSet::new();
    for word in ["data", "stringData"] {
        for (key, _) in fields.pairs(word, report) {
            keys.insert(file(&key, report));
        }
    }
    let hint = format!("put each value into a file below `/etc/wlc/secrets/{label}/` on the nodes that use it");
    report.differs(name.span, format!("the values of secret `{}` are not written into KDL", name.value), &hint);
    block.note(format!("values: one file for each key below /etc/wlc/secrets/{label}/ on the nodes that use it"));
    block.push_all(keys.iter().map(|key| Block::new("key").arg(key.as_str())));
    if let Some(kind) = fields.text("type", report).filter(|kind| kind.value != "Opaque") {
        block.note(format!("its type was {}", kind.value));
    }
    if fields.is_set("immutable", report) {
        block.note("it was immutable: here another `version` is a reviewed change");
    }
    fields.close(&mut block, report);
    cx.import.set.secret(block, name.span, &mut cx.import.report);
}

/// Configs and secrets have no labels; nothing selects them.
fn unlabelled(
    labels: &super::object::Pairs,
    annotations: &super::object::Pairs,
    block: &mut Block,
    report: &mut super::super::report::Report<'_>,
) {
    for (word, pairs) in [("metadata.labels", labels), ("metadata.annotations", annotations)] {
        if let Some((key, _)) = pairs.first() {
            let note = report.not_carried(key.span, word, "nothing selects configs and secrets, so they have none");
            block.note(note);
        }
    }
}

fn file(key: &Spanned<String>, report: &mut super::super::report::Report<'_>) -> String {
    let name = names::key(&key.value);
    if name != key.value {
        report.differs(
            key.span,
            format!("`{}` is called `{name}` here", key.value),
            "names of files are letters, digits, `.`, `_` and `-`",
        );
    }
    name
}
