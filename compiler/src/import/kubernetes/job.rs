//! Jobs and cron jobs.

use super::{
    super::{fields::Fields, kdl::Block, quantity, report::Report},
    Cx,
    controller::{map_or_empty, parts, template_head},
    object::{Object, write_labels},
    pod::{self, Owner},
    selector::Known,
};

/// A Job.
pub(super) fn job(object: Object, known: &Known, cx: &mut Cx<'_, '_>) -> Block {
    let mut block = Block::new("job").arg(known.name.as_str());
    let mut notes = Block::new("");
    let mut parts = parts(object, &mut notes, cx);
    let report = &mut cx.import.report;
    head(&mut parts.spec, &mut block, report);
    parts.write_head(&mut block, report);
    block.absorb(notes);
    body(&mut parts.spec, &mut block, report);
    parts.spec.close(&mut block, report);
    pod::write(parts.pod, &Owner::job(known), &mut block, cx);
    block
}

/// A CronJob.
pub(super) fn cron_job(object: Object, known: &Known, cx: &mut Cx<'_, '_>) -> Block {
    let Object { kind, mut labels, mut annotations, notes, mut fields, .. } = object;
    let report = &mut cx.import.report;
    let mut block = Block::new("cron-job").arg(known.name.as_str());
    let mut spec = map_or_empty(&mut fields, "spec", report);
    schedule(&mut spec, kind.span, &mut block, report);
    let mut template = map_or_empty(&mut spec, "jobTemplate", report);
    let mut left_out = notes;
    let (job_labels, job_annotations) = template_head(&mut template, &mut left_out, report);
    let mut job = map_or_empty(&mut template, "spec", report);
    template.close(&mut left_out, report);
    head(&mut job, &mut block, report);
    let mut pod_template = map_or_empty(&mut job, "template", report);
    let (pod_labels, pod_annotations) = template_head(&mut pod_template, &mut left_out, report);
    let pod = map_or_empty(&mut pod_template, "spec", report);
    pod_template.close(&mut left_out, report);
    labels.extend(without(job_labels, &labels));
    annotations.extend(without(job_annotations, &annotations));
    write_labels(labels, pod_labels, "label", &mut block, report);
    write_labels(annotations, pod_annotations, "annotation", &mut block, report);
    block.absorb(left_out);
    runs(&mut spec, &mut block, report);
    body(&mut job, &mut block, report);
    for fields in [fields, spec, job] {
        fields.close(&mut block, report);
    }
    pod::write(pod, &Owner::job(known), &mut block, cx);
    block
}

fn without(more: super::object::Pairs, known: &super::object::Pairs) -> super::object::Pairs {
    more.into_iter().filter(|(key, _)| !known.iter().any(|(other, _)| other.value == key.value)).collect()
}

fn schedule(spec: &mut Fields, kind: crate::span::Span, block: &mut Block, report: &mut Report<'_>) {
    let Some(schedule) = spec.text("schedule", report) else {
        return report.bad(kind, "this CronJob has no `schedule`");
    };
    let zoned = schedule.value.strip_prefix("CRON_TZ=").or_else(|| schedule.value.strip_prefix("TZ="));
    let zoned = zoned.and_then(|zoned| zoned.split_once(' '));
    let (zone, times) = zoned.map_or((None, schedule.value.as_str()), |(zone, times)| (Some(zone.to_owned()), times));
    block.set("schedule", times);
    let written = spec.text("timeZone", report).map(|zone| zone.value).or(zone);
    if written.is_none() {
        let message = "the schedule is read in UTC here, in Kubernetes in the zone of its controller";
        report.differs(schedule.span, message, "write `time-zone=\"Europe/Berlin\"` where that is another");
    }
    block.set_some("time-zone", written.filter(|zone| zone != "UTC" && zone != "Etc/UTC"));
}

/// What only a cron job says.
fn runs(spec: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let policy = spec.text("concurrencyPolicy", report).filter(|policy| policy.value != "Allow");
    if let Some(policy) = policy {
        block.push(Block::new("concurrency").arg(policy.value.to_lowercase()));
    }
    if let Some(deadline) = spec.whole("startingDeadlineSeconds", report) {
        block.push(Block::new("starting-deadline").arg(quantity::seconds(deadline.value)));
    }
    let mut history = Block::new("history");
    for (theirs, ours, default) in
        [("successfulJobsHistoryLimit", "succeeded", 3), ("failedJobsHistoryLimit", "failed", 1)]
    {
        let count = spec.whole(theirs, report).filter(|count| count.value != default);
        history.set_some(ours, count.map(|count| count.value));
    }
    block.push_if_any(history);
    block.flag("suspend", spec.is_set("suspend", report));
}

/// What stands behind the name of a job.
fn head(spec: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let completions = spec.whole("completions", report).map(|number| number.value);
    let parallelism = spec.whole("parallelism", report).map(|number| number.value);
    match (completions, parallelism) {
        (Some(completions), _) if completions != 1 => block.set("completions", completions),
        (None, Some(parallelism)) if parallelism > 1 => block.set("completions", "any"),
        (Some(_) | None, _) => {}
    }
    block.set_some("parallelism", parallelism.filter(|number| *number != 1));
    if spec.text("completionMode", report).is_some_and(|mode| mode.value == "Indexed") {
        block.set("mode", "indexed");
    }
}

/// What else a job says.
fn body(spec: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    if let Some(limit) = spec.whole("backoffLimit", report).filter(|limit| limit.value != 6) {
        block.push(Block::new("backoff-limit").arg(limit.value));
    }
    for (theirs, ours) in
        [("backoffLimitPerIndex", "backoff-limit-per-index"), ("maxFailedIndexes", "max-failed-indexes")]
    {
        if let Some(limit) = spec.whole(theirs, report) {
            block.push(Block::new(ours).arg(limit.value));
        }
    }
    for (theirs, ours) in [("activeDeadlineSeconds", "deadline"), ("ttlSecondsAfterFinished", "ttl")] {
        if let Some(time) = spec.whole(theirs, report) {
            block.push(Block::new(ours).arg(quantity::seconds(time.value)));
        }
    }
    if spec.is_set("suspend", report) {
        block.child("suspend");
    }
    failure_policy(spec, block, report);
    success_policy(spec, block, report);
    if spec.text("podReplacementPolicy", report).is_some_and(|policy| policy.value == "Failed") {
        block.push(Block::new("replace-when").arg("failed"));
    }
    spec.leave("managedBy", "the agents carry out every job themselves", report);
    spec.leave_all(&["selector", "manualSelector"], "a job's pods are its own", report);
}

fn action(word: &str) -> &'static str {
    match word {
        "FailJob" => "fail-job",
        "FailIndex" => "fail-index",
        "Ignore" => "ignore",
        _ => "count",
    }
}

fn failure_policy(spec: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let Some(mut policy) = spec.map("podFailurePolicy", report) else { return };
    for mut rule in policy.maps("rules", report) {
        let action = action(&rule.text("action", report).map(|action| action.value).unwrap_or_default());
        if let Some(mut exit) = rule.map("onExitCodes", report) {
            let is_not = exit.text("operator", report).is_some_and(|operator| operator.value == "NotIn");
            let codes = exit.texts("values", report);
            let codes = codes.iter().filter_map(|code| code.value.parse::<i64>().ok());
            let word = if is_not { "on-exit-not" } else { "on-exit" };
            let mut line = Block::new(word).args(codes).with("action", action);
            line.set_some("container", exit.text("containerName", report).map(|name| name.value));
            exit.close(&mut line, report);
            block.push(line);
        }
        for mut condition in rule.maps("onPodConditions", report) {
            let kind = condition.text("type", report).map(|kind| kind.value).unwrap_or_default();
            let status = condition.text("status", report);
            let mut line = Block::new("on-condition").arg(kebab(&kind)).with("action", action);
            if let Some(status) = status.filter(|status| status.value != "True") {
                line.note(report.not_carried(status.span, "status", "a condition that is true is meant"));
            }
            condition.close(&mut line, report);
            block.push(line);
        }
        rule.close(block, report);
    }
    policy.close(block, report);
}

/// `DisruptionTarget` as `disruption-target`.
pub(super) fn kebab(text: &str) -> String {
    let mut kebab = String::new();
    for c in text.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

fn success_policy(spec: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let Some(mut policy) = spec.map("successPolicy", report) else { return };
    let hint = "where it could run on several, `place { on \"…\" }` keeps it on one";
    report.differs(policy.span, "a job that ends early is counted on one node", hint);
    for mut rule in policy.maps("rules", report) {
        let mut success = Block::new("success");
        if let Some(indexes) = rule.text("succeededIndexes", report) {
            success.push(Block::new("indexes").arg(indexes.value));
        }
        if let Some(count) = rule.whole("succeededCount", report) {
            success.push(Block::new("count").arg(count.value));
        }
        rule.close(&mut success, report);
        block.push(success);
    }
    policy.close(block, report);
}
