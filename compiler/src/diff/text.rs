//! A difference as people read it.

use std::collections::BTreeMap;

use wlc_plan::name::ReplicaName;

use super::{
    Against, ConfigChange, Difference, Effect, Fate, FieldChange, FileChange, Outlook, ReplicaChange, ReplicaFate,
    SignerChanges, VolumeChange, VolumeFate, WorkloadChange,
};

/// Of more replicas that share a fate, the first so many are named.
const SHOWN: usize = 8;

/// The fates in the order in which they are told.
pub(super) const FATES: [ReplicaFate; 6] = [
    ReplicaFate::Created,
    ReplicaFate::Replaced,
    ReplicaFate::Rebound,
    ReplicaFate::Moved,
    ReplicaFate::InPlace,
    ReplicaFate::Removed,
];

/// The whole difference.
pub fn render(difference: &Difference) -> String {
    let mut lines = vec![format!("fleet {}, {}", difference.fleet, against(difference))];
    for workload in &difference.workloads {
        lines.push(String::new());
        lines.push(title(workload));
        lines.extend(details(workload).into_iter().map(|line| format!("    {line}")));
    }
    let around = around(difference);
    if !around.is_empty() {
        lines.push(String::new());
        lines.extend(around);
    }
    lines.push(String::new());
    lines.push(sum(difference));
    lines.push(format!("digest {}", difference.digest));
    lines.join("\n") + "\n"
}

/// A line for each fate, as a build tells it after it has published.
pub fn brief(difference: &Difference) -> Vec<String> {
    let mut lines = Vec::new();
    for fate in FATES {
        let replicas = difference.workloads.iter().flat_map(|workload| &workload.replicas);
        let told: Vec<String> = replicas.filter(|one| one.fate == fate).map(place).collect();
        if !told.is_empty() {
            lines.push(format!("  {}: {} ({})", fate.word(), told.len(), first_of(&told)));
        }
    }
    lines
}

pub(super) fn against(difference: &Difference) -> String {
    match (difference.against, difference.generation) {
        (Against::PlanSet, Some(generation)) => format!("compared with generation {generation}"),
        (Against::PlanSet, None) => "compared with the last plan set".to_owned(),
        (Against::Lock, _) => "compared with the lock: no plan set is at hand".to_owned(),
        (Against::Nothing, _) => "compared with nothing: there is neither a plan set nor a lock".to_owned(),
    }
}

/// `~ deployment web, revision 3 → 4`
pub(super) fn title(workload: &WorkloadChange) -> String {
    let sign = match workload.fate {
        Fate::Created => '+',
        Fate::Changed => '~',
        Fate::Removed => '-',
    };
    let revision = match (workload.from_revision, workload.to_revision) {
        (Some(from), Some(to)) if from != to => format!(", revision {from} → {to}"),
        (None, Some(to)) if workload.fate == Fate::Created => format!(", revision {to}"),
        (_, Some(_)) => ", same revision".to_owned(),
        (_, None) => String::new(),
    };
    format!("{sign} {} {}{revision}", workload.kind.word(), workload.workload)
}

/// What changes of a workload, a line each.
pub(super) fn details(workload: &WorkloadChange) -> Vec<String> {
    let mut lines: Vec<String> = workload.fields.iter().map(field).collect();
    for config in &workload.configs {
        lines.push(config_line(config));
        lines.extend(config.files.iter().map(|file| format!("    {}", file_line(file))));
    }
    let effect = |one: &FieldChange| if one.field == "run" { "it runs again" } else { "nothing restarts" };
    lines.extend(workload.settings.iter().map(|one| format!("{} ({})", field(one), effect(one))));
    for fate in FATES {
        lines.extend(replica_lines(fate, &workload.replicas));
    }
    lines.extend(workload.replicas.iter().flat_map(port_lines));
    lines.extend(workload.volumes.iter().map(volume_line));
    lines.extend(workload.outlook.iter().map(outlook_line));
    lines.extend(workload.outlook.iter().flat_map(|outlook| &outlook.nodes).filter_map(steps_line));
    lines
}

fn field(change: &FieldChange) -> String {
    match (&change.old.as_deref().map(short), &change.new.as_deref().map(short)) {
        (Some(old), Some(new)) => format!("{}: {old} → {new}", change.field),
        (None, Some(new)) => format!("+ {}", spaced(&change.field, new)),
        (Some(old), None) => format!("- {}", spaced(&change.field, old)),
        (None, None) => change.field.clone(),
    }
}

/// A value with the first digits of each digest, and of a long one its beginning.
fn short(value: &str) -> String {
    const DIGITS: usize = 12;
    const LONGEST: usize = 200;
    let mut parts = value.split("sha256:");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (digest, rest) = part.split_at(digits);
        let shown = if digits == 64 { format!("{}…", &digest[..DIGITS]) } else { digest.to_owned() };
        text = format!("{text}sha256:{shown}{rest}");
    }
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn spaced(field: &str, value: &str) -> String {
    if value.is_empty() { field.to_owned() } else { format!("{field} {value}") }
}

fn config_line(config: &ConfigChange) -> String {
    let effect = match &config.effect {
        Effect::Restart => "restarts".to_owned(),
        Effect::Signal(signal) => format!("is swapped in place, with signal {signal}"),
        Effect::Nothing => "is swapped in place".to_owned(),
    };
    format!("config {} at {} in {} {effect}", config.config, config.path, config.container)
}

fn file_line(file: &FileChange) -> String {
    match file.fate {
        Fate::Created => format!("+ {} ({} lines)", file.file, file.added),
        Fate::Removed => format!("- {} ({} lines)", file.file, file.removed),
        Fate::Changed => format!("~ {} (+{} −{})", file.file, file.added, file.removed),
    }
}

/// A line for a fate; for those that leave their node, a line for each reason.
fn replica_lines(fate: ReplicaFate, replicas: &[ReplicaChange]) -> Vec<String> {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in replicas.iter().filter(|one| one.fate == fate) {
        by_reason.entry(one.reason.as_deref().unwrap_or("")).or_default().push(place(one));
    }
    let line = |(reason, told): (&str, Vec<String>)| {
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!("{} {}{because}", fate.word(), first_of(&told))
    };
    by_reason.into_iter().map(line).collect()
}

/// `web-0 on n1`, `web-0 from n1 to n2`
fn place(change: &ReplicaChange) -> String {
    match &change.from {
        Some(from) => format!("{} from {from} to {}", change.replica, change.node),
        None => format!("{} on {}", change.replica, change.node),
    }
}

fn first_of(told: &[String]) -> String {
    let shown = told.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if told.len() > SHOWN { format!("{shown} and {} more", told.len() - SHOWN) } else { shown }
}

/// Ports of replicas that were there: those of new ones are new anyway.
fn port_lines(change: &ReplicaChange) -> Vec<String> {
    if !matches!(change.fate, ReplicaFate::Rebound | ReplicaFate::Moved | ReplicaFate::Replaced) {
        return Vec::new();
    }
    let numbers = |ports: &[u16]| match ports {
        [] => "none".to_owned(),
        ports => ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    };
    let line = |port: &super::PortChange| {
        format!("host port of {} in {}: {} → {}", port.port, change.replica, numbers(&port.old), numbers(&port.new))
    };
    change.ports.iter().map(line).collect()
}

fn volume_line(change: &VolumeChange) -> String {
    let names: Vec<String> = change.replicas.iter().map(ReplicaName::to_string).collect();
    let names = first_of(&names);
    match change.fate {
        VolumeFate::Created => format!("volume {} is made for {names}", change.volume),
        VolumeFate::Emptied => format!("volume {} is emptied in {names}", change.volume),
        VolumeFate::Kept => format!("volume {} of {names} stays on the node that it leaves", change.volume),
        VolumeFate::Removed => format!("volume {} of {names} is removed with its data", change.volume),
    }
}

fn outlook_line(outlook: &Outlook) -> String {
    let part = |node: &super::NodeOutlook| match (node.at_once, node.replaced) {
        (0, replaced) => format!("{replaced} on {}, each new one first", node.node),
        (1, 1) => format!("1 on {}", node.node),
        (at_once, replaced) if at_once == replaced => format!("{replaced} on {} at once", node.node),
        (at_once, replaced) => format!("{replaced} on {}, {at_once} at a time", node.node),
    };
    let nodes: Vec<String> = outlook.nodes.iter().map(part).collect();
    let steps = if nodes.is_empty() { String::new() } else { format!("{}; ", first_of(&nodes)) };
    format!("rollout: {steps}at least {} of {} stay ready", outlook.ready, outlook.replicas)
}

/// The order of the steps on a node, where there is more than one.
fn steps_line(node: &super::NodeOutlook) -> Option<String> {
    let step = |step: &super::RolloutStep| {
        let names: Vec<String> = step.replicas.iter().map(ToString::to_string).collect();
        format!("{} ({} ready)", first_of(&names), step.ready)
    };
    let steps: Vec<String> = node.steps.iter().map(step).collect();
    let more = if steps.len() > SHOWN { format!(" and {} more", steps.len() - SHOWN) } else { String::new() };
    let shown = steps.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", then ");
    (steps.len() > 1).then(|| format!("steps on {}: {shown}{more}", node.node))
}

/// What changes beside the workloads.
pub(super) fn around(difference: &Difference) -> Vec<String> {
    let mut lines: Vec<String> = difference.nodes.added.iter().map(|node| format!("+ node {node}")).collect();
    lines.extend(difference.nodes.removed.iter().map(|node| format!("- node {node}")));
    lines.extend(difference.signers.iter().flat_map(signer_lines));
    if !difference.locked.is_empty() {
        lines.push(format!("~ lock: {}; `wlc lock` writes it", difference.locked.join(", ")));
    }
    lines
}

fn signer_lines(signers: &SignerChanges) -> Vec<String> {
    let mut lines: Vec<String> = signers
        .removed
        .iter()
        .map(|one| format!("- signer {one}: has signed the last set, and signs no more"))
        .collect();
    lines.extend(
        signers.other_key.iter().map(|one| format!("~ signer {one}: has signed the last set with another key")),
    );
    if signers.have < signers.need {
        lines.push(format!("~ threshold: {} must sign, {} have signed the last set", signers.need, signers.have));
    }
    lines
}

/// `1 created, 2 replaced`
pub(super) fn sum(difference: &Difference) -> String {
    let parts = FATES.iter().map(|fate| (fate, difference.count(*fate))).filter(|(_, count)| *count > 0);
    let parts: Vec<String> = parts.map(|(fate, count)| format!("{count} {}", fate.word())).collect();
    match (parts.is_empty(), difference.is_empty()) {
        (false, _) => format!("replicas: {}", parts.join(", ")),
        (true, true) => "nothing would change".to_owned(),
        (true, false) => "nothing that runs would change".to_owned(),
    }
}

impl ReplicaFate {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Replaced => "replaced",
            Self::Rebound => "rebound",
            Self::Moved => "moved",
            Self::InPlace => "in place",
            Self::Removed => "removed",
        }
    }
}
