//! Memory: what the kernel manages, less what belongs to a GPU and only shows up as a NUMA node of its own.

use wlc_plan::quantity::Bytes;

use super::numa::NumaNode;
use super::text;
use super::tree::Tree;

/// The memory for workloads: `MemTotal`, else the sum of the NUMA nodes; in both cases without a GPU's memory.
pub(super) fn read(tree: &Tree, numa: &[NumaNode]) -> Option<Bytes> {
    let lent = sum(numa.iter().filter(|node| node.gpu.is_some()));
    let total = tree.document("proc/meminfo").and_then(|document| total(&document));
    match total {
        Some(total) => Some(Bytes(total.0.saturating_sub(lent))),
        None => Some(Bytes(sum(numa.iter().filter(|node| node.gpu.is_none())))),
    }
    .filter(|memory| memory.0 > 0)
}

/// The `MemTotal` of `/proc/meminfo`; its `kB` are KiB.
pub(super) fn total(document: &str) -> Option<Bytes> {
    text::kibibytes(&text::value(document, "MemTotal")?)
}

fn sum<'a>(nodes: impl Iterator<Item = &'a NumaNode>) -> u64 {
    nodes.filter_map(|node| node.memory).fold(0, |sum, memory| sum.saturating_add(memory.0))
}
