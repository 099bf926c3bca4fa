//! Processors: which are online, how many cores they make, and what they are. An offline processor counts for nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use super::cpu_info::CpuInfo;
use super::cpu_set::CpuSet;
use super::tree::Tree;

const FOLDER: &str = "sys/devices/system/cpu";

/// The processors of a machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cpu {
    /// The instruction set as `uname -m` names it: `x86_64`, `aarch64`.
    pub arch: Option<String>,
    /// The maker as the kernel names it: `AuthenticAMD`, `GenuineIntel`; of Arm's implementer numbers the maker's name.
    pub vendor: Option<String>,
    /// The model without the maker's name and decoration: `EPYC 9354`.
    pub model: Option<String>,
    /// The cores with at least one online thread.
    pub cores: Option<u32>,
    /// The online threads, which is what the kernel schedules on.
    pub threads: Option<u32>,
    /// The features that every processor has, as the kernel spells them, sorted.
    pub features: Vec<String>,
}

/// What identifies the core of a thread.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Core {
    /// The first online thread of the core.
    FirstThread(u32),
    /// Package and number inside the package.
    Position(String, String),
}

/// Reads the processors that `online` names.
pub(super) fn read(tree: &Tree, online: &CpuSet, kernel: Option<&str>) -> Cpu {
    let info = CpuInfo::read(tree);
    Cpu {
        arch: kernel_arch(tree).or_else(|| info.arch(tree.text("sys/kernel/cpu_byteorder").as_deref(), kernel)),
        vendor: info.vendor,
        model: info.model,
        cores: count_cores(tree, online).or(info.cores).filter(|cores| *cores > 0),
        threads: Some(online.count()).filter(|threads| *threads > 0),
        features: info.features,
    }
}

/// The kernel's own name for the instruction set; kernels before 6.1 do not say it.
fn kernel_arch(tree: &Tree) -> Option<String> {
    let is_name = |text: &String| {
        text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    tree.text("proc/sys/kernel/arch").filter(is_name)
}

/// The processors that are online: the kernel's own list, else each processor's folder, else `/proc/cpuinfo`.
pub(super) fn online(tree: &Tree) -> CpuSet {
    let list = tree.line(&format!("{FOLDER}/online")).and_then(|line| CpuSet::parse_list(&line));
    list.filter(|list| !list.is_empty())
        .or_else(|| online_folders(tree))
        .unwrap_or_else(|| CpuInfo::read(tree).processors)
}

fn online_folders(tree: &Tree) -> Option<CpuSet> {
    let numbers = tree.names(FOLDER).into_iter().filter_map(|name| name.strip_prefix("cpu")?.parse::<u32>().ok());
    let on = |number: &u32| tree.text(&format!("{FOLDER}/cpu{number}/online")).as_deref() != Some("0");
    let online: CpuSet = numbers.filter(on).collect();
    (!online.is_empty()).then_some(online)
}

/// The cores of the online threads; absent when the topology of one of them is.
fn count_cores(tree: &Tree, online: &CpuSet) -> Option<u32> {
    let cores: Option<BTreeSet<Core>> = online.iter().map(|number| core(tree, number, online)).collect();
    u32::try_from(cores?.len()).ok()
}

fn core(tree: &Tree, number: u32, online: &CpuSet) -> Option<Core> {
    let file = |name: &str| format!("{FOLDER}/cpu{number}/topology/{name}");
    let siblings = CpuSet::read(tree, &file("core_cpus_list"), &file("core_cpus"))
        .or_else(|| CpuSet::read(tree, &file("thread_siblings_list"), &file("thread_siblings")));
    match siblings.and_then(|siblings| siblings.intersection(online).iter().next()) {
        Some(first) => Some(Core::FirstThread(first)),
        None => Some(Core::Position(tree.text(&file("physical_package_id"))?, tree.text(&file("core_id"))?)),
    }
}
