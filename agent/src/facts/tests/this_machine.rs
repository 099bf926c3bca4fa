//! This machine, with sysinfo as the second opinion.

use std::collections::BTreeSet;
use std::path::Path;

use sysinfo::{Networks, System};

use super::super::{collect, read, storage_size};
use super::sample::text_of;

#[test]
fn cores_threads_memory_and_kernel_agree_with_sysinfo() {
    let machine = read(Path::new("/")).unwrap();
    let system = System::new_all().unwrap();
    assert_eq!(machine.cpu.threads.map(|threads| threads as usize), Some(system.cpus().len()));
    assert_eq!(machine.cpu.cores.map(|cores| cores as usize), System::physical_core_count().ok());
    assert_eq!(machine.cpu.arch, Some(System::cpu_arch()));
    assert_eq!(machine.kernel, System::kernel_version().ok());
    let (ours, theirs) = (machine.memory.unwrap().0, system.total_memory());
    assert!(ours.abs_diff(theirs) <= theirs / 100, "{ours} {theirs}");
}

#[test]
fn every_interface_is_one_that_sysinfo_sees() {
    let machine = read(Path::new("/")).unwrap();
    let networks = Networks::new_with_refreshed_list().unwrap();
    let seen: BTreeSet<String> = networks.keys().map(|name| name.to_string_lossy().into_owned()).collect();
    for nic in &machine.nics {
        assert!(seen.contains(&nic.name), "{} is not in {seen:?}", nic.name);
    }
    let physical = seen.iter().filter(|name| Path::new("/sys/class/net").join(name).join("device").exists()).count();
    assert_eq!(machine.nics.len(), physical);
}

#[test]
fn this_machine_is_collected_twice_alike() {
    let folder = tempfile::tempdir().unwrap();
    let first = collect(Path::new("/"), folder.path()).unwrap();
    assert_eq!(first.storage, storage_size(folder.path()).ok());
    assert_eq!(first, collect(Path::new("/"), folder.path()).unwrap(), "what changes by itself is no fact");
    let text = text_of(&first);
    assert!(kdl::KdlDocument::parse_v2(&text).is_ok(), "{text}");
}
