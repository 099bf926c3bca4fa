//! The table of `nvidia-smi`, and the running of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wlc_plan::quantity::Bytes;

use super::super::nvidia_smi::{merge, parse};
use super::super::{Mig, NvidiaSmiError, run_nvidia_smi, storage_size};
use super::sample::{Sample, text_of};

const TWO_CARDS: &str = "\
00000000:17:00.0, GPU-6f0d1c2b-3a49-5867-7685-94a3b2c1d0e9, NVIDIA H200, 143771, 550.90.07, Disabled
00000000:65:00.0, GPU-b2c1d0e9-94a3-7685-5867-3a496f0d1c2b, NVIDIA H200, 143771, 550.90.07, Enabled
";
const OLD_CARDS: &str = "\
00000035:04:00.0, GPU-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0, Tesla V100-SXM2-16GB, 16128, 418.87.01, [N/A]
00010000:B1:00.0, GPU-11111111-2222-3333-4444-555555555555, NVIDIA GeForce RTX 3090, 24576, 535.183.01, [N/A]
";

#[test]
fn the_table_is_read_and_merged_by_address() {
    let sample = Sample::new();
    for (address, numa) in [("0000:17:00.0", 0), ("0000:65:00.0", 1), ("0000:b1:00.0", 1)] {
        sample.pci(address, ["0x10de", "0x2335", "0x030200"], numa);
    }
    sample.pci("0000:c1:00.0", ["0x1002", "0x740f", "0x038000"], 1);
    let mut machine = sample.read();
    merge(&parse(TWO_CARDS), &mut machine.gpus);
    let text = text_of(&machine);
    let expected = "\
    gpu \"0000:17:00.0\" id=\"10de:2335\" vendor=\"nvidia\" model=\"H200\" memory=\"143771MiB\" numa=0 uuid=\"GPU-6f0d1c2b-3a49-5867-7685-94a3b2c1d0e9\" driver=\"550.90.07\"
    gpu \"0000:65:00.0\" id=\"10de:2335\" vendor=\"nvidia\" model=\"H200\" memory=\"143771MiB\" numa=1 uuid=\"GPU-b2c1d0e9-94a3-7685-5867-3a496f0d1c2b\" driver=\"550.90.07\" mig=#true
    gpu \"0000:b1:00.0\" id=\"10de:2335\" vendor=\"nvidia\" numa=1
    gpu \"0000:c1:00.0\" id=\"1002:740f\" vendor=\"amd\" numa=1
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn long_and_upper_case_addresses_are_the_kernels() {
    let cards = parse(OLD_CARDS);
    let addresses: Vec<String> = cards.iter().map(|card| card.address.to_string()).collect();
    assert_eq!(addresses, ["0035:04:00.0", "10000:b1:00.0"]);
    assert_eq!(cards[0].model.as_deref(), Some("Tesla V100-SXM2-16GB"));
    assert_eq!(cards[1].model.as_deref(), Some("GeForce RTX 3090"));
    assert_eq!((cards[0].memory, cards[0].mig), (Some(Bytes(16_128 << 20)), None));
}

#[test]
fn what_nvidia_smi_does_not_know_is_absent_and_keeps_what_the_kernel_knew() {
    let sick = "00000000:17:00.0, [Unknown Error], [Unknown Error], [GPU requires reset], 550.90.07, [Not Supported]\n";
    let cards = parse(sick);
    assert_eq!(
        (cards[0].uuid.clone(), cards[0].model.clone(), cards[0].memory, cards[0].mig),
        (None, None, None, None::<Mig>)
    );
    let sample = Sample::new();
    sample.pci("0000:17:00.0", ["0x10de", "0x2335", "0x030200"], 0);
    sample.file("proc/driver/nvidia/gpus/0000:17:00.0/information", "Model: \t\t NVIDIA H200\n");
    let mut machine = sample.read();
    merge(&cards, &mut machine.gpus);
    assert_eq!(machine.gpus[0].model.as_deref(), Some("H200"));
    assert_eq!(machine.gpus[0].driver.as_deref(), Some("550.90.07"));
}

#[test]
fn what_is_no_table_has_no_cards() {
    let outputs = [
        "",
        "No devices were found\n",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n",
        "pci.bus_id, uuid, name, memory.total [MiB], driver_version, mig.mode.current\n",
        ",,,,,\n\n\u{0},x",
        "00000000:17:00.9, GPU-1, a, 1, 1, Disabled\n",
    ];
    for output in outputs {
        assert!(parse(output).is_empty(), "{output}");
    }
    assert_eq!(parse("00000000:17:00.0\n").len(), 1, "an address alone is a card");
    assert_eq!(parse("00000000:17:00.0, GPU-1, a, 99999999999999999999, 1, Maybe")[0].memory, None);
}

/// A command in a folder of its own.
fn command(sample: &Sample, body: &str) -> PathBuf {
    sample.file("nvidia-smi", format!("#!/bin/sh\n{body}\n"));
    let path = sample.root().join("nvidia-smi");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn run(body: &str, limit: Duration) -> Result<String, NvidiaSmiError> {
    let sample = Sample::new();
    let path = command(&sample, body);
    // Another test may have forked while the file was open for writing: then the kernel says that it is busy.
    loop {
        match run_nvidia_smi(&path, limit) {
            Err(NvidiaSmiError::Start(error)) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
            result => return result,
        }
    }
}

#[test]
fn the_command_gets_the_query_and_its_output_is_returned() {
    let output = run("echo \"$LC_ALL\"; printf '%s\\n' \"$@\"", Duration::from_secs(20)).unwrap();
    let query = "--query-gpu=pci.bus_id,uuid,name,memory.total,driver_version,mig.mode.current";
    assert_eq!(output, format!("C\n{query}\n--format=csv,noheader,nounits\n"));
}

#[test]
fn each_failure_of_the_command_has_its_name() {
    let missing = run_nvidia_smi(&Sample::new().root().join("nvidia-smi"), Duration::from_secs(20));
    assert!(matches!(missing, Err(NvidiaSmiError::Start(_))));
    let failed = run("echo 'NVIDIA-SMI has failed'; exit 9", Duration::from_secs(20));
    assert!(matches!(failed, Err(NvidiaSmiError::Failed(status)) if status.code() == Some(9)));
    let garbage = run("printf '\\377\\376'", Duration::from_secs(20));
    assert!(matches!(garbage, Err(NvidiaSmiError::Output(_))));
}

#[test]
fn a_command_that_hangs_or_floods_is_left_in_time() {
    for body in ["exec sleep 600", "exec >&-; exec sleep 600", "exec yes"] {
        let start = Instant::now();
        assert!(run(body, Duration::from_millis(300)).is_err(), "{body}");
        assert!(start.elapsed() < Duration::from_secs(10), "{body}");
    }
}

#[test]
fn a_command_that_hangs_is_killed() {
    let sample = Sample::new();
    let note = sample.root().join("number");
    let result = run(&format!("echo $$ > {}; exec sleep 600", note.display()), Duration::from_secs(2));
    assert!(matches!(result, Err(NvidiaSmiError::TimedOut(_))));
    let process = fs::read_to_string(note).unwrap();
    assert!(!Path::new("/proc").join(process.trim()).exists());
}

#[test]
fn the_size_of_a_file_system_is_known_before_its_folder_exists() {
    let sample = Sample::new();
    let here = storage_size(sample.root()).unwrap();
    assert!(here.0 > 0);
    assert_eq!(storage_size(&sample.root().join("not/yet/made")).unwrap(), here);
}
