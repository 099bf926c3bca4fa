//! What a new plan set does to what runs: told after each build, replica by replica.

use std::{collections::BTreeMap, path::Path};

use wlc_plan::{
    change::{Change, Why, change},
    instance::Instance,
    name::{NodeName, ReplicaName},
    node_plan::NodePlan,
    set::{Expectations, read_all},
};

use super::build;
use crate::{
    content::Content,
    publish::{Folder, Signers, list},
};

/// The replicas of a plan set, each with its node.
type Replicas = BTreeMap<ReplicaName, (NodeName, Instance)>;

/// The replicas of the set that lies in `out`; none where there is no set that can be read.
pub(super) fn published(out: &Path, content: &Content, signers: &Signers) -> Option<Replicas> {
    let expectations = Expectations {
        fleet: &content.fleet,
        trust: signers.all(),
        threshold: signers.threshold(),
        last: None,
        now: build::now(),
    };
    let set = read_all(&Folder::new(out), &list(out).ok()?, &expectations).ok()?;
    Some(replicas(set.nodes.values().map(|read| &read.plan)))
}

fn replicas<'a>(plans: impl Iterator<Item = &'a NodePlan>) -> Replicas {
    let all = plans.flat_map(|plan| plan.instances.iter().map(|one| (plan.node.clone(), one)));
    all.map(|(node, one)| (one.replica.clone(), (node, one.clone()))).collect()
}

/// One line for each kind of change, with the replicas that it concerns.
pub(super) fn lines(old: &Replicas, content: &Content) -> Vec<String> {
    let new = replicas(content.plans.values());
    let mut groups: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (replica, (node, instance)) in &new {
        let text = match old.get(replica) {
            None => Some(("new", format!("{replica} on {node}"))),
            Some((before, _)) if before != node => Some(("moved", format!("{replica} from {before} to {node}"))),
            Some((_, before)) => match change(before, instance) {
                Change::Nothing => None,
                Change::InPlace(_) => Some(("new contents in place", replica.to_string())),
                Change::Replace(Why::Revision) => Some(("replaced by a new revision", replica.to_string())),
                Change::Replace(Why::Binding) => Some(("replaced for another binding", replica.to_string())),
            },
        };
        if let Some((group, text)) = text {
            groups.entry(group).or_default().push(text);
        }
    }
    let gone = old.keys().filter(|replica| !new.contains_key(*replica)).map(ToString::to_string);
    let gone: Vec<String> = gone.collect();
    if !gone.is_empty() {
        groups.insert("gone", gone);
    }
    groups.into_iter().map(|(group, replicas)| line(group, &replicas)).collect()
}

fn line(group: &str, replicas: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = replicas.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = if replicas.len() > SHOWN { format!(" and {} more", replicas.len() - SHOWN) } else { String::new() };
    format!("  {group}: {} ({shown}{more})", replicas.len())
}
