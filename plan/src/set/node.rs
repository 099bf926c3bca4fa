//! What one node reads of a set.

use std::collections::BTreeMap;

use super::{
    Clock, Expectations, NodeContent, Novelty, ReadFile, Refusal, SetFile, Verdict, assemble, fetch, read_envelope,
};
use crate::{
    digest::Digest,
    head::{FileRef, Head},
    index::{Index, NodeFiles, Shard},
    name::{FleetName, NodeName, SignerName},
};

/// A set that a node may carry out.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The head.
    pub head: Head,
    /// The digest of the head's bytes.
    pub digest: Digest,
    /// The known signers that have signed it.
    pub signers: Vec<SignerName>,
    /// Whether the clock could judge its age.
    pub clock: Clock,
    /// Whether it was accepted before.
    pub novelty: Novelty,
    /// What the node must do.
    pub content: NodeContent,
    /// Every file as it was read.
    pub files: BTreeMap<SetFile, Vec<u8>>,
}

/// Reads and judges everything that `node` needs of the newest set.
pub fn read_node<R: ReadFile + ?Sized>(
    reader: &R,
    node: &NodeName,
    expectations: &Expectations<'_>,
) -> Result<Accepted, Verdict> {
    let envelope = read_envelope(reader, expectations)?;
    let mut files = envelope.files;
    let not_in_set = || Verdict::NodeNotInSet { generation: envelope.head.generation };
    let index = read_index(reader, &envelope.head, &mut files)?;
    let shard_file = index.shard_of(node).ok_or_else(not_in_set)?.file;
    let shard = read_shard(reader, shard_file, &mut files)?;
    let node_files = shard.nodes.get(node).ok_or_else(not_in_set)?;
    let content = read_content(reader, expectations.fleet, node, node_files, &mut files)?;
    Ok(Accepted {
        head: envelope.head,
        digest: envelope.digest,
        signers: envelope.signers,
        clock: envelope.clock,
        novelty: envelope.novelty,
        content,
        files,
    })
}

/// The files that were read so far.
pub(super) type Files = BTreeMap<SetFile, Vec<u8>>;

/// The index that a head names.
pub(super) fn read_index<R: ReadFile + ?Sized>(reader: &R, head: &Head, files: &mut Files) -> Result<Index, Verdict> {
    let file = SetFile::Index(head.index.sha256);
    let bytes = fetch_once(reader, &file, head.index, files)?;
    let index: Index = fetch::decode(&file, &bytes)?;
    if index.fleet != head.fleet {
        let (expected, found) = (head.fleet.clone(), index.fleet);
        return Err(Refusal::AnotherFleet { file, expected, found }.into());
    }
    if !index.shards.is_sorted_by(|a, b| a.first < b.first) {
        let problem = "its shards are not sorted by their first node";
        return Err(Refusal::IndexBroken { file, problem }.into());
    }
    Ok(index)
}

/// A shard of an index.
pub(super) fn read_shard<R: ReadFile + ?Sized>(
    reader: &R,
    promised: FileRef,
    files: &mut Files,
) -> Result<Shard, Verdict> {
    let file = SetFile::Index(promised.sha256);
    let bytes = fetch_once(reader, &file, promised, files)?;
    Ok(fetch::decode(&file, &bytes)?)
}

/// The content of one node.
pub(super) fn read_content<R: ReadFile + ?Sized>(
    reader: &R,
    fleet: &FleetName,
    node: &NodeName,
    node_files: &NodeFiles,
    files: &mut Files,
) -> Result<NodeContent, Verdict> {
    let plan_file = SetFile::Plan(node.clone(), node_files.plan.sha256);
    let plan = fetch_once(reader, &plan_file, node_files.plan, files)?;
    let mut pieces = |promised: &Vec<FileRef>| -> Result<BTreeMap<_, _>, Verdict> {
        let piece = |promised: &FileRef| {
            let file = SetFile::Spec(promised.sha256);
            fetch_once(reader, &file, *promised, files).map(|bytes| (promised.sha256, Ok(bytes)))
        };
        promised.iter().map(piece).collect()
    };
    let specs = pieces(&node_files.specs)?;
    let contents = pieces(&node_files.contents)?;
    Ok(assemble(fleet, node, &plan, &specs, &contents)?)
}

/// A file that may have been read before, since many nodes share specs.
fn fetch_once<R: ReadFile + ?Sized>(
    reader: &R,
    file: &SetFile,
    promised: FileRef,
    files: &mut Files,
) -> Result<Vec<u8>, Verdict> {
    if let Some(bytes) = files.get(file).filter(|bytes| bytes.len() as u64 == promised.size) {
        return Ok(bytes.clone());
    }
    let bytes = fetch::fetch(reader, file, promised)?;
    files.insert(file.clone(), bytes.clone());
    Ok(bytes)
}
