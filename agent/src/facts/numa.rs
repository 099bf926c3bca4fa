//! NUMA nodes: the online processors and the memory of each. Numbers may have gaps, and a node may have only memory.

use serde::Serialize;
use wlc_plan::quantity::Bytes;

use super::cpu_set::CpuSet;
use super::nvidia_driver::NvidiaDriver;
use super::pci_address::PciAddress;
use super::text;
use super::tree::Tree;

const FOLDER: &str = "sys/devices/system/node";

/// One NUMA node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NumaNode {
    /// The kernel's number of the node.
    pub number: u32,
    /// Its online processors; empty for a node that has only memory.
    pub cpus: CpuSet,
    /// The memory that the kernel manages there.
    pub memory: Option<Bytes>,
    /// The GPU whose own memory this is.
    pub gpu: Option<PciAddress>,
}

/// Reads the nodes by number. One that has neither an online processor nor memory is left out.
pub(super) fn read(tree: &Tree, online: &CpuSet, driver: &NvidiaDriver) -> Vec<NumaNode> {
    let numbers = tree.names(FOLDER).into_iter().filter_map(|name| name.strip_prefix("node")?.parse().ok());
    let nodes = numbers.map(|number| node(tree, number, online, driver));
    let mut nodes: Vec<NumaNode> = nodes.filter(|node| !node.cpus.is_empty() || node.memory.is_some()).collect();
    nodes.sort_by_key(|node| node.number);
    nodes.dedup_by_key(|node| node.number);
    nodes
}

fn node(tree: &Tree, number: u32, online: &CpuSet, driver: &NvidiaDriver) -> NumaNode {
    let file = |name: &str| format!("{FOLDER}/node{number}/{name}");
    let cpus = CpuSet::read(tree, &file("cpulist"), &file("cpumap"));
    NumaNode {
        number,
        cpus: cpus.unwrap_or_default().intersection(online),
        memory: tree.document(&file("meminfo")).and_then(|document| memory(&document)).filter(|memory| memory.0 > 0),
        gpu: driver.gpu_of_node(number),
    }
}

/// The `MemTotal` of a node's `meminfo`, whose lines begin with `Node 0`.
fn memory(document: &str) -> Option<Bytes> {
    let line = document.lines().find(|line| line.contains(" MemTotal:"))?;
    text::kibibytes(&text::clean(line.split_once(':')?.1)?)
}
