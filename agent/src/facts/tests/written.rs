//! The written block: it is KDL, and says back what was known.

use wlc_plan::digest::Digest;
use wlc_plan::quantity::Bytes;

use super::super::*;

fn machine() -> Machine {
    let address = |text: &str| PciAddress::parse(text).unwrap();
    Machine {
        cpu: Cpu {
            arch: Some("x86_64".to_owned()),
            vendor: Some("AuthenticAMD".to_owned()),
            model: Some("EPYC 9354".to_owned()),
            cores: Some(32),
            threads: Some(64),
            features: vec!["avx2".to_owned(), "avx512f".to_owned()],
        },
        memory: Some(Bytes(256 << 30)),
        storage: Some(Bytes(3 << 40)),
        numa: vec![NumaNode { number: 0, cpus: (0..64).collect(), memory: Some(Bytes(256 << 30)), gpu: None }],
        gpus: vec![Gpu {
            address: address("0000:17:00.0"),
            id: Some(PciId { vendor: 0x10de, device: 0x2335 }),
            vendor: GpuVendor::Nvidia,
            model: Some("H200".to_owned()),
            memory: Some(Bytes(141 << 30)),
            numa: Some(0),
            uuid: Some("GPU-6f".to_owned()),
            driver: Some("550.90".to_owned()),
            mig: Some(Mig::Disabled),
        }],
        pci: vec![PciDevice {
            address: address("0000:3b:00.0"),
            id: Some(PciId { vendor: 0x15b3, device: 0x1017 }),
            class: PciClass::new(0x02_00_00),
            numa: Some(0),
            virtual_of: None,
        }],
        disks: vec![Disk {
            name: "nvme0n1".to_owned(),
            kind: Some(DiskKind::Nvme),
            size: Bytes(3584 << 30),
            model: Some("quoted \"x\" and \\ back".to_owned()),
            encryption: Encryption::DmCrypt,
        }],
        nics: vec![Nic {
            name: "eth0".to_owned(),
            speed: Some(LinkSpeed(25_000)),
            driver: Some("mlx5_core".to_owned()),
        }],
        kernel: Some("6.12.9".to_owned()),
        machine: Some(Digest::of(b"m")),
    }
}

fn podman() -> PodmanFacts {
    PodmanFacts { version: "4.3.1".to_owned(), rootless: false, cgroups: Cgroups::V2, runtime: "crun".to_owned() }
}

fn agent() -> AgentFacts {
    AgentFacts { version: "0.1.0".to_owned(), formats: 1 }
}

#[test]
fn the_whole_block_is_written_line_by_line() {
    let expected = r#"// Written by `wlagent facts`, never edited by hand.
facts "gpu-01" {
    capacity cpu=64 memory="256GiB" storage="3TiB"
    cpu arch="x86_64" vendor="AuthenticAMD" model="EPYC 9354" cores=32 threads=64 { features "avx2" "avx512f" }
    numa 0 cpus="0-63" memory="256GiB"
    gpu "0000:17:00.0" id="10de:2335" vendor="nvidia" model="H200" memory="141GiB" numa=0 uuid="GPU-6f" driver="550.90"
    pci "0000:3b:00.0" id="15b3:1017" class="0200" numa=0
    disk "nvme0n1" kind="nvme" size="3584GiB" model="quoted \"x\" and \\ back" encrypted=#true
    nic "eth0" speed="25Gbps" driver="mlx5_core"
    kernel "6.12.9"
    podman "4.3.1" rootless=#false cgroups="v2" runtime="crun"
    agent "0.1.0" formats=1
    machine "sha256:62c66a7a5dd70c3146618063c344e531e6d4b59e379808443ce962b3abd63c5a"
}
"#;
    assert_eq!(render("gpu-01", &machine(), Some(&podman()), &agent()), expected);
}

#[test]
fn the_block_reads_back_as_kdl() {
    let text = render("gpu-01", &machine(), Some(&podman()), &agent());
    let document = kdl::KdlDocument::parse_v2(&text).unwrap();
    let facts = document.get("facts").unwrap();
    assert_eq!(facts.get(0).and_then(|name| name.as_string()), Some("gpu-01"));
    let lines = facts.children().unwrap();
    let disk = lines.get("disk").unwrap();
    assert_eq!(disk.get("model").and_then(|model| model.as_string()), Some("quoted \"x\" and \\ back"));
    assert_eq!(disk.get("encrypted").and_then(|encrypted| encrypted.as_bool()), Some(true));
    assert_eq!(lines.get("numa").and_then(|numa| numa.get(0)).and_then(|number| number.as_integer()), Some(0));
    let features =
        lines.get("cpu").and_then(|cpu| cpu.children()).and_then(|children| children.get("features")).unwrap();
    assert_eq!(features.entries().len(), 2);
}

#[test]
fn what_podman_says_is_checked_like_any_text() {
    let strange = PodmanFacts { version: "4.3.1\u{1b}[2J".to_owned(), ..podman() };
    assert!(!render("n", &machine(), Some(&strange), &agent()).contains("podman"));
    let unnamed = PodmanFacts { runtime: String::new(), cgroups: Cgroups::V1, rootless: true, ..podman() };
    assert!(
        render("n", &machine(), Some(&unnamed), &agent())
            .contains("    podman \"4.3.1\" rootless=#true cgroups=\"v1\"\n")
    );
}

#[test]
fn a_machine_is_a_value_that_can_be_stored() {
    let value = serde_json::to_value(machine()).unwrap();
    assert_eq!(value["gpus"][0]["address"], "0000:17:00.0");
    assert_eq!(value["numa"][0]["cpus"], "0-63");
    assert_eq!(value["disks"][0]["encryption"], "dm-crypt");
    assert_eq!(value["nics"][0]["speed"], "25Gbps");
}
