//! The index of a plan set: which files each node reads.
//!
//! It is cut into shards, so that a node of a large fleet reads a small part of it: about √n shards of √n nodes; a small
//! fleet has one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    format::Format,
    head::FileRef,
    name::{FleetName, NodeName},
};

/// Fleets of up to this many nodes have one shard.
pub const NODES_OF_ONE_SHARD: usize = 64;

/// The top of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The format of the file.
    pub format: Format,
    /// The fleet.
    pub fleet: FleetName,
    /// The shards, sorted by their first node; together they name every node.
    pub shards: Vec<ShardRef>,
}

/// A shard and the first node that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardRef {
    /// The first node of the shard; the shard ends before the first node of the next.
    pub first: NodeName,
    /// The shard's file, which lies beside the index.
    pub file: FileRef,
}

/// A part of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// The format of the file.
    pub format: Format,
    /// What each node reads.
    pub nodes: BTreeMap<NodeName, NodeFiles>,
}

/// The files that one node reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeFiles {
    /// Its plan.
    pub plan: FileRef,
    /// The pod specs that its plan names, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub specs: Vec<FileRef>,
    /// The contents that its plan and specs name, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<FileRef>,
}

impl Index {
    /// The shard that would name `node`.
    pub fn shard_of(&self, node: &NodeName) -> Option<&ShardRef> {
        let behind = self.shards.partition_point(|shard| shard.first <= *node);
        behind.checked_sub(1).map(|at| &self.shards[at])
    }
}

/// Cuts the nodes of a fleet into shards of nearly equal size.
pub fn shards(nodes: &BTreeMap<NodeName, NodeFiles>) -> Vec<Shard> {
    let count = if nodes.len() <= NODES_OF_ONE_SHARD { 1 } else { nodes.len().isqrt() };
    let size = nodes.len().div_ceil(count).max(1);
    let nodes: Vec<_> = nodes.iter().map(|(name, files)| (name.clone(), files.clone())).collect();
    nodes.chunks(size).map(|part| Shard { format: Format::V1, nodes: part.iter().cloned().collect() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(size: usize) -> BTreeMap<NodeName, NodeFiles> {
        let files = NodeFiles { plan: FileRef::of(b""), specs: Vec::new(), contents: Vec::new() };
        (0..size).map(|number| (NodeName::parse(&format!("n{number}")).unwrap(), files.clone())).collect()
    }

    #[test]
    fn every_node_is_found_in_its_shard() {
        for size in [0, 1, 64, 65, 100, 1_000] {
            let nodes = fleet(size);
            let shards = shards(&nodes);
            assert!(shards.len() <= 1 || (shards.len() as f64) < 2.0 * (size as f64).sqrt());
            let refs = shards.iter().map(|shard| ShardRef {
                first: shard.nodes.keys().next().unwrap().clone(),
                file: FileRef::of(&crate::canonical::encode(shard)),
            });
            let index = Index { format: Format::V1, fleet: FleetName::parse("f").unwrap(), shards: refs.collect() };
            for node in nodes.keys() {
                let found = index.shard_of(node).unwrap();
                let shard = shards.iter().find(|shard| FileRef::of(&crate::canonical::encode(*shard)) == found.file);
                assert!(shard.unwrap().nodes.contains_key(node), "{node}");
            }
        }
    }
}
