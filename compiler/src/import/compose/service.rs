//! A service as a workload.

use super::{
    super::{
        Import,
        fields::Fields,
        kdl::Block,
        names,
        report::Report,
        yaml::{Node, Value},
    },
    File, container,
    deploy::{self, Deploy},
    mount,
};
use crate::span::Spanned;

/// Reads a service.
pub(super) fn read(name: &Spanned<String>, node: Node, file: &File<'_>, import: &mut Import<'_>) {
    let label = names::label(name, &mut import.report);
    let mut fields = Fields::of(node, &format!("services.{}", name.value), &mut import.report);
    let mut deploy = deploy::read(&mut fields, &mut import.report);
    let scale = fields.whole("scale", &mut import.report).map(|scale| scale.value);
    let mut block = head(name, &label, &mut fields, &deploy, scale, file, &mut import.report);
    labels(&mut fields, std::mem::take(&mut deploy.labels), &mut block, &mut import.report);
    if let Some(lines) = deploy.workload.take() {
        block.absorb(lines);
    }
    after(&mut fields, &mut block, &mut import.report);
    pod(&mut fields, &mut block, &mut import.report);
    let mut main = container::read(&mut fields, &label, &mut deploy, file, import);
    mount::read(&mut fields, &label, &mut main, import);
    let mut place = deploy.place.take().unwrap_or_else(|| Block::new("place"));
    if let Some(platform) = fields.text("platform", &mut import.report) {
        let arch = platform.value.split('/').nth(1).unwrap_or(&platform.value);
        let arch = super::super::kubernetes::architecture(arch);
        place.child("require").push(Block::new("cpu").with("arch", arch));
    }
    left_out(&mut fields, &mut import.report);
    fields.close(&mut block, &mut import.report);
    block.push(main);
    block.push_if_any(place);
    import.set.workload(block, name.span);
}

/// The kind, the count, and what follows when a container ends.
fn head(
    name: &Spanned<String>,
    label: &str,
    fields: &mut Fields,
    deploy: &Deploy,
    scale: Option<i64>,
    file: &File<'_>,
    report: &mut Report<'_>,
) -> Block {
    let restart = fields.text("restart", report).or_else(|| deploy.restart.clone());
    let word = restart.as_ref().map(|restart| restart.value.as_str());
    let ends = matches!(word, Some("no" | "none" | "false"));
    let is_job = file.jobs.contains(&name.value) || deploy.mode.ends_with("-job") || ends;
    let count = deploy.replicas.or(scale).filter(|count| *count != 1);
    if is_job {
        let mut block = Block::new("job").arg(label);
        if deploy.mode == "global-job" {
            block.set("per-node", true);
        }
        block.set_some("completions", count);
        let (kind, limit) = match word.map(|word| word.split(':').next().unwrap_or(word)) {
            Some("on-failure") => ("on-failure", word.and_then(|word| word.split(':').nth(1)?.parse().ok())),
            Some(_) | None => ("never", if ends { Some(0) } else { None }),
        };
        if let Some(limit) = deploy.attempts.or(limit) {
            block.push(Block::new("backoff-limit").arg(limit));
        }
        block.push(Block::new("restart").arg(kind));
        report.differs(
            name.span,
            "this service ends by itself, so it becomes a job",
            "`wlc explain job` says how it is run again",
        );
        return block;
    }
    match &restart {
        None => {
            let message = "this service has no `restart`: here a container that ends is started again";
            report.differs(name.span, message, "write a `job` for what is to end by itself");
        }
        Some(word) if word.value.starts_with("on-failure") => {
            let message = "a container of a deployment is started again also when it ended well";
            report.differs(word.span, message, "write a `job` for what is to end by itself");
        }
        Some(_) => {}
    }
    let mut block = Block::new(if deploy.mode == "global" { "daemon-set" } else { "deployment" }).arg(label);
    if deploy.mode != "global" {
        block.set_some("replicas", count);
    }
    block
}

/// A list of `KEY=value` or a mapping.
pub(super) fn pairs(
    fields: &mut Fields,
    key: &str,
    report: &mut Report<'_>,
) -> Vec<(Spanned<String>, Spanned<String>)> {
    let is_list = fields.peek(key).is_some_and(|node| matches!(node.value, Value::List(_)));
    if !is_list {
        return fields.pairs(key, report);
    }
    let split = |text: Spanned<String>| {
        let (key, value) = text.value.split_once('=').unwrap_or((&text.value, ""));
        (Spanned::new(key.to_owned(), text.span), Spanned::new(value.to_owned(), text.span))
    };
    fields.texts(key, report).into_iter().map(split).collect()
}

/// A text or a list of texts.
pub(super) fn one_or_more(fields: &mut Fields, key: &str, report: &mut Report<'_>) -> Vec<Spanned<String>> {
    let is_list = fields.peek(key).is_some_and(|node| matches!(node.value, Value::List(_)));
    if is_list { fields.texts(key, report) } else { fields.text(key, report).into_iter().collect() }
}

/// Labels; what is no label here becomes an annotation.
fn labels(
    fields: &mut Fields,
    more: Vec<(Spanned<String>, Spanned<String>)>,
    block: &mut Block,
    report: &mut Report<'_>,
) {
    let mut all = pairs(fields, "labels", report);
    all.extend(more);
    write_labels(all, block, report);
    for (key, value) in pairs(fields, "annotations", report) {
        block.push(Block::new("annotation").arg(key.value).arg(value.value));
    }
}

/// Writes labels; what is no label here becomes an annotation.
pub(in super::super) fn write_labels(
    all: Vec<(Spanned<String>, Spanned<String>)>,
    block: &mut Block,
    report: &mut Report<'_>,
) {
    use wlc_plan::name::{LabelKey, LabelValue};
    let mut known = std::collections::BTreeSet::new();
    for (key, value) in all {
        if !known.insert(key.value.clone()) {
            block.note(report.not_carried(key.span, &key.value, "the same label stands there twice"));
        } else if LabelKey::parse(&key.value).is_err() {
            block.note(report.not_carried(key.span, &key.value, "it is no key of a label"));
        } else if LabelValue::parse(&value.value).is_ok() {
            block.push(Block::new("label").arg(key.value).arg(value.value));
        } else {
            block.push(Block::new("annotation").arg(key.value).arg(value.value));
        }
    }
}

/// `depends_on`.
fn after(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let is_list = fields.peek("depends_on").is_some_and(|node| matches!(node.value, Value::List(_)));
    if is_list {
        for name in fields.texts("depends_on", report) {
            block.push(Block::new("after").arg(names::plain(&name.value)).arg("started"));
        }
        return;
    }
    let Some(others) = fields.map("depends_on", report) else { return };
    for entry in others.into_entries() {
        let mut other = Fields::of(entry.node, "depends_on", report);
        let word = match other.text("condition", report).map(|word| word.value).as_deref() {
            Some("service_healthy") => "ready",
            Some("service_completed_successfully") => "complete",
            Some(_) | None => "started",
        };
        other.leave("restart", "a workload is not replaced because another one was", report);
        other.leave("required", "what a workload waits for must be declared", report);
        block.push(Block::new("after").arg(names::plain(&entry.key.value)).arg(word));
        other.close(block, report);
    }
}

/// What the pod says: host namespaces, names, kernel.
fn pod(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    if let Some(time) = fields.text("stop_grace_period", report) {
        match super::super::quantity::duration(&time.value) {
            Some(grace) => block.push(Block::new("grace").arg(grace)),
            None => report.bad(time.span, format!("`{}` is no time", time.value)),
        }
    }
    for (key, word) in [("network_mode", "host-network"), ("pid", "host-pid"), ("ipc", "host-ipc"), ("userns_mode", "")]
    {
        let Some(mode) = fields.text(key, report) else { continue };
        match (mode.value.as_str(), word) {
            ("host", "") => block.push(Block::new("user-namespace").arg("host")),
            ("host", word) => block.push(Block::new(word)),
            ("bridge" | "default" | "private" | "shareable", _) => {}
            (other, _) => {
                let note = report.not_carried(
                    mode.span,
                    &format!("{key} {other}"),
                    "containers of one pod share these, others do not",
                );
                block.note(note);
            }
        }
    }
    if let Some(name) = fields.text("hostname", report) {
        block.push(Block::new("hostname").arg(names::label(&name, report)));
    }
    let mut dns = Block::new("dns");
    for (key, word) in [("dns", "server"), ("dns_search", "search")] {
        let values = one_or_more(fields, key, report);
        if !values.is_empty() {
            dns.push(Block::new(word).args(values.into_iter().map(|value| value.value)));
        }
    }
    for option in one_or_more(fields, "dns_opt", report) {
        let (name, value) = option.value.split_once(':').map_or((option.value.as_str(), None), |(a, b)| (a, Some(b)));
        dns.push(Block::new("option").arg(name).args(value));
    }
    block.push_if_any(dns);
    hosts(fields, block, report);
    for (name, value) in pairs(fields, "sysctls", report) {
        block.push(Block::new("sysctl").arg(name.value).arg(value.value));
    }
    if let Some(size) = fields.text("shm_size", report) {
        match super::super::quantity::compose_bytes(&size.value) {
            Some(bytes) => block.push(Block::new("shm-size").arg(bytes)),
            None => report.bad(size.span, format!("`{}` is no amount of bytes", size.value)),
        }
    }
    let groups: Vec<i64> =
        fields.texts("group_add", report).iter().filter_map(|group| group.value.parse().ok()).collect();
    if !groups.is_empty() {
        block.push(Block::new("groups").args(groups));
    }
    logging(fields, block, report);
}

fn hosts(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let is_list = fields.peek("extra_hosts").is_some_and(|node| matches!(node.value, Value::List(_)));
    let entries = if is_list {
        let split = |text: Spanned<String>| {
            let (name, address) = text.value.split_once(['=', ':']).unwrap_or((&text.value, ""));
            (name.to_owned(), Spanned::new(address.trim_matches(['[', ']']).to_owned(), text.span))
        };
        fields.texts("extra_hosts", report).into_iter().map(split).collect()
    } else {
        let pairs = fields.pairs("extra_hosts", report).into_iter();
        pairs.map(|(name, address)| (name.value, address)).collect::<Vec<_>>()
    };
    for (name, address) in entries {
        if address.value.parse::<std::net::IpAddr>().is_ok() {
            block.push(Block::new("host-entry").arg(address.value).arg(name));
        } else {
            block.note(report.not_carried(address.span, &format!("extra_hosts {name}"), "it has no address"));
        }
    }
}

fn logging(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let Some(mut logging) = fields.map("logging", report) else { return };
    match logging.text("driver", report) {
        Some(driver) if driver.value == "journald" => block.push(Block::new("log").arg("journald")),
        Some(driver) if !["json-file", "local", "k8s-file"].contains(&driver.value.as_str()) => {
            let why = "output goes to files of at most 10 MB, or to the node's journal";
            block.note(report.not_carried(driver.span, &format!("logging {}", driver.value), why));
        }
        Some(_) | None => {}
    }
    logging.leave("options", "files of output have at most 10 MB", report);
    logging.close(block, report);
}

/// What a service says that means nothing here.
fn left_out(fields: &mut Fields, report: &mut Report<'_>) {
    const REASONS: [(&str, &str); 22] = [
        ("container_name", "containers are called after their replica"),
        ("networks", "a fleet has one network, on which replicas know each other by their names"),
        ("links", "replicas know each other by their names"),
        ("external_links", "replicas know each other by their names"),
        ("domainname", "the host name is the replica's name"),
        ("profiles", "an overlay says what runs where"),
        ("extends", "a template is what services share here"),
        ("develop", "`wlc build` is the way from files to nodes"),
        ("attach", "`wlagent logs` shows the output of a replica"),
        ("mac_address", "addresses are given out by each node"),
        ("cgroup", "cgroups are those of the pod"),
        ("cgroup_parent", "cgroups are those of the pod"),
        ("uts", "a pod has a host name of its own"),
        ("isolation", "nodes run Linux"),
        ("volumes_from", "a volume that several containers mount belongs to one pod"),
        ("storage_opt", "a container's own files have the limit `limit storage=`"),
        ("blkio_config", "reading and writing is not limited"),
        ("mem_swappiness", "containers get no swap"),
        ("memswap_limit", "containers get no swap"),
        ("cpuset", "whole cores are given out by a build: `request { pinned }`"),
        ("credential_spec", "nodes run Linux"),
        ("post_start", "write it as `post-start \"exec\" …` of the container"),
    ];
    for (key, why) in REASONS {
        fields.leave(key, why, report);
    }
    for key in ["cpu_shares", "cpu_quota", "cpu_period", "cpu_count", "cpu_percent", "cpu_rt_runtime", "cpu_rt_period"]
    {
        fields.leave(key, "CPU is asked for and limited with `request cpu=` and `limit cpu=`", report);
    }
}
