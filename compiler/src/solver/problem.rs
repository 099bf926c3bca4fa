//! What is to be placed where, in indices and whole numbers. Nothing here knows names, files or spans: nodes and workloads
//! come in the order in which ties are broken.

/// How many amounts a node has: CPU, memory, ephemeral storage, thousandths of devices.
pub const AMOUNTS: usize = 4;

/// Of each amount so much.
pub type Amounts = [u64; AMOUNTS];

/// The amounts by which a node is fuller than another: CPU and memory.
pub const WEIGHED: usize = 2;

/// The amount that is the sum of what is free of all devices.
pub const SHARES: usize = 3;

/// A whole device, in thousandths.
pub const WHOLE: u32 = 1_000;

/// No node, or no value of a label.
pub const NOWHERE: u32 = u32::MAX;

/// The key of which each node is a value of its own. Others are rows of [`Nodes::domains`], counted from 1.
pub const NODE: u32 = 0;

/// What is to be placed, and where it was.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// The nodes.
    pub nodes: Nodes,
    /// Which nodes may run a workload, ascending. Workloads share them.
    pub sets: Vec<Vec<u32>>,
    /// The workloads.
    pub workloads: Vec<Workload>,
    /// Where each replica was, those of the first workload first; [`NOWHERE`] for a new one.
    pub homes: Vec<u32>,
    /// Whether each replica can be at home or nowhere.
    pub bound: Vec<bool>,
    /// So many replicas may leave a home that they could keep, to make room for others.
    pub most_moves: u32,
}

/// The nodes, column by column.
#[derive(Debug, Clone, Default)]
pub struct Nodes {
    /// What each has for replicas.
    pub all: Vec<Amounts>,
    /// What is left of that before anything is placed.
    pub free: Vec<Amounts>,
    /// How many replicas are there before anything is placed.
    pub there: Vec<u32>,
    /// How many replicas each takes in all.
    pub most: Vec<u32>,
    /// Host ports that are taken before anything is placed, where there are any.
    pub ports: Vec<(u32, Port)>,
    /// The devices of each node, ascending by node.
    pub devices: Vec<Device>,
    /// For each key but [`NODE`], the value that each node has, counted from 0; [`NOWHERE`] where it has none.
    pub domains: Vec<Vec<u32>>,
}

/// A host port. Two of one number collide where either has no address, or both the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// Number and protocol as one.
    pub number: u32,
    /// The address, counted from 1; 0 is every address.
    pub address: u32,
}

/// A device of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Its node.
    pub node: u32,
    /// What kind it is, below 64.
    pub kind: u8,
    /// What is free of it, in thousandths.
    pub free: u32,
}

/// Replicas that ask the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workload {
    /// How many there are.
    pub replicas: u32,
    /// What each takes.
    pub demand: Amounts,
    /// The nodes that may run it: an index into [`Problem::sets`].
    pub set: u32,
    /// Host ports.
    pub ports: Vec<Port>,
    /// The devices that each takes.
    pub devices: Option<DeviceDemand>,
    /// Whose replicas it does not share a value with. Each rule holds both ways.
    pub apart: Vec<Relation>,
    /// Whose replicas it shares a value with.
    pub near: Vec<Relation>,
    /// Evenness that must hold.
    pub spread: Vec<Spread>,
    /// How many of its replicas one node takes; 0 for as many as fit.
    pub at_most: u32,
    /// Its node takes nothing beside a replica.
    pub exclusive: bool,
    /// Replicas without room are left out, and nothing moves for them.
    pub optional: bool,
    /// It asks for more than it had: it keeps its homes only after all others have theirs.
    pub grown: bool,
}

/// Devices that a replica takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceDemand {
    /// How many different ones.
    pub count: u32,
    /// What of each, in thousandths.
    pub share: u32,
    /// One bit for each kind that will do.
    pub kinds: u64,
}

/// A rule about another workload, or about a workload's own replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// The other workload.
    pub other: u32,
    /// The key whose values are compared.
    pub key: u32,
}

/// By how many replicas the fullest value may be ahead of the emptiest. Nodes without a value take none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The key whose values are compared.
    pub key: u32,
    /// By so many.
    pub max_skew: u32,
    /// With fewer values than this, the emptiest counts as having no replica.
    pub min_domains: u32,
}

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// The node of each replica; [`NOWHERE`] where none took it.
    pub at: Vec<u32>,
    /// The devices of replicas that have some: replica and index into [`Nodes::devices`], ascending.
    pub devices: Vec<(u32, u32)>,
    /// How many replicas could not stay at home.
    pub forced: u32,
    /// How many others are away from home.
    pub moves: u32,
    /// The work that was done, in steps of a search for room.
    pub steps: u64,
}

impl Problem {
    /// How many replicas there are in all.
    pub fn replicas(&self) -> usize {
        self.workloads.iter().map(|workload| workload.replicas as usize).sum()
    }
}

impl Nodes {
    /// How many nodes there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The value that a node has of a key.
    pub fn domain(&self, key: u32, node: u32) -> u32 {
        if key == NODE { node } else { self.domains[key as usize - 1][node as usize] }
    }
}

impl Port {
    /// Whether one node cannot have both.
    pub fn collides(self, other: Self) -> bool {
        let shares_address = self.address == 0 || other.address == 0 || self.address == other.address;
        self.number == other.number && shares_address
    }
}

impl Solution {
    /// The replicas that have no node.
    pub fn unplaced(&self) -> impl Iterator<Item = u32> {
        let all = self.at.iter().zip(0u32..);
        all.filter(|(node, _)| **node == NOWHERE).map(|(_, replica)| replica)
    }
}
