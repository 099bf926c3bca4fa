//! PersistentVolumeClaims: the claims of a StatefulSet's replicas, and those that a pod names, which become named volumes.

use std::collections::BTreeSet;

use super::{
    super::{fields::Fields, kdl::Block, names, quantity, report::Report},
    Cx,
    object::Object,
};
use crate::span::Spanned;

/// A PersistentVolumeClaim of the input.
#[derive(Debug)]
pub(super) struct Claim {
    name: Spanned<String>,
    /// What it asked for, for a comment.
    asked: String,
    used: bool,
}

/// A claim of a pod that is no replica of a stateful-set: a named volume of the node.
pub(super) fn named(mut fields: Fields, cx: &mut Cx<'_, '_>) -> Block {
    let report = &mut cx.import.report;
    let mut parts = Block::new("");
    let is_read_only = fields.is_set("readOnly", report);
    let Some(name) = fields.text("claimName", report) else {
        report.bad(fields.span, "this volume names no claim");
        return parts.with("empty-dir", true);
    };
    parts.set("named", names::label(&name, report));
    if is_read_only {
        parts.set("read-only", true);
    }
    let hint = "it stays on its node and has no size; a stateful-set with a `claim` keeps data with its replica";
    match cx.claims.iter_mut().find(|claim| claim.name.value == name.value) {
        Some(claim) => {
            claim.used = true;
            let message = format!("PersistentVolumeClaim `{}` becomes a named volume of the node", name.value);
            report.differs(claim.name.span, message, hint);
            if !claim.asked.is_empty() {
                parts.note(format!("its claim asked for {}", claim.asked));
            }
        }
        None => {
            let message = format!("PersistentVolumeClaim `{}` is used, and no input declares it", name.value);
            report.placeholder(
                name.span,
                message,
                "a named volume of the node stands for it, which `wlc build` refuses",
            );
        }
    }
    fields.close(&mut parts, report);
    parts
}

/// A PersistentVolumeClaim.
pub(super) fn claim(object: Object, cx: &mut Cx<'_, '_>) {
    let Object { name, mut fields, .. } = object;
    let report = &mut cx.import.report;
    let mut asked = Vec::new();
    if let Some(mut spec) = fields.map("spec", report) {
        let line = claim_block("", &mut spec, report);
        asked.push(super::super::kdl::text(&[line]).trim().trim_start_matches("claim \"\" ").to_owned());
        spec.close(&mut Block::new(""), report);
    }
    fields.close(&mut Block::new(""), report);
    cx.claims.push(Claim { name, asked: asked.join(" "), used: false });
}

/// Reports claims that no pod of the input mounts.
pub(super) fn report_unused(cx: &mut Cx<'_, '_>) {
    for claim in cx.claims.iter().filter(|claim| !claim.used) {
        let what = format!("PersistentVolumeClaim {}", claim.name.value);
        cx.import.report.not_carried(claim.name.span, &what, "no pod of the input mounts it");
    }
}

/// `volumeClaimTemplates` of a StatefulSet. The names of its claims.
pub(super) fn claim_templates(spec: &mut Fields, block: &mut Block, report: &mut Report<'_>) -> BTreeSet<String> {
    let mut retention = spec.map("persistentVolumeClaimRetentionPolicy", report);
    let mut policy = |key: &str, report: &mut Report<'_>| {
        let word = retention.as_mut().and_then(|retention| retention.text(key, report));
        word.map(|word| word.value.to_lowercase()).filter(|word| word != "retain")
    };
    let (deleted, scaled) = (policy("whenDeleted", report), policy("whenScaled", report));
    if let Some(retention) = retention {
        retention.close(block, report);
    }
    let mut names = BTreeSet::new();
    for mut template in spec.maps("volumeClaimTemplates", report) {
        template.take("apiVersion");
        template.take("kind");
        let head = template.map("metadata", report);
        let name = head.and_then(|mut head| {
            let name = head.text("name", report);
            head.leave("creationTimestamp", "it is a state of the cluster, not a wish", report);
            head.close(block, report);
            name
        });
        let Some(name) = name else {
            report.bad(template.span, "this claim has no name");
            continue;
        };
        template.leave("status", "it is a state of the cluster, not a wish", report);
        let mut inner = super::controller::map_or_empty(&mut template, "spec", report);
        let mut line = claim_block(&names::label(&name, report), &mut inner, report);
        line.set_some("when-deleted", deleted.clone());
        line.set_some("when-scaled", scaled.clone());
        inner.close(&mut line, report);
        template.close(&mut line, report);
        block.push(line);
        names.insert(name.value);
    }
    names
}

fn claim_block(name: &str, spec: &mut Fields, report: &mut Report<'_>) -> Block {
    let mut line = Block::new("claim").arg(name);
    if let Some(mut resources) = spec.map("resources", report) {
        for (kind, amount) in resources.pairs("requests", report) {
            match quantity::bytes(&amount.value).filter(|_| kind.value == "storage") {
                Some(size) => line.set("size", size),
                None => report.bad(amount.span, format!("`{}` is no amount of {}", amount.value, kind.value)),
            }
        }
        resources.leave("limits", "a claim has one size", report);
        resources.close(&mut line, report);
    }
    line.set_some(
        "storage",
        spec.text("storageClassName", report).map(|class| class.value).filter(|class| !class.is_empty()),
    );
    let modes = spec.texts("accessModes", report);
    let access = modes.first().map(|mode| super::job::kebab(&mode.value)).filter(|mode| mode != "read-write-once");
    line.set_some("access", access);
    for mode in modes.iter().skip(1) {
        line.note(report.not_carried(mode.span, &mode.value, "a claim has one way of access"));
    }
    if spec.text("volumeMode", report).is_some_and(|mode| mode.value == "Block") {
        line.note("it was a block device: here it is a directory");
    }
    spec.leave_all(
        &["volumeName", "selector", "dataSource", "dataSourceRef"],
        "a claim begins empty on its node",
        report,
    );
    spec.leave("volumeAttributesClassName", "`storage` names a directory of the node", report);
    line
}
