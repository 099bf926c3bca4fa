//! What the captured machines lack: encrypted and NVMe disks, fast links, virtual functions, AMD's cards.

use wlc_plan::digest::Digest;
use wlc_plan::quantity::Bytes;

use super::super::{Disk, DiskKind, Encryption, Gpu, GpuVendor, LinkSpeed, Nic};
use super::sample::{Sample, text_of};

/// A disk with partitions `name1`, `name2`… of the given sectors.
fn disk(sample: &Sample, name: &str, rotational: &str, partitions: &[u64]) {
    let folder = format!("sys/devices/pci0000:00/0000:00:17.0/block/{name}");
    sample.link(
        &format!("sys/block/{name}"),
        format!("../../{}", folder.strip_prefix("sys/").unwrap()).replacen("../../", "../", 1),
    );
    sample.file(&format!("{folder}/queue/rotational"), rotational).folder(&format!("{folder}/holders"));
    sample.file(&format!("{folder}/size"), format!("{}\n", partitions.iter().sum::<u64>() + 2048));
    for (index, sectors) in partitions.iter().enumerate() {
        let partition = format!("{folder}/{name}{}", index + 1);
        sample.file(&format!("{partition}/size"), format!("{sectors}\n")).folder(&format!("{partition}/holders"));
    }
}

/// A device-mapper device with an identifier, which holds `below` (a path below the folder of block devices).
fn mapped(sample: &Sample, name: &str, uuid: &str, below: &str) {
    let folder = format!("sys/devices/virtual/block/{name}");
    sample.file(&format!("{folder}/dm/uuid"), format!("{uuid}\n")).folder(&format!("{folder}/holders"));
    sample.file(&format!("{folder}/size"), "4096\n");
    if !sample.root().join(format!("sys/block/{name}")).exists() {
        sample.link(&format!("sys/block/{name}"), format!("../devices/virtual/block/{name}"));
    }
    sample.link(&format!("sys/block/{below}/holders/{name}"), format!("/{folder}"));
}

fn encryption(sample: &Sample, name: &str) -> Encryption {
    sample.read().disks.into_iter().find(|disk| disk.name == name).unwrap().encryption
}

#[test]
fn an_nvme_disk_under_luks_is_encrypted() {
    let sample = Sample::new();
    disk(&sample, "nvme0n1", "0", &[]);
    sample
        .file("sys/block/nvme0n1/size", "7501476528\n")
        .file("sys/block/nvme0n1/device/model", "SAMSUNG MZQL23T8HCLS-00A07              \n");
    mapped(&sample, "dm-0", "CRYPT-LUKS2-5d6c3b1e8f0a4c1d9e2f7a6b5c4d3e2f-data", "nvme0n1");
    let machine = sample.read();
    let expected = Disk {
        name: "nvme0n1".to_owned(),
        kind: Some(DiskKind::Nvme),
        size: Bytes(7_501_476_528 * 512),
        model: Some("SAMSUNG MZQL23T8HCLS-00A07".to_owned()),
        encryption: Encryption::DmCrypt,
    };
    assert_eq!(machine.disks, [expected]);
    let line = "    disk \"nvme0n1\" kind=\"nvme\" size=\"3750738264KiB\" model=\"SAMSUNG MZQL23T8HCLS-00A07\" encrypted=#true\n";
    assert!(text_of(&machine).contains(line));
}

#[test]
fn the_largest_partition_decides_about_encryption() {
    let luks = "CRYPT-LUKS2-0123456789abcdef0123456789abcdef-x";
    let sample = Sample::new();
    disk(&sample, "sda", "0", &[2_048, 1_000_000, 2_000_000_000]);
    mapped(&sample, "dm-0", luks, "sda/sda3");
    disk(&sample, "sdb", "1", &[2_000_000_000, 4_000_000]);
    mapped(&sample, "dm-1", "CRYPT-PLAIN-swap", "sdb/sdb2");
    assert_eq!(encryption(&sample, "sda"), Encryption::DmCrypt);
    assert_eq!(encryption(&sample, "sdb"), Encryption::Unknown, "only the swap is encrypted");
}

#[test]
fn layers_between_disk_and_encryption_are_looked_through() {
    let luks = "CRYPT-LUKS2-0123456789abcdef0123456789abcdef-x";
    let sample = Sample::new();
    disk(&sample, "sda", "1", &[2_000_000]);
    mapped(&sample, "dm-0", "LVM-volumes-root", "sda/sda1");
    assert_eq!(encryption(&sample, "sda"), Encryption::Unknown);
    mapped(&sample, "dm-1", luks, "dm-0");
    assert_eq!(encryption(&sample, "sda"), Encryption::DmCrypt);
    mapped(&sample, "dm-2", "LVM-volumes-plain", "sda/sda1");
    assert_eq!(encryption(&sample, "sda"), Encryption::Unknown, "a plain volume lies beside the encrypted one");
}

#[test]
fn only_whole_fixed_disks_are_disks() {
    let sample = Sample::new();
    for name in ["loop0", "ram0", "zram0", "dm-0", "md127", "sr0", "nbd0", "mmcblk0boot0", "sdb", "nvme0c0n1", "sdc"] {
        sample
            .file(&format!("sys/block/{name}/size"), "4096\n")
            .file(&format!("sys/block/{name}/queue/rotational"), "0\n");
    }
    sample
        .file("sys/block/sdb/removable", "1\n")
        .file("sys/block/nvme0c0n1/hidden", "1\n")
        .file("sys/block/sdc/size", "0\n");
    for (name, rotational) in [("sda", "1"), ("sdd", "0"), ("sde", "perhaps"), ("xvda", "0"), ("mmcblk0", "0")] {
        sample
            .file(&format!("sys/block/{name}/size"), "4096\n")
            .file(&format!("sys/block/{name}/queue/rotational"), rotational);
    }
    let kinds: Vec<(String, Option<DiskKind>)> =
        sample.read().disks.into_iter().map(|disk| (disk.name, disk.kind)).collect();
    let expected = [
        ("mmcblk0", Some(DiskKind::Ssd)),
        ("sda", Some(DiskKind::Hdd)),
        ("sdd", Some(DiskKind::Ssd)),
        ("sde", None),
        ("xvda", Some(DiskKind::Virtual)),
    ];
    assert_eq!(kinds, expected.map(|(name, kind)| (name.to_owned(), kind)));
}

/// An interface on the PCI function in `folder`.
fn nic(sample: &Sample, name: &str, folder: &str, driver: &str, state: &str, speed: &str) {
    sample.file(&format!("{folder}/net/{name}/operstate"), state).file(&format!("{folder}/net/{name}/speed"), speed);
    sample.link(&format!("{folder}/net/{name}/device"), format!("../../../{}", folder.rsplit('/').next().unwrap()));
    if !sample.root().join(format!("{folder}/driver")).is_symlink() {
        sample.link(&format!("{folder}/driver"), format!("../../../bus/pci/drivers/{driver}"));
    }
    sample.link(&format!("sys/class/net/{name}"), format!("../../{}/net/{name}", folder.strip_prefix("sys/").unwrap()));
}

#[test]
fn a_physical_interface_has_speed_and_driver() {
    let sample = Sample::new();
    let folder = sample.pci("0000:3b:00.0", ["0x15b3", "0x1017", "0x020000"], 0);
    nic(&sample, "eth0", &folder, "mlx5_core", "up\n", "25000\n");
    let slow = sample.pci("0000:01:00.0", ["0x8086", "0x15f3", "0x020000"], -1);
    nic(&sample, "eth1", &slow, "igc", "up\n", "2500\n");
    let down = sample.pci("0000:02:00.0", ["0x8086", "0x1533", "0x020000"], -1);
    nic(&sample, "eth2", &down, "igb", "down\n", "1000\n");
    sample
        .file("sys/devices/virtual/net/lo/operstate", "unknown\n")
        .link("sys/class/net/lo", "../../devices/virtual/net/lo");
    let nic = |name: &str, speed: Option<u32>, driver: &str| Nic {
        name: name.to_owned(),
        speed: speed.map(LinkSpeed),
        driver: Some(driver.to_owned()),
    };
    let machine = sample.read();
    let expected = [nic("eth0", Some(25_000), "mlx5_core"), nic("eth1", Some(2_500), "igc"), nic("eth2", None, "igb")];
    assert_eq!(machine.nics, expected);
    let text = text_of(&machine);
    assert!(text.contains("    nic \"eth0\" speed=\"25Gbps\" driver=\"mlx5_core\"\n"));
    assert!(text.contains("    nic \"eth1\" speed=\"2500Mbps\" driver=\"igc\"\n"));
    assert!(text.contains("    nic \"eth2\" driver=\"igb\"\n"));
    assert!(text.contains("    pci \"0000:3b:00.0\" id=\"15b3:1017\" class=\"0200\" numa=0\n"));
}

#[test]
fn a_virtual_function_is_a_device_and_no_interface() {
    let sample = Sample::new();
    let physical = sample.pci("0000:3b:00.0", ["0x8086", "0x1592", "0x020000"], 1);
    nic(&sample, "eth0", &physical, "ice", "up\n", "100000\n");
    let function = sample.pci("0000:3b:01.0", ["0x8086", "0x1889", "0x020000"], 1);
    sample.link(&format!("{function}/physfn"), "../0000:3b:00.0");
    nic(&sample, "eth0v0", &function, "iavf", "up\n", "100000\n");
    nic(&sample, "eth0_0", &physical, "ice", "up\n", "100000\n");
    sample.file(&format!("{physical}/net/eth0_0/phys_port_name"), "pf0vf0\n");
    let machine = sample.read();
    assert_eq!(machine.nics.iter().map(|nic| nic.name.as_str()).collect::<Vec<_>>(), ["eth0"]);
    let text = text_of(&machine);
    assert!(text.contains("    nic \"eth0\" speed=\"100Gbps\" driver=\"ice\"\n"));
    let line = "    pci \"0000:3b:01.0\" id=\"8086:1889\" class=\"0200\" numa=1 virtual-of=\"0000:3b:00.0\"\n";
    assert!(text.contains(line));
}

#[test]
fn gpus_are_those_of_three_makers() {
    let sample = Sample::new();
    let amd = sample.pci("0000:c1:00.0", ["0x1002", "0x740f", "0x038000"], 1);
    sample
        .file(&format!("{amd}/mem_info_vram_total"), "68702699520\n")
        .file(&format!("{amd}/product_name"), "AMD Instinct MI210\n");
    sample.pci("0000:c5:00.0", ["0x1002", "0x74a1", "0x120000"], 1);
    sample.pci("0000:00:02.0", ["0x8086", "0x46a6", "0x030000"], -1);
    sample.pci("0000:17:00.0", ["0x10de", "0x2335", "0x030200"], 0);
    sample.pci("0000:17:00.1", ["0x10de", "0x22ba", "0x040300"], 0);
    let share = sample.pci("0000:17:00.4", ["0x10de", "0x2335", "0x030200"], 0);
    sample.link(&format!("{share}/physfn"), "../0000:17:00.0");
    sample.pci("0000:03:00.0", ["0x1a03", "0x2000", "0x030000"], 0);
    sample.pci("0000:00:00.0", ["0x8086", "0x3407", "0x060000"], 0);
    sample.pci("0000:00:05.0", ["0x8086", "0x0e28", "0x088000"], 0);
    let machine = sample.read();
    let gpus: Vec<(String, GpuVendor)> = machine.gpus.iter().map(|gpu| (gpu.address.to_string(), gpu.vendor)).collect();
    let expected = [
        ("0000:00:02.0", GpuVendor::Intel),
        ("0000:17:00.0", GpuVendor::Nvidia),
        ("0000:c1:00.0", GpuVendor::Amd),
        ("0000:c5:00.0", GpuVendor::Amd),
    ];
    assert_eq!(gpus, expected.map(|(address, vendor)| (address.to_owned(), vendor)));
    let amd: &Gpu = &machine.gpus[2];
    assert_eq!(
        (amd.model.as_deref(), amd.memory, amd.numa),
        (Some("Instinct MI210"), Some(Bytes(68_702_699_520)), Some(1))
    );
    let others: Vec<String> = machine.pci.iter().map(|device| device.address.to_string()).collect();
    assert_eq!(
        others,
        ["0000:03:00.0", "0000:17:00.1", "0000:17:00.4"],
        "a server board's display chip is no GPU, a bridge is nothing"
    );
}

#[test]
fn the_driver_names_nvidia_cards_without_nvidia_smi() {
    let sample = Sample::new();
    sample.pci("0000:17:00.0", ["0x10de", "0x2335", "0x030200"], 0);
    sample.pci("0000:65:00.0", ["0x10de", "0x2335", "0x030200"], 1);
    let information = "Model: \t\t NVIDIA H200\nIRQ:   \t\t 16\nGPU UUID: \t GPU-6f0d1c2b-3a49-5867-7685-94a3b2c1d0e9\nBus Type: \t PCIe\n";
    sample.file("proc/driver/nvidia/gpus/0000:17:00.0/information", information);
    sample.file(
        "proc/driver/nvidia/gpus/0000:65:00.0/information",
        "Model: \t\t Unknown\nGPU UUID: \t GPU-????????-????-????-????-????????????\n",
    );
    sample.file("sys/module/nvidia/version", "550.90.07\n");
    let text = text_of(&sample.read());
    let first = "    gpu \"0000:17:00.0\" id=\"10de:2335\" vendor=\"nvidia\" model=\"H200\" numa=0 uuid=\"GPU-6f0d1c2b-3a49-5867-7685-94a3b2c1d0e9\" driver=\"550.90.07\"\n";
    assert!(text.contains(first), "{text}");
    assert!(
        text.contains("    gpu \"0000:65:00.0\" id=\"10de:2335\" vendor=\"nvidia\" numa=1 driver=\"550.90.07\"\n"),
        "{text}"
    );
}

#[test]
fn the_machine_is_told_by_a_digest() {
    let sample = Sample::new();
    sample
        .file("var/lib/dbus/machine-id", "4c4c4544004d3510805ac4c04f4b3532\n")
        .link("etc/machine-id", "/var/lib/dbus/machine-id");
    let expected = Digest::of(b"wlc machine\n4c4c4544004d3510805ac4c04f4b3532");
    assert_eq!(sample.read().machine, Some(expected));
    let text = text_of(&sample.read());
    assert!(text.contains(&format!("    machine \"sha256:{expected}\"\n")) && !text.contains("4c4c4544004d"));
    for unset in ["", "uninitialized\n", "4c4c4544"] {
        sample.file("var/lib/dbus/machine-id", unset);
        assert_eq!(sample.read().machine, None, "{unset}");
    }
}

#[test]
fn offline_processors_and_their_nodes_do_not_count() {
    let sample = Sample::new();
    for number in 0..8u32 {
        let topology = format!("sys/devices/system/cpu/cpu{number}/topology");
        sample.file(&format!("{topology}/thread_siblings_list"), format!("{}-{}\n", number & !1, number | 1));
        sample.file(
            &format!("sys/devices/system/cpu/cpu{number}/online"),
            if (4..7).contains(&number) { "0\n" } else { "1\n" },
        );
    }
    sample.file("sys/devices/system/node/node0/cpulist", "0-3\n").file("sys/devices/system/node/node1/cpumap", "f0\n");
    let machine = sample.read();
    assert_eq!((machine.cpu.threads, machine.cpu.cores), (Some(5), Some(3)));
    let text = text_of(&machine);
    assert!(text.contains("    numa 0 cpus=\"0-3\"\n    numa 1 cpus=\"7\"\n"), "{text}");
    assert!(text.contains("    capacity cpu=5\n"), "{text}");
}
