//! Trees that lie, loop, block or are full of garbage: absent facts, never a panic, never a file outside the root.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::super::{FactsError, Machine, read};
use super::sample::{Sample, text_of};

fn assert_nothing_is_known(machine: &Machine) {
    let expected = "// Written by `wlagent facts`, never edited by hand.\nfacts \"captured\" {\n    agent \"0.1.0\" formats=1\n}\n";
    assert_eq!(text_of(machine), expected);
}

/// Every file that is read, but for the names of folders.
const FILES: [&str; 32] = [
    "proc/cpuinfo",
    "proc/meminfo",
    "proc/version",
    "proc/sys/kernel/arch",
    "proc/sys/kernel/osrelease",
    "proc/driver/nvidia/gpus/0000:17:00.0/information",
    "proc/driver/nvidia/gpus/0000:17:00.0/numa_status",
    "etc/machine-id",
    "sys/kernel/cpu_byteorder",
    "sys/module/nvidia/version",
    "sys/module/amdgpu/version",
    "sys/devices/system/cpu/online",
    "sys/devices/system/node/node0/cpulist",
    "sys/devices/system/node/node0/cpumap",
    "sys/devices/system/node/node0/meminfo",
    "sys/block/sda/size",
    "sys/block/sda/removable",
    "sys/block/sda/queue/rotational",
    "sys/block/sda/device/model",
    "sys/block/sda/sda1/size",
    "sys/block/sda/holders/dm-0/dm/uuid",
    "sys/class/net/eth0/speed",
    "sys/class/net/eth0/operstate",
    "sys/class/net/eth0/phys_port_name",
    "sys/bus/pci/devices/0000:17:00.0/vendor",
    "sys/bus/pci/devices/0000:17:00.0/device",
    "sys/bus/pci/devices/0000:17:00.0/class",
    "sys/bus/pci/devices/0000:17:00.0/numa_node",
    "sys/bus/pci/devices/0000:17:00.0/local_cpulist",
    "sys/bus/pci/devices/0000:17:00.0/local_cpus",
    "sys/bus/pci/devices/0000:17:00.0/mem_info_vram_total",
    "sys/bus/pci/devices/0000:17:00.0/product_name",
];

#[test]
fn an_empty_tree_has_no_facts() {
    assert_nothing_is_known(&Sample::new().read());
}

#[test]
fn a_root_that_is_no_folder_is_an_error() {
    let sample = Sample::new();
    sample.file("file", "");
    for name in ["missing", "file"] {
        assert!(matches!(read(&sample.root().join(name)), Err(FactsError::Root { .. })), "{name}");
    }
}

#[test]
fn garbage_is_not_known() {
    let noise: Vec<u8> = (0..8_192u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let deep = "a:".repeat(4_000);
    let contents: [&[u8]; 10] = [
        b"",
        b"\0\0\0\0",
        b"\n\n\n",
        &noise,
        b"\x1b[2Jcleared\x07\x1b]0;title\x07",
        b"-9223372036854775809",
        b"9999999999999999999999999999999999999999",
        "\u{202e}gpj.exe \u{feff}".as_bytes(),
        b"0-4294967295,5-1,,-,x",
        deep.as_bytes(),
    ];
    for content in contents {
        let sample = Sample::new();
        for path in FILES {
            sample.file(path, content);
        }
        assert_nothing_is_known(&sample.read());
    }
}

#[test]
fn huge_files_are_not_read() {
    let sample = Sample::new();
    for path in FILES {
        sample.file(path, "");
        let file = fs::OpenOptions::new().write(true).open(sample.root().join(path)).unwrap();
        file.set_len(1 << 40).unwrap();
    }
    assert_nothing_is_known(&sample.read());
}

#[test]
fn folders_pipes_and_loops_in_the_place_of_files_are_not_known() {
    let (folders, loops, pipes) = (Sample::new(), Sample::new(), Sample::new());
    for path in FILES {
        folders.folder(path);
        let name = path.rsplit('/').next().unwrap();
        loops.link(path, name);
        let pipe = pipes.root().join(path);
        fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    }
    assert_nothing_is_known(&folders.read());
    assert_nothing_is_known(&loops.read());
    assert_nothing_is_known(&pipes.read());
}

#[test]
fn holders_may_go_in_circles() {
    let sample = Sample::new();
    sample.file("sys/block/sda/size", "4096\n");
    for (device, holder) in [("sda", "dm-0"), ("dm-0", "dm-1"), ("dm-1", "dm-0"), ("dm-1", "dm-1")] {
        sample.link(&format!("sys/block/{device}/holders/{holder}"), format!("/sys/block/{holder}"));
    }
    assert!(text_of(&sample.read()).contains("    disk \"sda\" size=\"2MiB\"\n"));
}

#[test]
fn a_tower_of_holders_ends() {
    let sample = Sample::new();
    sample.file("sys/block/sda/size", "4096\n");
    let layers = ["sda", "dm-0", "dm-1", "dm-2", "dm-3", "dm-4", "dm-5", "dm-6", "dm-7"];
    for (below, above) in layers.iter().zip(&layers[1..]) {
        for number in 0..10 {
            sample.link(&format!("sys/block/{below}/holders/{number}"), format!("/sys/block/{above}"));
        }
    }
    sample.file("sys/block/dm-7/dm/uuid", "CRYPT-LUKS2-0123456789abcdef0123456789abcdef-x\n");
    assert!(!text_of(&sample.read()).contains("encrypted"), "ten holders on each of eight layers");
}

#[test]
fn links_never_leave_the_root() {
    let outside = Sample::new();
    outside.file("secret", "6.6.6-outside\n");
    let secret = outside.root().join("secret");
    let upwards = format!("{}{}", "../".repeat(40), secret.strip_prefix("/").unwrap().display());
    for target in [secret.as_path(), Path::new(&upwards)] {
        let sample = Sample::new();
        sample.link("proc/sys/kernel/osrelease", target);
        assert_eq!(sample.read().kernel, None, "{}", target.display());
        sample.file(secret.strip_prefix("/").unwrap().to_str().unwrap(), "6.1.0-inside\n");
        assert_eq!(sample.read().kernel.as_deref(), Some("6.1.0-inside"), "both begin again at the root");
    }
}

#[test]
fn a_root_may_be_a_link_itself() {
    let sample = Sample::new();
    sample.file("tree/proc/sys/kernel/osrelease", "6.12.9\n");
    symlink("tree", sample.root().join("link")).unwrap();
    assert_eq!(read(&sample.root().join("link")).unwrap().kernel.as_deref(), Some("6.12.9"));
    assert!(matches!(read(Path::new("/proc/self/mem")), Err(FactsError::Root { .. })));
}

#[test]
fn a_claim_of_too_many_processors_ends() {
    let sample = Sample::new();
    sample
        .file("sys/devices/system/cpu/online", "0-65535\n")
        .file("sys/devices/system/node/node4294967295/cpulist", "0-65535\n");
    sample.folder("sys/devices/system/node/node4294967296").folder("sys/devices/system/node/node-1");
    let machine = sample.read();
    assert_eq!((machine.cpu.threads, machine.cpu.cores), (Some(65_536), None));
    assert_eq!(machine.numa.len(), 1);
}
