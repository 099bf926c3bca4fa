//! Each rule, broken once.

use super::*;
use crate::{
    binding::{Binding, HostPorts, PortBinding},
    canonical,
    format::Format,
    gate::{After, Condition, Slot},
    instance::WorkloadKind,
    name::{FleetName, NodeName, WorkloadName},
    node_plan::IpFamily,
    quantity::Millis,
    revision::TemplateVersion,
    rollout::{OnFailure, Replacement, Rollout},
    spec::{Command, ContainerRole, ContainerSpec, Hook, Image, PortSpec, PullPolicy, RestartPolicy},
};

fn container(name: &str) -> ContainerSpec {
    let port =
        PortSpec { name: PortName::parse("http").unwrap(), number: 80, protocol: Protocol::Tcp, published: true };
    ContainerSpec {
        ports: vec![port],
        ..ContainerSpec::new(
            ContainerName::parse(name).unwrap(),
            Image { name: "localhost/busybox:1".to_owned(), digest: None, pull: PullPolicy::IfNotPresent },
        )
    }
}

fn spec() -> PodSpec {
    PodSpec::new(vec![container("main")])
}

fn instance(name: &str, spec: &PodSpec, host: u16) -> Instance {
    let port = PortBinding {
        container: ContainerName::parse("main").unwrap(),
        port: PortName::parse("http").unwrap(),
        protocol: Protocol::Tcp,
        address: None,
        host: HostPorts::One(host),
    };
    Instance {
        replica: ReplicaName::parse(name).unwrap(),
        workload: WorkloadName::parse("web").unwrap(),
        kind: WorkloadKind::Deployment,
        labels: BTreeMap::new(),
        told: BTreeMap::new(),
        spec: SpecRef {
            number: 1,
            revision: Revision::of(TemplateVersion::V1, spec),
            spec: Digest::of(&canonical::encode(spec)),
        },
        older: Vec::new(),
        contents: Vec::new(),
        sources: Vec::new(),
        leans_on: Vec::new(),
        flap_limit: None,
        binding: Binding { ports: vec![port], ..Binding::default() },
        rollout: Rollout {
            replacement: Replacement::StopFirst,
            min_ready: Millis(0),
            progress_deadline: Millis::from_seconds(600),
            on_failure: OnFailure::Stop,
        },
        gates: vec![slot(1)],
        work: None,
    }
}

fn slot(size: u32) -> StepGate {
    StepGate {
        step: Step::Replace,
        gate: Gate::Slot(Slot { name: SlotName::parse("web").unwrap(), size, counts: Counts::Missing }),
    }
}

fn plan(instances: Vec<Instance>) -> NodePlan {
    NodePlan {
        format: Format::V1,
        fleet: FleetName::parse("f").unwrap(),
        node: NodeName::parse("n1").unwrap(),
        instances,
        leaving: Vec::new(),
        volumes: Vec::new(),
        standbys: Vec::new(),
        ip_family: IpFamily::Ipv4,
    }
}

fn rules(plan: &NodePlan, spec: &PodSpec) -> Vec<Rule> {
    let specs = BTreeMap::from([(Digest::of(&canonical::encode(spec)), spec.clone())]);
    validate(plan, &specs, &BTreeMap::new()).into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn a_good_plan_has_no_finding() {
    let spec = spec();
    assert_eq!(rules(&plan(vec![instance("web-0", &spec, 1), instance("web-1", &spec, 2)]), &spec), []);
}

#[test]
fn instances_are_sorted_and_unique() {
    let spec = spec();
    let unsorted = plan(vec![instance("web-1", &spec, 1), instance("web-0", &spec, 2)]);
    assert_eq!(rules(&unsorted, &spec), [Rule::Order { what: "instances" }]);
}

/// S-404: one host port for one replica, and an address of its own is no way round the one that listens on all.
#[test]
fn host_ports_do_not_collide() {
    let spec = spec();
    let mut second = instance("web-1", &spec, 7);
    second.binding.ports[0].address = Some("127.0.0.1".parse().unwrap());
    let twice = plan(vec![instance("web-0", &spec, 7), second]);
    assert_eq!(rules(&twice, &spec), [Rule::HostPortTwice { port: 7, protocol: Protocol::Tcp }]);
}

#[test]
fn one_slot_has_one_size() {
    let spec = spec();
    let mut second = instance("web-1", &spec, 2);
    second.gates = vec![slot(2)];
    let plan = plan(vec![instance("web-0", &spec, 1), second]);
    assert!(matches!(rules(&plan, &spec)[..], [Rule::SlotSize { first: 1, second: 2, .. }]));
}

/// What makes before it breaks needs nobody missing; surge copies need a place each.
#[test]
fn a_slot_may_let_nobody_be_missing_and_counts_copies_apart() {
    let spec = spec();
    let of = |counts, size| {
        let mut one = instance("web-0", &spec, 1);
        let name = SlotName::parse("web").unwrap();
        one.gates = vec![StepGate { step: Step::Replace, gate: Gate::Slot(Slot { name, size, counts }) }];
        one
    };
    assert_eq!(rules(&plan(vec![of(Counts::Missing, 0)]), &spec), []);
    assert!(matches!(rules(&plan(vec![of(Counts::Surge, 0)]), &spec)[..], [Rule::SlotSize { .. }]));
    let other = Instance { replica: ReplicaName::parse("web-1").unwrap(), ..of(Counts::Surge, 1) };
    let mut both = plan(vec![of(Counts::Missing, 2), other]);
    both.instances[1].binding.ports[0].host = HostPorts::One(2);
    assert_eq!(rules(&both, &spec), []);
}

/// All old ones gone before the first new one starts: each waits for all others, and none for ever.
#[test]
fn waiting_until_others_are_gone_is_no_circle() {
    let spec = spec();
    let gone = |name: &str| StepGate {
        step: Step::FirstStart,
        gate: Gate::After(After { of: vec![ReplicaName::parse(name).unwrap()], until: Condition::Gone }),
    };
    let (mut first, mut second) = (instance("web-0", &spec, 1), instance("web-1", &spec, 2));
    first.gates = vec![gone("web-1")];
    second.gates = vec![gone("web-0")];
    assert_eq!(rules(&plan(vec![first, second]), &spec), []);
}

#[test]
fn gates_do_not_run_in_a_circle() {
    let spec = spec();
    let after = |name: &str| StepGate {
        step: Step::FirstStart,
        gate: Gate::After(After { of: vec![ReplicaName::parse(name).unwrap()], until: Condition::Ready }),
    };
    let mut first = instance("web-0", &spec, 1);
    first.gates = vec![after("web-1")];
    let mut second = instance("web-1", &spec, 2);
    second.gates = vec![after("web-0")];
    assert!(matches!(rules(&plan(vec![first, second]), &spec)[..], [Rule::Circle(_)]));
}

#[test]
fn a_revision_is_the_one_of_its_spec() {
    let spec = spec();
    let mut other = spec.clone();
    other.grace = Millis(1);
    let mut wrong = instance("web-0", &spec, 1);
    wrong.spec.revision = Revision::of(TemplateVersion::V1, &other);
    assert!(matches!(rules(&plan(vec![wrong]), &spec)[..], [Rule::RevisionMismatch { .. }]));
}

#[test]
fn every_published_port_is_bound() {
    let spec = spec();
    let mut unbound = instance("web-0", &spec, 1);
    unbound.binding = Binding::default();
    assert!(matches!(rules(&plan(vec![unbound]), &spec)[..], [Rule::Unbound(_)]));
}

#[test]
fn a_missing_spec_is_found() {
    let (spec, mut other) = (spec(), spec());
    other.grace = Millis(1);
    let found = rules(&plan(vec![instance("web-0", &other, 1)]), &spec);
    assert!(matches!(found[..], [Rule::NoSpec(_)]));
}

/// What the pod is for stands behind what it needs, an init container is neither asked nor told, commands have words.
#[test]
fn roles_and_hooks_obey_their_rules() {
    let of = |name: &str, role| ContainerSpec { role, ports: Vec::new(), ..container(name) };
    let rules_of = |containers| {
        let spec = PodSpec::new(containers);
        let mut instance = instance("web-0", &spec, 1);
        instance.binding = Binding::default();
        rules(&plan(vec![instance]), &spec)
    };
    let (init, sidecar, main) =
        (of("init", ContainerRole::Init), of("side", ContainerRole::Sidecar), of("app", ContainerRole::Main));
    assert_eq!(rules_of(vec![init.clone(), sidecar.clone(), main.clone()]), []);
    assert_eq!(rules_of(vec![main.clone(), init.clone()]), [Rule::RoleOrder]);
    assert_eq!(rules_of(vec![init.clone(), sidecar]), [Rule::Empty]);
    let mut hooked = init;
    hooked.hooks.pre_stop = Some(Hook::Exec(Command { command: Vec::new() }));
    assert_eq!(rules_of(vec![hooked, main]), [Rule::EmptyCommand, Rule::InitWithProbes]);
}

/// S-248, S-249, S-294: a container's own word wins; a sidecar always runs again, an init container until it succeeds.
#[test]
fn a_role_bounds_the_restart_policy() {
    use RestartPolicy::{Always, Never, OnFailure};
    for (role, own, pod, expected) in [
        (ContainerRole::Main, None, Never, Never),
        (ContainerRole::Main, Some(Never), Always, Never),
        (ContainerRole::Sidecar, None, Never, Always),
        (ContainerRole::Init, None, Always, OnFailure),
        (ContainerRole::Init, Some(Never), Always, Never),
        (ContainerRole::Init, None, Never, Never),
    ] {
        let spec = PodSpec { restart: pod, ..spec() };
        let container = ContainerSpec { role, restart: own, ..container("one") };
        assert_eq!(spec.restart_of(&container), expected, "{role:?} {own:?} {pod:?}");
    }
}

/// S-299, P-118: the busiest moment counts, not the sum.
#[test]
fn a_pod_needs_what_its_busiest_moment_needs() {
    let of = |name: &str, role| ContainerSpec { role, ..container(name) };
    let spec = PodSpec::new(vec![
        of("1", ContainerRole::Sidecar),
        of("9", ContainerRole::Init),
        of("2", ContainerRole::Sidecar),
        of("4", ContainerRole::Main),
    ]);
    let needs = |container: &ContainerSpec| container.name.as_str().parse().unwrap();
    assert_eq!(spec.at_once(needs), 10);
    assert_eq!(spec.at_once(|container| needs(container).min(4)), 7);
}
