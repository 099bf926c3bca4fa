//! The pod template: what its containers share.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{fields::Fields, kdl::Block, quantity, report::Report},
    Cx, container, place,
    security::{self, Defaults},
    selector::Known,
    volume::Volumes,
};

/// The workload that a pod belongs to.
#[derive(Debug, Default)]
pub(super) struct Owner {
    /// Its name.
    pub(super) name: String,
    /// The labels of its pods.
    pub(super) labels: BTreeMap<String, String>,
    /// Whether its pods end by themselves.
    pub(super) is_job: bool,
    /// The claims of a stateful-set.
    pub(super) claims: BTreeSet<String>,
}

impl Owner {
    /// A workload whose pods run for ever.
    pub(super) fn service(known: &Known) -> Self {
        Self { name: known.name.clone(), labels: known.labels.clone(), ..Self::default() }
    }

    /// A workload whose pods end by themselves.
    pub(super) fn job(known: &Known) -> Self {
        Self { is_job: true, ..Self::service(known) }
    }
}

/// Writes a pod into the block of its workload.
pub(super) fn write(mut fields: Fields, owner: &Owner, block: &mut Block, cx: &mut Cx<'_, '_>) {
    restart(&mut fields, owner, block, cx);
    times(&mut fields, owner, block, &mut cx.import.report);
    node_share(&mut fields, block, &mut cx.import.report);
    network(&mut fields, block, &mut cx.import.report);
    let defaults = match fields.map("securityContext", &mut cx.import.report) {
        Some(context) => security::pod(context, block, &mut cx.import.report),
        None => Defaults::default(),
    };
    let mut volumes = Volumes::read(&mut fields, owner, cx);
    let inits = fields.maps("initContainers", &mut cx.import.report);
    let mains = fields.maps("containers", &mut cx.import.report);
    if mains.is_empty() {
        cx.import.report.bad(fields.span, format!("the pod of `{}` has no containers", owner.name));
    }
    let mut containers = Vec::new();
    for init in inits {
        let stays = init.peek("restartPolicy").and_then(|node| node.text()) == Some("Always");
        let word = if stays { "sidecar" } else { "init" };
        containers.push(container::read(init, word, &defaults, &mut volumes, cx));
    }
    for main in mains {
        containers.push(container::read(main, "container", &defaults, &mut volumes, cx));
    }
    block.push_all(volumes.declarations());
    let placed = place::read(&mut fields, owner, cx);
    left_out(&mut fields, &mut cx.import.report);
    fields.close(block, &mut cx.import.report);
    block.push_all(containers);
    block.push_if_any(placed);
}

fn restart(fields: &mut Fields, owner: &Owner, block: &mut Block, cx: &mut Cx<'_, '_>) {
    let report = &mut cx.import.report;
    let policy = fields.text("restartPolicy", report);
    match (owner.is_job, policy.as_ref().map(|policy| policy.value.as_str())) {
        (true, Some("OnFailure")) => block.push(Block::new("restart").arg("on-failure")),
        (true, Some("Never")) => block.push(Block::new("restart").arg("never")),
        (true, _) => {
            let span = policy.map_or(fields.span, |policy| policy.span);
            report.differs(
                span,
                "a job's `restartPolicy` is `Never` or `OnFailure`: `never` is written",
                "write `restart \"on-failure\"` for the other",
            );
            block.push(Block::new("restart").arg("never"));
        }
        (false, Some("Always") | None) => {}
        (false, Some(_)) => {
            if let Some(policy) = policy {
                let note = report.not_carried(policy.span, "restartPolicy", "containers of this kind run for ever");
                block.note(note);
            }
        }
    }
}

fn times(fields: &mut Fields, owner: &Owner, block: &mut Block, report: &mut Report<'_>) {
    if let Some(grace) = fields.whole("terminationGracePeriodSeconds", report).filter(|grace| grace.value != 30) {
        block.push(Block::new("grace").arg(quantity::seconds(grace.value)));
    }
    if owner.is_job {
        if let Some(deadline) = fields.whole("activeDeadlineSeconds", report) {
            block.push(Block::new("pod-deadline").arg(quantity::seconds(deadline.value)));
        }
    } else {
        fields.leave("activeDeadlineSeconds", "only pods of jobs have a deadline", report);
    }
}

/// What a pod shares with its node, and its containers with each other.
fn node_share(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    for (theirs, ours) in [
        ("hostNetwork", "host-network"),
        ("hostPID", "host-pid"),
        ("hostIPC", "host-ipc"),
        ("shareProcessNamespace", "share-pid"),
    ] {
        block.flag(ours, fields.is_set(theirs, report));
    }
    if fields.flag("hostUsers", report).is_some_and(|flag| !flag.value) {
        block.push(Block::new("user-namespace").arg("auto"));
    }
    let Some(runtime) = fields.text("runtimeClassName", report) else { return };
    match runtime.value.as_str() {
        "gvisor" | "runsc" => block.push(Block::new("runtime").arg("runsc")),
        "crun" | "runc" => block.push(Block::new("runtime").arg(runtime.value)),
        name if name.starts_with("kata") => block.push(Block::new("runtime").arg("kata")),
        _ => {
            let why = "runtimes are `crun`, `runc`, `runsc` and `kata`";
            let note = report.not_carried(runtime.span, &format!("runtimeClassName {}", runtime.value), why);
            block.note(note);
        }
    }
}

fn network(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    if let Some(hostname) = fields.text("hostname", report) {
        block.push(Block::new("hostname").arg(hostname.value));
    }
    let mut dns = Block::new("dns");
    match fields.text("dnsPolicy", report).map(|policy| policy.value).as_deref() {
        Some("None") => dns.set("policy", "none"),
        Some("Default") => dns.set("policy", "default"),
        Some(_) | None => {}
    }
    if let Some(mut config) = fields.map("dnsConfig", report) {
        for (theirs, ours) in [("nameservers", "server"), ("searches", "search")] {
            let values = config.texts(theirs, report);
            if !values.is_empty() {
                dns.push(Block::new(ours).args(values.into_iter().map(|value| value.value)));
            }
        }
        for mut option in config.maps("options", report) {
            let name = option.text("name", report).map(|name| name.value).unwrap_or_default();
            let value = option.text("value", report).map(|value| value.value);
            dns.push(Block::new("option").arg(name).args(value));
            option.close(&mut dns, report);
        }
        config.close(&mut dns, report);
    }
    block.push_if_any(dns);
    for mut alias in fields.maps("hostAliases", report) {
        let address = alias.text("ip", report).map(|ip| ip.value).unwrap_or_default();
        let names = alias.texts("hostnames", report).into_iter().map(|name| name.value);
        block.push(Block::new("host-entry").arg(address).args(names));
        alias.close(block, report);
    }
}

/// What a pod says to a cluster and to nobody here.
fn left_out(fields: &mut Fields, report: &mut Report<'_>) {
    const REASONS: [(&str, &str); 13] = [
        ("serviceAccountName", "there is no API server that containers could call"),
        ("serviceAccount", "there is no API server that containers could call"),
        ("automountServiceAccountToken", "there is no API server that containers could call"),
        ("enableServiceLinks", "there are no Services that variables could name"),
        ("imagePullSecrets", "each node has its own login at the registry: `auth-file` of the agent's settings"),
        ("schedulerName", "`wlc build` is the scheduler"),
        ("schedulingGates", "a replica is placed by the build that has it"),
        ("subdomain", "replicas are known to each other by their names"),
        ("setHostnameAsFQDN", "the host name is the replica's name"),
        ("readinessGates", "a replica is ready when its containers are"),
        ("overhead", "a runtime's own needs are kept by `reserve` of the node"),
        ("ephemeralContainers", "they are a state of the cluster, not a wish"),
        ("resourceClaims", "devices are asked for with `request { device … }`"),
    ];
    for (key, why) in REASONS {
        fields.leave(key, why, report);
    }
    if fields.peek("os").and_then(|os| os.get("name")).and_then(|name| name.text()) == Some("linux") {
        fields.take("os");
    }
    fields.leave("os", "nodes run Linux", report);
}
