//! The kinds that run pods, but for what only jobs have: each becomes a workload.

use super::{
    super::{fields::Fields, kdl::Block, quantity},
    Cx, budget,
    budget::count_or_share,
    claim, job,
    object::{Object, Pairs, write_labels},
    pod::{self, Owner},
    selector::{Known, Selector},
};

/// Reads an object that becomes a workload.
pub(super) fn read(object: Object, known: &Known, cx: &mut Cx<'_, '_>) {
    let span = object.name.span;
    let block = match object.kind.value.as_str() {
        "StatefulSet" => stateful_set(object, known, cx),
        "DaemonSet" => daemon_set(object, known, cx),
        "Pod" => pod(object, known, cx),
        "Job" => job::job(object, known, cx),
        "CronJob" => job::cron_job(object, known, cx),
        _ => deployment(object, known, cx),
    };
    cx.import.set.workload(block, span);
}

/// What a controller and its pod template say.
pub(super) struct Parts {
    /// The spec of the controller.
    pub(super) spec: Fields,
    /// The spec of its pods.
    pub(super) pod: Fields,
    object_labels: Pairs,
    object_annotations: Pairs,
    pod_labels: Pairs,
    pod_annotations: Pairs,
}

/// Takes an object apart. Comments about its head go into the block.
pub(super) fn parts(object: Object, block: &mut Block, cx: &mut Cx<'_, '_>) -> Parts {
    let Object { kind, labels, annotations, notes, mut fields, .. } = object;
    let report = &mut cx.import.report;
    block.absorb(notes);
    let mut spec = spec_of(&mut fields, kind.span, report);
    fields.close(block, report);
    let mut template = map_or_empty(&mut spec, "template", report);
    let (pod_labels, pod_annotations) = template_head(&mut template, block, report);
    let pod = map_or_empty(&mut template, "spec", report);
    template.close(block, report);
    Parts { spec, pod, object_labels: labels, object_annotations: annotations, pod_labels, pod_annotations }
}

use super::super::report::Report;
use crate::span::Span;

fn spec_of(fields: &mut Fields, span: Span, report: &mut Report<'_>) -> Fields {
    if !fields.has("spec") {
        report.bad(span, "this object has no `spec`");
    }
    map_or_empty(fields, "spec", report)
}

/// A mapping, or an empty one where it is not written.
pub(super) fn map_or_empty(fields: &mut Fields, key: &str, report: &mut Report<'_>) -> Fields {
    let span = fields.span;
    fields.map(key, report).unwrap_or_else(|| Fields::empty(key, span))
}

/// Labels and annotations of a pod template; what else its head says goes into the block.
pub(super) fn template_head(template: &mut Fields, block: &mut Block, report: &mut Report<'_>) -> (Pairs, Pairs) {
    let mut head = map_or_empty(template, "metadata", report);
    let (labels, annotations) = (head.pairs("labels", report), head.pairs("annotations", report));
    head.leave("name", "pods are called after their workload", report);
    head.leave("namespace", "there are no namespaces, the fleet is one", report);
    head.close(block, report);
    (labels, annotations)
}

impl Parts {
    /// Writes labels and annotations.
    pub(super) fn write_head(&mut self, block: &mut Block, report: &mut Report<'_>) {
        let take = std::mem::take::<Pairs>;
        let (object, pods) = (take(&mut self.object_labels), take(&mut self.pod_labels));
        write_labels(object, pods, "label", block, report);
        let (object, pods) = (take(&mut self.object_annotations), take(&mut self.pod_annotations));
        write_labels(object, pods, "annotation", block, report);
    }
}

fn deployment(object: Object, known: &Known, cx: &mut Cx<'_, '_>) -> Block {
    let kind = object.kind.clone();
    let mut block = Block::new("deployment").arg(known.name.as_str());
    let mut notes = Block::new("");
    let mut parts = parts(object, &mut notes, cx);
    let report = &mut cx.import.report;
    replicas(&mut parts.spec, &mut block, report);
    if kind.value != "Deployment" {
        let message = format!("this {} becomes a deployment, which also carries out changes of its pods", kind.value);
        report.differs(kind.span, message, "its replicas are replaced when the pod template changes");
    }
    parts.write_head(&mut block, report);
    block.absorb(notes);
    selector(&mut parts.spec, known, kind.value == "ReplicationController", report);
    let update = match kind.value.as_str() {
        "Deployment" => deployment_update(&mut parts.spec, holds_host_ports(&parts.pod), report),
        _ => None,
    };
    min_ready_and_deadline(&mut parts.spec, update, &mut block, report);
    revisions(&mut parts.spec, &mut block, report);
    block.flag("paused", parts.spec.is_set("paused", report));
    finish(parts, Owner::service(known), block, cx)
}

/// Budget, what is left of the spec, and the pods.
fn finish(parts: Parts, owner: Owner, mut block: Block, cx: &mut Cx<'_, '_>) -> Block {
    parts.spec.close(&mut block, &mut cx.import.report);
    let known = Known { name: owner.name.clone(), labels: owner.labels.clone() };
    budget::write(&known, &mut block, cx);
    pod::write(parts.pod, &owner, &mut block, cx);
    block
}

fn replicas(spec: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    if let Some(replicas) = spec.whole("replicas", report).filter(|replicas| replicas.value != 1) {
        block.set("replicas", replicas.value);
    }
}

fn revisions(spec: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    if let Some(kept) = spec.whole("revisionHistoryLimit", report).filter(|kept| kept.value != 10) {
        block.push(Block::new("revisions").arg(kept.value));
    }
}

/// A selector says here what is true anyway: a workload's pods are its own. One that says something else is a mistake.
fn selector(spec: &mut Fields, known: &Known, is_plain: bool, report: &mut Report<'_>) {
    let Some(fields) = spec.map("selector", report) else { return };
    let span = fields.span;
    let selector = if is_plain { Selector::plain(fields, report) } else { Selector::read(fields, report) };
    if !selector.selects(&known.labels) {
        let message = format!("the selector of `{}` does not match the labels of its own pods", known.name);
        report.bad(span, message);
    }
}

/// Whether the pods ask for ports of their nodes, which a copy beside them cannot have.
fn holds_host_ports(pod: &Fields) -> bool {
    let containers = ["containers", "initContainers"].into_iter().filter_map(|key| pod.peek(key));
    let mut ports = containers.flat_map(|list| list.items()).filter_map(|one| one.get("ports"));
    ports.any(|ports| ports.items().iter().any(|port| port.get("hostPort").is_some()))
}

/// The strategy of a Deployment. A quarter more and a quarter less go without saying, there and here.
fn deployment_update(spec: &mut Fields, has_host_ports: bool, report: &mut Report<'_>) -> Option<Block> {
    let mut strategy = spec.map("strategy", report);
    let word = strategy.as_mut().and_then(|strategy| strategy.text("type", report));
    let rolling = strategy.as_mut().and_then(|strategy| strategy.map("rollingUpdate", report));
    let mut update = Block::new("update");
    if let Some(strategy) = strategy {
        strategy.close(&mut update, report);
    }
    if word.is_some_and(|word| word.value == "Recreate") {
        return Some(update.arg("recreate"));
    }
    let mut update = update.arg("rolling");
    let amounts = rolling.map(|mut rolling| {
        let amounts = ["maxSurge", "maxUnavailable"].map(|key| rolling.text(key, report).map(|amount| amount.value));
        rolling.close(&mut update, report);
        amounts
    });
    if let Some([surge, unavailable]) = amounts.filter(|amounts| amounts.iter().any(Option::is_some)) {
        let written = |amount: Option<String>| count_or_share(&amount.unwrap_or_else(|| "25%".to_owned()));
        if has_host_ports {
            update.note("a copy cannot hold the host ports of the replica beside it: here the old one goes first");
        } else {
            update.push(Block::new("max-surge").arg(written(surge)));
        }
        let unavailable = unavailable.filter(|amount| !has_host_ports || amount != "0");
        update.push(Block::new("max-unavailable").arg(written(unavailable)));
    }
    Some(update)
}

fn min_ready_and_deadline(spec: &mut Fields, update: Option<Block>, block: &mut Block, report: &mut Report<'_>) {
    let mut update = update.unwrap_or_else(|| Block::new("update"));
    let is_rolling = update.name() != "recreate";
    if let Some(ready) = spec.whole("minReadySeconds", report).filter(|ready| ready.value != 0) {
        update.push(Block::new("min-ready").arg(quantity::seconds(ready.value)));
    }
    if let Some(deadline) = spec.whole("progressDeadlineSeconds", report).filter(|deadline| deadline.value != 600) {
        update.push(Block::new("progress-deadline").arg(quantity::seconds(deadline.value)));
    }
    if is_rolling && update.blocks().next().is_none() {
        block.absorb(update);
    } else {
        block.push_if_any(update);
    }
}

fn daemon_set(object: Object, known: &Known, cx: &mut Cx<'_, '_>) -> Block {
    let mut block = Block::new("daemon-set").arg(known.name.as_str());
    let mut notes = Block::new("");
    let mut parts = parts(object, &mut notes, cx);
    let report = &mut cx.import.report;
    parts.write_head(&mut block, report);
    block.absorb(notes);
    selector(&mut parts.spec, known, false, report);
    let mut update = Block::new("update");
    if let Some(mut strategy) = parts.spec.map("updateStrategy", report) {
        update = strategy_of(
            &mut strategy,
            &[("maxSurge", "max-surge", "0"), ("maxUnavailable", "max-unavailable", "1")],
            report,
        );
        strategy.close(&mut update, report);
    }
    min_ready_and_deadline(&mut parts.spec, Some(update), &mut block, report);
    revisions(&mut parts.spec, &mut block, report);
    finish(parts, Owner::service(known), block, cx)
}

/// `updateStrategy` of a StatefulSet or a DaemonSet; what is the default is not written.
fn strategy_of(strategy: &mut Fields, words: &[(&str, &str, &str)], report: &mut Report<'_>) -> Block {
    let mut update = Block::new("update");
    if strategy.text("type", report).is_some_and(|word| word.value == "OnDelete") {
        return update.arg("on-delete");
    }
    let Some(mut rolling) = strategy.map("rollingUpdate", report) else { return update };
    for (theirs, ours, default) in words {
        if let Some(amount) = rolling.text(theirs, report).filter(|amount| amount.value != *default) {
            update.push(Block::new(ours).arg(count_or_share(&amount.value)));
        }
    }
    rolling.close(&mut update, report);
    if update.is_bare() { update } else { update.arg("rolling") }
}

fn stateful_set(object: Object, known: &Known, cx: &mut Cx<'_, '_>) -> Block {
    let mut block = Block::new("stateful-set").arg(known.name.as_str());
    let mut notes = Block::new("");
    let mut parts = parts(object, &mut notes, cx);
    let report = &mut cx.import.report;
    replicas(&mut parts.spec, &mut block, report);
    if parts.spec.text("podManagementPolicy", report).is_some_and(|policy| policy.value == "Parallel") {
        block.set("order", "parallel");
    }
    if let Some(mut ordinals) = parts.spec.map("ordinals", report) {
        block.set_some("start", ordinals.whole("start", report).map(|start| start.value));
        ordinals.close(&mut block, report);
    }
    parts.write_head(&mut block, report);
    block.absorb(notes);
    selector(&mut parts.spec, known, false, report);
    parts.spec.leave("serviceName", "replicas are known to each other by their names, such as `db-0`", report);
    let claims = claim::claim_templates(&mut parts.spec, &mut block, report);
    let mut update = Block::new("update");
    if let Some(mut strategy) = parts.spec.map("updateStrategy", report) {
        update = strategy_of(
            &mut strategy,
            &[("partition", "partition", "0"), ("maxUnavailable", "max-unavailable", "1")],
            report,
        );
        strategy.close(&mut update, report);
    }
    min_ready_and_deadline(&mut parts.spec, Some(update), &mut block, report);
    revisions(&mut parts.spec, &mut block, report);
    finish(parts, Owner { claims, ..Owner::service(known) }, block, cx)
}

/// A pod of nobody: a deployment of one replica, or a job where it is to run once.
fn pod(object: Object, known: &Known, cx: &mut Cx<'_, '_>) -> Block {
    let Object { kind, labels, annotations, notes, mut fields, .. } = object;
    let report = &mut cx.import.report;
    let restart = fields.peek("spec").and_then(|spec| spec.get("restartPolicy")).and_then(|node| node.text());
    let restart = restart.unwrap_or("Always").to_owned();
    let word = if restart == "Always" { "deployment" } else { "job" };
    let mut block = Block::new(word).arg(known.name.as_str());
    write_labels(Vec::new(), labels, "label", &mut block, report);
    write_labels(Vec::new(), annotations, "annotation", &mut block, report);
    block.absorb(notes);
    match restart.as_str() {
        "Always" => report.differs(
            kind.span,
            "this Pod becomes a deployment of one replica",
            "a replica whose node is gone is placed anew, a Pod is not",
        ),
        "OnFailure" => {
            let message = "this Pod becomes a job: it is given up after six failures, a pod is never";
            report.differs(kind.span, message, "write another `backoff-limit` where that is too few");
        }
        _ => {
            report.differs(
                kind.span,
                "this Pod becomes a job that runs once",
                "`wlc explain job` says how it is run again",
            );
            block.push(Block::new("backoff-limit").arg(0));
        }
    }
    let spec = spec_of(&mut fields, kind.span, report);
    fields.close(&mut block, report);
    let owner = if word == "job" { Owner::job(known) } else { Owner::service(known) };
    budget::write(known, &mut block, cx);
    pod::write(spec, &owner, &mut block, cx);
    block
}
