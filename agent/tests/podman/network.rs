//! Published ports and names, over the real network.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use wlagent::action::PublishedPort;
use wlc_plan::spec::{OnChange, Protocol};

use crate::{
    fields::{printed, start},
    machine::Machine,
    real::{RealMachine, on_real_machine},
    requests::{DEAF, Wanted, content},
};

const SERVER: [&str; 6] = ["httpd", "-f", "-p", "8080", "-h", "/site"];

fn get(port: u16) -> Option<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.write_all(b"GET /page HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

async fn answer(port: u16) -> Option<String> {
    for _ in 0..50 {
        let got = tokio::task::spawn_blocking(move || get(port)).await.unwrap();
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
        let address = machine.podman().observe().await.unwrap().pods[0].address.unwrap();
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
