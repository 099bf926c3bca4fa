//! The content that one node reads: its plan, and the specs and contents that the plan names.
//!
//! An instance whose spec this version does not understand is set aside by name; all others are carried out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, de::DeserializeOwned};

use super::{Refusal, SetFile};
use crate::{
    canonical::{self, CanonicalError},
    content::ConfigContent,
    digest::Digest,
    format,
    instance::Instance,
    name::{FleetName, NodeName},
    node_plan::{NodePlan, ReadNodePlan, Unreadable},
    spec::PodSpec,
    validate::validate,
};

/// What one node must do, with everything that it needs for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeContent {
    /// The plan; instances that cannot be read are set aside in it.
    pub plan: ReadNodePlan,
    /// The pod specs by the digest of their files.
    pub specs: BTreeMap<Digest, PodSpec>,
    /// The contents of configs by the digest of their files.
    pub contents: BTreeMap<Digest, ConfigContent>,
}

/// The bytes of a spec or content, or the reason why they are missing.
pub type Piece = Result<Vec<u8>, String>;

/// Puts the content of a node together from bytes whose digests have been verified.
///
/// A piece that is missing, or that this version does not understand, sets aside the instances that name it.
pub fn assemble(
    fleet: &FleetName,
    node: &NodeName,
    plan: &[u8],
    specs: &BTreeMap<Digest, Piece>,
    contents: &BTreeMap<Digest, Piece>,
) -> Result<NodeContent, Refusal> {
    let file = SetFile::Plan(node.clone(), Digest::of(plan));
    let read = read_plan(&file, plan)?;
    check_owner(&file, &read.plan, fleet, node)?;
    let (specs, broken_specs) = decode_pieces::<PodSpec>(specs)?;
    let (contents, broken_contents) = decode_pieces::<ConfigContent>(contents)?;
    let broken = Broken { pieces: [broken_specs, broken_contents], specs: &specs };
    let plan = set_aside(read, &broken);
    let findings = validate(&plan.plan, &specs, &contents);
    if findings.is_empty() {
        Ok(NodeContent { plan, specs, contents })
    } else {
        Err(Refusal::PlanInvalid { file, findings })
    }
}

fn read_plan(file: &SetFile, bytes: &[u8]) -> Result<ReadNodePlan, Refusal> {
    format::peek(bytes).map_err(|error| Refusal::of_format(file, error))?;
    NodePlan::decode(bytes).map_err(|error| Refusal::of_value(file, error))
}

fn check_owner(file: &SetFile, plan: &NodePlan, fleet: &FleetName, node: &NodeName) -> Result<(), Refusal> {
    if plan.fleet != *fleet {
        let (expected, found) = (fleet.clone(), plan.fleet.clone());
        return Err(Refusal::AnotherFleet { file: file.clone(), expected, found });
    }
    if plan.node != *node {
        let (expected, found) = (node.clone(), plan.node.clone());
        return Err(Refusal::AnotherNode { file: file.clone(), expected, found });
    }
    Ok(())
}

/// Values by digest, and why some of them cannot be read.
type Decoded<T> = (BTreeMap<Digest, T>, BTreeMap<Digest, String>);

fn decode_pieces<T: Serialize + DeserializeOwned>(pieces: &BTreeMap<Digest, Piece>) -> Result<Decoded<T>, Refusal> {
    let mut values = BTreeMap::new();
    let mut broken = BTreeMap::new();
    for (digest, piece) in pieces {
        match piece.as_ref().map(|bytes| canonical::decode(bytes)) {
            Ok(Ok(value)) => drop(values.insert(*digest, value)),
            Ok(Err(CanonicalError::Json(error))) => drop(broken.insert(*digest, error.to_string())),
            Ok(Err(CanonicalError::Form)) => return Err(Refusal::NotCanonical { file: SetFile::Spec(*digest) }),
            Err(why) => drop(broken.insert(*digest, why.clone())),
        }
    }
    Ok((values, broken))
}

/// The pieces that cannot be used, and why.
struct Broken<'a> {
    pieces: [BTreeMap<Digest, String>; 2],
    specs: &'a BTreeMap<Digest, PodSpec>,
}

impl Broken<'_> {
    /// Why an instance cannot be carried out; none where it can.
    fn why(&self, instance: &Instance) -> Option<String> {
        let specs = std::iter::once(&instance.spec).chain(&instance.older).map(|reference| reference.spec);
        let swapped = instance.contents.iter().map(|swapped| swapped.content);
        let sources = instance.sources.iter().flat_map(|one| one.configs.values().copied());
        let named: BTreeSet<Digest> = specs.chain(swapped).chain(sources).collect();
        let mounted = named.iter().filter_map(|digest| self.specs.get(digest)).flat_map(PodSpec::contents);
        let all = named.iter().copied().chain(mounted);
        let reason = |digest| self.pieces.iter().find_map(|broken| broken.get(&digest).map(|why| (digest, why)));
        all.into_iter().find_map(reason).map(|(digest, why)| format!("`{}`: {why}", SetFile::Spec(digest)))
    }
}

fn set_aside(read: ReadNodePlan, broken: &Broken<'_>) -> ReadNodePlan {
    let ReadNodePlan { mut plan, mut unreadable } = read;
    let mut is_usable = |instance: &Instance| match broken.why(instance) {
        Some(why) => {
            unreadable.push(Unreadable { replica: instance.replica.clone(), why });
            false
        }
        None => true,
    };
    plan.instances.retain(&mut is_usable);
    plan.standbys.retain(|standby| is_usable(&standby.instance));
    unreadable.sort_by(|a, b| a.replica.cmp(&b.replica));
    ReadNodePlan { plan, unreadable }
}
