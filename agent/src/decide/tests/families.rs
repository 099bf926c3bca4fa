//! Where replicas are reached: in a network of IPv4, and in one of both families.

use std::collections::BTreeSet;

use wlc_plan::{
    binding::HostPorts,
    name::WorkloadName,
    node_plan::IpFamily,
    spec::{EndpointFiles, FileSource, OnSwap},
};

use super::{
    needs::{backend, files, with_mount},
    rollouts::{ports_of, with_ports},
    world::*,
};
use crate::{
    action::{Action, FilesSwap},
    files::Bytes,
};

fn told(swap: &FilesSwap) -> Vec<(&str, &str)> {
    let mut told = Vec::new();
    for file in &swap.files.files {
        match &file.bytes {
            Bytes::Text(text) => told.push((file.path.as_str(), text.as_str())),
            other @ (Bytes::Content(_) | Bytes::ContentFile(..) | Bytes::Secret(_) | Bytes::Address) => {
                panic!("{other:?}")
            }
        }
    }
    told
}

/// C-013: three replicas are three pods, each with an address and a port of the node of its own.
#[test]
fn each_replica_is_reached_by_itself() {
    let plan = (0..3_u16).flat_map(|at| {
        let mut one = with_ports(1, HostPorts::One(20_001 + at));
        one[0].0.replica = replica(&format!("web-{at:02}"));
        one
    });
    let mut world = World::new(plan.collect());
    let tasks = world.pass().tasks;
    let published: Vec<Vec<u16>> = tasks.iter().map(|task| ports_of(&task.actions)).collect();
    assert_eq!(published, [[20_001], [20_002], [20_003]]);
    world.settle();
    let addresses: BTreeSet<_> = world.observe().pods.into_iter().filter_map(|pod| Some(pod.address?.first)).collect();
    assert_eq!((addresses.len(), world.running().len()), (3, 3));
    assert!(world.decide().states.iter().all(|state| state.ready));
}

/// In a fleet of both families every pod has two addresses, and endpoints are told in both, each in files of its own.
#[test]
fn endpoints_are_told_in_both_families() {
    let of = EndpointFiles { workload: WorkloadName::parse("web").unwrap() };
    let balancer = with_mount(files(FileSource::Endpoints(of), OnSwap::Nothing));
    let (mut front, front_spec) = instance("front-0", &balancer, vec![]);
    front.workload = WorkloadName::parse("front").unwrap();
    let mut world = World::new(vec![(front, front_spec), instance("web-0", &backend(), vec![])]);
    world.desired.ip_family = IpFamily::Dual;
    world.sick.insert(replica("web-0"));
    for _ in 0..3 {
        world.pass();
    }
    assert_eq!(world.observe().network, Some(IpFamily::Dual));
    world.sick.clear();
    let decision = world.decide();
    let task = decision.tasks.iter().find(|task| task.replica == replica("front-0")).expect("the list changed");
    let [Action::SwapFiles(swap)] = &task.actions[..] else { panic!("{task:?}") };
    let pod = world.observe().pods.into_iter().find(|pod| pod.replica == replica("web-0")).unwrap();
    let address = pod.address.unwrap();
    let (first, second) = (format!("{}:8080", address.first), format!("[{}]:8080", address.second.unwrap()));
    let told = told(swap);
    let names: Vec<&str> = told.iter().map(|(name, _)| *name).collect();
    let expected =
        ["http.list", "http.nginx", "http.haproxy", "http.ipv6.list", "http.ipv6.nginx", "http.ipv6.haproxy"];
    assert_eq!(names, expected);
    assert_eq!((told[0].1, told[3].1), (&*format!("{first}\n"), &*format!("{second}\n")));
    assert_eq!((told[1].1, told[4].1), (&*format!("server {first};\n"), &*format!("server {second};\n")));
    assert!(told[5].1.starts_with("backend web-http-ipv6\n") && told[5].1.contains(&second), "{}", told[5].1);
}

/// A network stays as it is while a pod is in it; once none is, it is made as the plan says.
#[test]
fn a_network_changes_its_families_when_nobody_is_in_it() {
    let plan = || vec![instance("web-0", &version(1), vec![slot(1)])];
    let mut world = World::new(plan());
    world.settle();
    world.desired.ip_family = IpFamily::Dual;
    assert!(world.decide().tasks.is_empty());
    world.accept([plan(), vec![instance("web-1", &version(1), vec![slot(1)])]].concat());
    world.desired.ip_family = IpFamily::Dual;
    world.settle();
    assert_eq!((world.running().len(), world.observe().network), (2, Some(IpFamily::Ipv4)));
    world.accept(Vec::new());
    world.settle();
    world.accept(plan());
    world.desired.ip_family = IpFamily::Dual;
    world.settle();
    let pods = world.observe().pods;
    assert_eq!((pods.len(), world.observe().network), (1, Some(IpFamily::Dual)));
    assert!(pods[0].address.unwrap().second.is_some());
}
