//! Published ports and names, over the real network.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use wlagent::action::PublishedPort;
use wlc_plan::{
    node_plan::IpFamily,
    spec::{OnChange, Protocol},
};

use crate::{
    fields::{printed, start},
    machine::Machine,
    real::{RealMachine, on_real_machine},
    requests::{DEAF, Wanted, content},
};

const SERVER: [&str; 6] = ["httpd", "-f", "-p", "8080", "-h", "/site"];

fn get(port: u16) -> Option<String> {
    get_from(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

fn get_from(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.write_all(b"GET /page HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

async fn answer(port: u16) -> Option<String> {
    answer_from(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
}

async fn answer_from(address: SocketAddr) -> Option<String> {
    for _ in 0..50 {
        let got = tokio::task::spawn_blocking(move || get_from(address)).await.unwrap();
        if got.is_some() {
            return got;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None
}

#[tokio::test]
async fn a_published_port_answers_on_the_node() {
    on_real_machine("port", |machine: Arc<RealMachine>| async move {
        let site = OnChange::Restart(content("one").0);
        let wanted = Wanted::new(machine.fleet(), &SERVER).config("/site", 0o644, site).port(28_481, 8_080);
        start(&machine, &wanted).await;
        assert_eq!(answer(28_481).await.as_deref(), Some("one\n"));
        machine.podman().remove_pod(&wanted.pod_name()).await.unwrap();
        assert_eq!(get(28_481), None);
    })
    .await;
}

#[tokio::test]
async fn address_and_protocol_of_a_port_arrive() {
    on_real_machine("port address", |machine: Arc<RealMachine>| async move {
        let mut wanted = Wanted::new(machine.fleet(), &DEAF);
        let address = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        wanted.ports.push(PublishedPort { address, host: 28_482, inside: 53, protocol: Protocol::Udp });
        start(&machine, &wanted).await;
        let ports = &machine.inspect(&wanted.name()).await["NetworkSettings"]["Ports"];
        let expected = serde_json::json!({ "53/udp": [{ "HostIp": "127.0.0.1", "HostPort": "28482" }] });
        assert_eq!(ports, &expected);
    })
    .await;
}

#[tokio::test]
async fn a_replica_is_found_by_its_name_in_a_network_of_its_own() {
    on_real_machine("names", |machine: Arc<RealMachine>| async move {
        let first = Wanted::new(machine.fleet(), &DEAF);
        start(&machine, &first).await;
        let address = machine.podman().observe().await.unwrap().pods[0].address.unwrap().first;
        let second =
            Wanted::new(machine.fleet(), &["sh", "-c", "nslookup -type=a web-0.dns.podman; nslookup -type=a web-0"])
                .replica("web-1");
        let output = printed(&machine, &second).await;
        assert!(output.contains(&address.to_string()), "{output}");
        let pods = machine.podman().observe().await.unwrap().pods;
        assert_ne!(pods[0].address, pods[1].address);
    })
    .await;
}

/// Whether this machine's kernel and tools let pods have addresses of IPv6; else it is said aloud.
fn has_ipv6() -> bool {
    let is_there = std::path::Path::new("/proc/sys/net/ipv6").exists()
        && std::process::Command::new("ip6tables")
            .args(["-t", "nat", "-S"])
            .output()
            .is_ok_and(|one| one.status.success());
    if !is_there {
        crate::real::skip("IPv6: the kernel has none, or no ip6tables");
    }
    is_there
}

/// In a network of both families a pod has two addresses. Its name stands for both, and it answers at both: to another pod, to
/// the node, and at its published port, which leads on from each address of the node but `::1`: that never leaves its interface.
#[tokio::test]
async fn in_a_network_of_both_families_a_pod_is_reached_by_both() {
    on_real_machine("ipv6", |machine: Arc<RealMachine>| async move {
        if !has_ipv6() {
            return;
        }
        machine.podman().make_network(IpFamily::Dual).await.unwrap();
        let site = OnChange::Restart(content("one").0);
        let wanted = Wanted::new(machine.fleet(), &SERVER).config("/site", 0o644, site).port(28_483, 8_080);
        start(&machine, &wanted).await;
        let address = machine.podman().observe().await.unwrap().pods[0].address.unwrap();
        let (first, second) = (address.first, IpAddr::V6(address.second.expect("it has two")));
        for at in [first, second] {
            assert_eq!(answer_from(SocketAddr::new(at, 8_080)).await.as_deref(), Some("one\n"), "{at}");
        }
        let script = "for kind in a aaaa; do nslookup -type=$kind web-0; done; \
            for at in \"$@\"; do wget -qO- http://$at:8080/page && echo from $at; done";
        let (v4, v6) = (first.to_string(), format!("[{second}]"));
        let other = Wanted::new(machine.fleet(), &["sh", "-c", script, "sh", "web-0", &v4, &v6]).replica("web-1");
        let output = printed(&machine, &other).await;
        for said in
            [first.to_string(), second.to_string(), "from web-0".to_owned(), format!("from {v4}"), format!("from {v6}")]
        {
            assert!(output.contains(&said), "no {said} in {output}");
        }
        let infra = machine.inspect(&wanted.name()).await;
        let networks = infra["NetworkSettings"]["Networks"].as_object().expect("it is in one").clone();
        let gateway = networks.values().find_map(|one| one["IPv6Gateway"].as_str()?.parse::<IpAddr>().ok()).unwrap();
        for at in [IpAddr::V4(Ipv4Addr::LOCALHOST), gateway] {
            assert_eq!(answer_from(SocketAddr::new(at, 28_483)).await.as_deref(), Some("one\n"), "{at}");
        }
    })
    .await;
}
