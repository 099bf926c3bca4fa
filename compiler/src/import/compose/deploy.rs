//! The `deploy` part of a service: how many, how much, where, and how a change is carried out.

use super::super::{
    fields::Fields,
    kdl::{Block, Value},
    kubernetes::architecture,
    names, quantity,
    report::Report,
};
use crate::span::Spanned;

/// What `deploy` says of a workload.
#[derive(Debug, Default)]
pub(super) struct Deploy {
    /// How it runs: `replicated`, `global`, `replicated-job`, `global-job`.
    pub(super) mode: String,
    /// How many replicas.
    pub(super) replicas: Option<i64>,
    /// What follows when a container ends.
    pub(super) restart: Option<Spanned<String>>,
    /// How often a job may fail.
    pub(super) attempts: Option<i64>,
    /// Lines of the workload.
    pub(super) workload: Option<Block>,
    /// Lines of the container: requests and limits.
    pub(super) request: Option<Block>,
    pub(super) limit: Option<Block>,
    pub(super) pids: Option<i64>,
    /// Where it may run.
    pub(super) place: Option<Block>,
    /// Its labels.
    pub(super) labels: Vec<(Spanned<String>, Spanned<String>)>,
}

/// Reads `deploy`.
pub(super) fn read(fields: &mut Fields, report: &mut Report<'_>) -> Deploy {
    let mut deploy = Deploy { mode: "replicated".to_owned(), ..Deploy::default() };
    let has_ports = fields.has("ports");
    let Some(mut fields) = fields.map("deploy", report) else { return deploy };
    let mut workload = Block::new("");
    if let Some(mode) = fields.text("mode", report) {
        deploy.mode = mode.value;
    }
    deploy.replicas = fields.whole("replicas", report).map(|replicas| replicas.value);
    deploy.labels = super::service::pairs(&mut fields, "labels", report);
    if let Some(mut policy) = fields.map("restart_policy", report) {
        deploy.restart = policy.text("condition", report);
        deploy.attempts = policy.whole("max_attempts", report).map(|attempts| attempts.value);
        policy.leave_all(&["delay", "window"], "the time between two starts doubles, from 10 s to 5 min", report);
        policy.close(&mut workload, report);
    }
    resources(&mut fields, &mut deploy, &mut workload, report);
    if let Some(update) = fields.map("update_config", report) {
        workload.push_if_any(update_of(update, has_ports, report));
    }
    fields.leave("rollback_config", "a rollback is carried out as a rollout", report);
    fields.leave(
        "endpoint_mode",
        "clients read the addresses of replicas from a file: `mount … endpoints=\"NAME\"`",
        report,
    );
    let mut place = Block::new("place");
    if let Some(placement) = fields.map("placement", report) {
        placement_of(placement, &mut place, report);
    }
    fields.close(&mut workload, report);
    (deploy.workload, deploy.place) = (Some(workload), Some(place));
    deploy
}

fn resources(fields: &mut Fields, deploy: &mut Deploy, rest: &mut Block, report: &mut Report<'_>) {
    let Some(mut resources) = fields.map("resources", report) else { return };
    for (theirs, ours) in [("reservations", "request"), ("limits", "limit")] {
        let Some(mut amounts) = resources.map(theirs, report) else { continue };
        let mut block = Block::new(ours);
        cpus_and_memory(&mut amounts, "cpus", "memory", &mut block, report);
        if ours == "limit" {
            deploy.pids = amounts.whole("pids", report).map(|pids| pids.value);
        }
        for device in amounts.maps("devices", report) {
            gpu(device, &mut block, report);
        }
        amounts.leave("generic_resources", "devices are asked for with `request { device … }`", report);
        amounts.close(&mut block, report);
        if ours == "request" {
            deploy.request = Some(block);
        } else {
            deploy.limit = Some(block);
        }
    }
    resources.close(rest, report);
}

/// CPUs and memory under the names that they have there.
pub(super) fn cpus_and_memory(
    fields: &mut Fields,
    cpus: &str,
    memory: &str,
    block: &mut Block,
    report: &mut Report<'_>,
) {
    type Read = fn(&str) -> Option<Value>;
    let values: [(&str, &'static str, Read); 2] = [
        (cpus, "cpu", quantity::compose_cpus),
        (memory, "memory", |text| quantity::compose_bytes(text).map(Value::from)),
    ];
    for (theirs, ours, read) in values {
        let Some(amount) = fields.text(theirs, report) else { continue };
        match read(&amount.value) {
            Some(value) => block.set(ours, value),
            None => report.bad(amount.span, format!("`{}` is no amount of {ours}", amount.value)),
        }
    }
}

fn gpu(mut device: Fields, block: &mut Block, report: &mut Report<'_>) {
    let capabilities = device.texts("capabilities", report);
    let driver = device.text("driver", report).map(|driver| driver.value);
    let count = device.text("count", report);
    let ids = device.texts("device_ids", report);
    device.leave("options", "a driver's options have no counterpart", report);
    let is_gpu = capabilities.iter().any(|word| word.value == "gpu") || driver.as_deref() == Some("nvidia");
    if is_gpu {
        let number = count.and_then(|count| count.value.parse::<i64>().ok());
        let number = number.unwrap_or_else(|| i64::try_from(ids.len()).unwrap_or(1).max(1));
        let mut line = Block::new("gpu").arg(number);
        line.set_some("vendor", driver.filter(|driver| driver == "nvidia" || driver == "amd"));
        if let Some(id) = ids.first() {
            line.note(report.not_carried(id.span, "device_ids", "a build decides which devices a replica gets"));
        }
        block.push(line);
    } else {
        block.note(report.not_carried(device.span, "devices", "nodes have no such device: name it with `device`"));
    }
    device.close(block, report);
}

fn update_of(mut fields: Fields, has_ports: bool, report: &mut Report<'_>) -> Block {
    let mut update = Block::new("update");
    let parallelism = fields.whole("parallelism", report).map(|number| number.value);
    let starts_first = fields.text("order", report).is_some_and(|order| order.value == "start-first");
    if starts_first && has_ports {
        update.note("a copy cannot hold the ports that the replica beside it holds: here the old one goes first");
    }
    match (parallelism, starts_first && !has_ports) {
        (Some(0), false) => update.push(Block::new("max-unavailable").arg("100%")),
        (Some(number), false) if number > 1 => update.push(Block::new("max-unavailable").arg(number)),
        (number, true) => {
            update.push(Block::new("max-surge").arg(number.unwrap_or(1).max(1)));
            update.push(Block::new("max-unavailable").arg(0));
        }
        (Some(_) | None, false) => {}
    }
    if let Some(time) = fields.text("monitor", report) {
        match quantity::duration(&time.value) {
            Some(time) => update.push(Block::new("min-ready").arg(time)),
            None => report.bad(time.span, format!("`{}` is no time", time.value)),
        }
    }
    match fields.text("failure_action", report).map(|action| action.value).as_deref() {
        Some("rollback") => update.push(Block::new("on-failure").arg("rollback")),
        Some("continue") => update.note("it went on after a failure: here a rollout stops"),
        Some(_) | None => {}
    }
    fields.leave("delay", "`min-ready` is the time from one replica to the next", report);
    fields.leave("max_failure_ratio", "a rollout stops at the first failure", report);
    fields.close(&mut update, report);
    if update.is_bare() { update } else { update.named("rolling") }
}

fn placement_of(mut fields: Fields, place: &mut Block, report: &mut Report<'_>) {
    let (mut require, mut not) = (Block::new("require"), Block::new("not"));
    for constraint in fields.texts("constraints", report) {
        let (key, value, is_equal) = match constraint.value.split_once("==") {
            Some((key, value)) => (key.trim(), value.trim(), true),
            None => match constraint.value.split_once("!=") {
                Some((key, value)) => (key.trim(), value.trim(), false),
                None => (constraint.value.trim(), "", true),
            },
        };
        match (key, key.strip_prefix("node.labels."), is_equal) {
            (_, Some(label), true) => require.push(Block::new("label").arg(label).arg(value)),
            (_, Some(label), false) => not.push(Block::new("label").arg(label).arg(value)),
            ("node.platform.arch", _, true) => require.push(Block::new("cpu").with("arch", architecture(value))),
            ("node.hostname", _, true) => {
                require.push(Block::new("label").arg("kubernetes.io/hostname").arg(names::plain(value)));
            }
            _ => place.note(report.not_carried(constraint.span, &constraint.value, "a node has no such property")),
        }
    }
    if !not.is_bare() {
        require.push(not);
    }
    place.push_if_any(require);
    for mut preference in fields.maps("preferences", report) {
        if let Some(by) = preference.text("spread", report) {
            let label = by.value.trim_start_matches("node.labels.").to_owned();
            place.push(Block::new("spread").with("by", label).with("soft", true));
        }
        preference.close(place, report);
    }
    if let Some(most) = fields.whole("max_replicas_per_node", report).filter(|most| most.value > 0) {
        place.push(Block::new("at-most").arg(most.value));
    }
    fields.close(place, report);
}
