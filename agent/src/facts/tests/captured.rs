//! Ten captured machines: the whole block of each, against a text that was worked out from the tree by other means
//! (`lscpu --sysroot`, and reading the files).

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::read;
use super::sample::text_of;

macro_rules! captured {
    ($($stem:literal),+ $(,)?) => { [$(($stem, include_str!(concat!("captured/", $stem, ".facts.kdl")))),+] };
}

const MACHINES: [(&str, &str); 10] = captured![
    "128arm-2pa2n8cluster4co",
    "20em64t-hybrid-1p6c2t+2ca4co1t",
    "256ppc-8n8s4t",
    "2arm-2c",
    "2pa-pcidomain32bits",
    "40intel64-4n10c+pci-conflicts",
    "48amd64-4pa2n6c-sparse",
    "96em64t-4no4pa3ca2co",
    "nvidiagpunumanodes",
    "offline-cpu0-node0",
];

#[test]
fn each_captured_machine_gives_its_facts() {
    let Some(data) = std::env::var_os("WLC_TEST_DATA") else {
        skip("facts of captured machines: WLC_TEST_DATA is not set");
        return;
    };
    for (stem, expected) in MACHINES {
        // Tens of thousands of tiny files: in memory that takes a second, on a disk half a minute.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let root = unpack(&Path::new(&data).join(format!("sysfs/{stem}.tar.bz2")), folder.path());
        let machine = read(&root).unwrap();
        assert_eq!(text_of(&machine), expected, "{stem}");
    }
}

/// The expectations are facts blocks themselves, also where the archives are missing.
#[test]
fn each_expectation_is_kdl() {
    for (stem, expected) in MACHINES {
        let document = kdl::KdlDocument::parse_v2(expected).unwrap();
        assert_eq!(document.nodes().len(), 1, "{stem}");
    }
}

/// The only folder in the archive.
fn unpack(archive: &Path, folder: &Path) -> PathBuf {
    let status = Command::new("tar").arg("-xjf").arg(archive).arg("-C").arg(folder).status().unwrap();
    assert!(status.success(), "tar cannot unpack {}", archive.display());
    let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let root = entries.next().unwrap();
    assert!(entries.next().is_none());
    root
}

/// Says aloud that a test did not run, and notes it where the run of all tests collects such lines.
fn skip(what: &str) {
    eprintln!("SKIP {what}");
    if let Some(log) = std::env::var_os("WLC_SKIP_LOG") {
        let mut log = fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
        writeln!(log, "SKIP {what}").unwrap();
    }
}
