//! The placement as a picture: nodes by the values of labels, what runs on each, and how full it is.
//!
//! [`Picture`] is what is shown; [`html`] makes a page of it that needs nothing from elsewhere. The same repository gives the
//! same bytes.

mod html;
mod style;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use wlc_plan::{
    instance::WorkloadKind,
    name::{FleetName, LabelKey, NodeName, ReplicaName, WorkloadName},
};

pub use html::html;

use crate::{
    model::{Repository, node::Node},
    placement::{Placement, Utilisation},
};

/// What is shown.
#[derive(Debug)]
pub struct Picture {
    /// The fleet.
    pub fleet: FleetName,
    /// Each workload, by name.
    pub workloads: Vec<Workload>,
    /// Nodes by the values of the labels.
    pub groups: Group,
}

/// A workload of the legend.
#[derive(Debug)]
pub struct Workload {
    /// Its name.
    pub name: WorkloadName,
    /// Its kind.
    pub kind: WorkloadKind,
    /// How many replicas are placed.
    pub replicas: usize,
}

/// Nodes that have equal values of the labels so far.
#[derive(Debug, Default)]
pub struct Group {
    /// Those that differ in the next label: its value, or none, and its nodes.
    pub parts: Vec<(Title, Group)>,
    /// Those that are not divided further.
    pub nodes: Vec<Card>,
}

/// What the nodes of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Title {
    /// The label.
    pub label: LabelKey,
    /// Its value; none for nodes without the label.
    pub value: Option<String>,
}

/// A node.
#[derive(Debug)]
pub struct Card {
    /// Its name.
    pub name: NodeName,
    /// Its taints, by key.
    pub taints: Vec<String>,
    /// How full it is; none where it is gone.
    pub utilisation: Option<Utilisation>,
    /// What runs on it: the number of the workload in the legend, and the replica.
    pub replicas: Vec<(usize, ReplicaName)>,
}

impl Picture {
    /// Of a repository and its placement, divided by these labels.
    pub fn of(
        repository: &Repository,
        fleet: FleetName,
        placement: &Placement,
        utilisation: &BTreeMap<NodeName, Utilisation>,
        by: &[LabelKey],
    ) -> Self {
        let workload = |(name, replicas): (&WorkloadName, &BTreeMap<ReplicaName, _>)| Workload {
            name: name.clone(),
            kind: repository.workloads[name].kind(),
            replicas: replicas.len(),
        };
        let workloads = placement.workloads.iter().map(|(name, replicas)| workload((name, replicas)));
        let mut cards: Vec<(&Node, Card)> = cards(repository, placement, utilisation);
        cards.sort_by_cached_key(|(_, card)| natural(card.name.as_str()));
        Self { fleet, workloads: workloads.collect(), groups: divide(cards, by) }
    }

    /// All nodes.
    pub fn cards(&self) -> Vec<&Card> {
        self.groups.cards()
    }
}

impl Group {
    fn cards(&self) -> Vec<&Card> {
        self.nodes.iter().chain(self.parts.iter().flat_map(|(_, part)| part.cards())).collect()
    }
}

fn cards<'a>(
    repository: &'a Repository,
    placement: &Placement,
    utilisation: &BTreeMap<NodeName, Utilisation>,
) -> Vec<(&'a Node, Card)> {
    let mut replicas: BTreeMap<&NodeName, Vec<(usize, ReplicaName)>> = BTreeMap::new();
    for (number, placed) in placement.workloads.values().enumerate() {
        for (replica, placed) in placed {
            replicas.entry(&placed.node).or_default().push((number, replica.clone()));
        }
    }
    let card = |(name, node): (&NodeName, &'a Node)| {
        let mut replicas = replicas.remove(name).unwrap_or_default();
        replicas.sort_by(|(one, name), (other, other_name)| {
            (one, natural(name.as_str())).cmp(&(other, natural(other_name.as_str())))
        });
        let taints = node.taints.iter().map(|taint| taint.key.value.to_string()).collect();
        (node, Card { name: name.clone(), taints, utilisation: utilisation.get(name).copied(), replicas })
    };
    repository.nodes.iter().map(card).collect()
}

/// Nodes and their cards.
type Described<'a> = Vec<(&'a Node, Card)>;

/// Divides nodes by the first label, and each part by the others. A label that no node has divides nothing.
fn divide(cards: Vec<(&Node, Card)>, by: &[LabelKey]) -> Group {
    let Some((label, others)) = by.split_first() else {
        return Group { parts: Vec::new(), nodes: cards.into_iter().map(|(_, card)| card).collect() };
    };
    let value = |node: &Node| {
        node.labels.iter().find(|one| one.key.value == *label).map(|one| one.value.value.as_str().to_owned())
    };
    if cards.iter().all(|(node, _)| value(node).is_none()) {
        return divide(cards, others);
    }
    let mut parts: BTreeMap<Option<String>, Described<'_>> = BTreeMap::new();
    for (node, card) in cards {
        parts.entry(value(node)).or_default().push((node, card));
    }
    // Those without the label come last.
    let mut parts: Vec<(Option<String>, Described<'_>)> = parts.into_iter().collect();
    parts.sort_by_cached_key(|(value, _)| (value.is_none(), natural(value.as_deref().unwrap_or_default())));
    let part = |(value, cards)| (Title { label: label.clone(), value }, divide(cards, others));
    Group { parts: parts.into_iter().map(part).collect(), nodes: Vec::new() }
}

/// A name as people order it: `n2` before `n10`.
fn natural(name: &str) -> Vec<(String, u64, usize)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest.find(|sign: char| sign.is_ascii_digit()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(text);
        let digits = behind.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(behind.len());
        let (number, behind) = behind.split_at(digits);
        parts.push((word.to_owned(), number.parse().unwrap_or(0), number.len()));
        rest = behind;
    }
    parts
}
