//! A whole set, for `wlc verify` and for clearing up: every node, every file, and the files that belong to no set.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Envelope, Expectations, ReadFile, Refusal, SetFile, Verdict, fetch,
    node::{Files, read_content, read_index, read_shard},
    read_envelope,
};
use crate::{
    head::{Generation, Head},
    index::{Index, NodeFiles},
    name::NodeName,
    node_plan::ReadNodePlan,
};

/// A whole set as it was read.
#[derive(Debug)]
pub struct WholeSet {
    /// The envelope.
    pub envelope: Envelope,
    /// The plan of every node that is in order.
    pub nodes: BTreeMap<NodeName, ReadNodePlan>,
    /// The files that belong to the set.
    pub files: BTreeSet<SetFile>,
    /// Files that belong to an earlier set, or to one that waits for signatures.
    pub others: BTreeSet<SetFile>,
    /// Listed paths that belong to no set whose head is there.
    pub orphans: Vec<String>,
    /// What is wrong with nodes and files; empty where the set is in order.
    pub problems: Vec<Problem>,
}

/// A part of a set that is not in order.
#[derive(Debug)]
pub struct Problem {
    /// The node whose part it is; none where it concerns several.
    pub node: Option<NodeName>,
    /// What is wrong.
    pub verdict: Verdict,
}

/// Reads every file of the newest set. `listed` are the paths of all files that are there.
///
/// An envelope that does not hold ends the reading; everything behind it is gathered in [`WholeSet::problems`].
pub fn read_all<R: ReadFile + ?Sized>(
    reader: &R,
    listed: &[String],
    expectations: &Expectations<'_>,
) -> Result<WholeSet, Verdict> {
    let envelope = read_envelope(reader, expectations)?;
    let mut files: Files = envelope.files.clone();
    let (nodes, problems) = read_content_of(reader, &envelope.head, &mut files);
    let mut files: BTreeSet<_> = files.into_keys().collect();
    files.extend(signatures(listed, envelope.head.generation));
    let others = files_of_others(reader, listed, envelope.head.generation);
    let belongs =
        |path: &String| SetFile::parse(path).is_some_and(|file| files.contains(&file) || others.contains(&file));
    let orphans = listed.iter().filter(|path| !belongs(path)).cloned().collect();
    Ok(WholeSet { envelope, nodes, files, others, orphans, problems })
}

/// Reads everything behind a head, whoever signed it. The answer: the plan of every node that is in order, and what is
/// wrong with the others; `files` gets every file that was read.
pub fn read_content_of<R: ReadFile + ?Sized>(
    reader: &R,
    head: &Head,
    files: &mut BTreeMap<SetFile, Vec<u8>>,
) -> (BTreeMap<NodeName, ReadNodePlan>, Vec<Problem>) {
    let mut nodes = BTreeMap::new();
    let mut problems = Vec::new();
    for (node, node_files) in read_nodes(reader, head, files, &mut problems) {
        match read_content(reader, &head.fleet, &node, &node_files, files) {
            Ok(content) => drop(nodes.insert(node, content.plan)),
            Err(verdict) => problems.push(Problem { node: Some(node), verdict }),
        }
    }
    (nodes, problems)
}

/// The files that the head of `generation` names, and itself. Nothing but digests is judged.
pub fn files_of<R: ReadFile + ?Sized>(reader: &R, generation: Generation) -> Result<BTreeSet<SetFile>, Verdict> {
    let file = SetFile::Head(generation);
    let bytes = fetch::read(reader, &file, file.limit())?.ok_or(Verdict::NoSet)?;
    let head: Head = fetch::decode(&file, &bytes)?;
    let mut files = Files::new();
    let index = read_index(reader, &head, &mut files)?;
    let mut named = BTreeSet::from([file]);
    for shard in &index.shards {
        for (node, node_files) in read_shard(reader, shard.file, &mut files)?.nodes {
            let pieces = node_files.specs.iter().chain(&node_files.contents);
            named.extend(pieces.map(|piece| SetFile::Spec(piece.sha256)));
            named.insert(SetFile::Plan(node, node_files.plan.sha256));
        }
    }
    named.extend(files.into_keys());
    Ok(named)
}

/// The nodes of all shards that can be read.
fn read_nodes<R: ReadFile + ?Sized>(
    reader: &R,
    head: &Head,
    files: &mut Files,
    problems: &mut Vec<Problem>,
) -> Vec<(NodeName, NodeFiles)> {
    let mut add = |verdict| problems.push(Problem { node: None, verdict });
    let index = match read_index(reader, head, files) {
        Ok(index) => index,
        Err(verdict) => {
            add(verdict);
            return Vec::new();
        }
    };
    let mut nodes = Vec::new();
    for (at, shard) in index.shards.iter().enumerate() {
        match read_shard(reader, shard.file, files) {
            Ok(found) => {
                if let Some(problem) = misplaced(&index, at, &found.nodes) {
                    add(Refusal::IndexBroken { file: SetFile::Index(shard.file.sha256), problem }.into());
                }
                nodes.extend(found.nodes);
            }
            Err(verdict) => add(verdict),
        }
    }
    nodes
}

/// What is wrong with the place of a shard's nodes.
fn misplaced(index: &Index, at: usize, nodes: &BTreeMap<NodeName, NodeFiles>) -> Option<&'static str> {
    if nodes.keys().next() != Some(&index.shards[at].first) {
        return Some("it does not begin with the node that the index says");
    }
    let next = index.shards.get(at + 1).map(|shard| &shard.first);
    let reaches_over = next.is_some_and(|next| nodes.keys().next_back().is_some_and(|last| last >= next));
    reaches_over.then_some("it names nodes that belong to the next shard")
}

fn signatures(listed: &[String], of: Generation) -> impl Iterator<Item = SetFile> {
    listed.iter().filter_map(|path| SetFile::parse(path)).filter(move |file| match file {
        SetFile::Signature(generation, _) => *generation == of,
        SetFile::Pointer | SetFile::Head(_) | SetFile::Index(_) | SetFile::Plan(..) | SetFile::Spec(_) => false,
    })
}

/// The files of all other sets whose heads are there.
fn files_of_others<R: ReadFile + ?Sized>(reader: &R, listed: &[String], newest: Generation) -> BTreeSet<SetFile> {
    let mut others = BTreeSet::new();
    for file in listed.iter().filter_map(|path| SetFile::parse(path)) {
        match file {
            SetFile::Head(generation) if generation != newest => {
                others.extend(files_of(reader, generation).unwrap_or_default());
                others.extend(signatures(listed, generation));
            }
            SetFile::Head(_)
            | SetFile::Pointer
            | SetFile::Signature(..)
            | SetFile::Index(_)
            | SetFile::Plan(..)
            | SetFile::Spec(_) => {}
        }
    }
    others
}
