//! The placement plan of one node.
//!
//! It is content: no generation, no time. The same placement has the same bytes, whoever builds it and when.
//! An instance that a reader cannot read is refused alone: the plan keeps its text, and the others are carried out.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    canonical::{self, CanonicalError},
    format::Format,
    instance::{Instance, Leaving},
    name::{FleetName, NodeName, ReplicaName, VolumeName},
    quantity::Bytes,
};

/// What one node must do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodePlan {
    /// The format of the file.
    pub format: Format,
    /// The fleet that the plan belongs to.
    pub fleet: FleetName,
    /// The node that it is for.
    pub node: NodeName,
    /// The replicas placed here, sorted by name.
    pub instances: Vec<Instance>,
    /// Replicas that leave in order, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<Leaving>,
    /// Volumes of claims, sorted by replica and claim.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<ClaimVolume>,
    /// Instances that run here only while another node is down, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standbys: Vec<Standby>,
    /// Which addresses the pods of the fleet have here.
    #[serde(default, skip_serializing_if = "IpFamily::is_default")]
    pub ip_family: IpFamily,
}

/// Which addresses pods have in the fleet's network. Kubernetes: `ipFamilyPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IpFamily {
    /// One of IPv4.
    #[default]
    Ipv4,
    /// One of IPv4 and one of IPv6.
    Dual,
}

impl IpFamily {
    /// Whether it is what a plan that says nothing of it means.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A volume that belongs to a replica and outlives its pods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimVolume {
    /// The replica.
    pub replica: ReplicaName,
    /// The claim's name in its workload.
    pub claim: VolumeName,
    /// The size that was counted at build.
    pub size: Bytes,
    /// Whether the volume must exist already: a replica never starts on a silently empty disk.
    pub data: ClaimData,
}

/// Whether a claim's volume holds data already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimData {
    /// The volume may be made empty.
    New,
    /// The volume must be there.
    Existing,
}

/// An instance that runs here only while another node is down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standby {
    /// The node that must be down.
    pub down: NodeName,
    /// What runs then.
    pub instance: Instance,
}

/// A node plan as a reader finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadNodePlan {
    /// The plan with all instances that this version can read.
    pub plan: NodePlan,
    /// The instances that it cannot read, sorted by name.
    pub unreadable: Vec<Unreadable>,
}

/// An instance that this version cannot read: it is refused alone, and what runs of it is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The replica's name.
    pub replica: ReplicaName,
    /// What this version does not know.
    pub why: String,
}

/// The file with its instances unread.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Loose<'a> {
    format: Format,
    fleet: FleetName,
    node: NodeName,
    #[serde(borrow)]
    instances: Vec<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    leaving: Vec<Leaving>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<ClaimVolume>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    standbys: Vec<Standby>,
    #[serde(default, skip_serializing_if = "IpFamily::is_default")]
    ip_family: IpFamily,
}

impl NodePlan {
    /// The canonical bytes of the plan.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads a plan; instances that this version does not understand are set aside by name.
    pub fn decode(bytes: &[u8]) -> Result<ReadNodePlan, CanonicalError> {
        let loose: Loose<'_> = serde_json::from_slice(bytes)?;
        if canonical::encode(&loose) != bytes {
            return Err(CanonicalError::Form);
        }
        let mut instances = Vec::new();
        let mut unreadable = Vec::new();
        for raw in loose.instances {
            match serde_json::from_str::<Instance>(raw.get()) {
                Ok(instance) if is_canonical(&instance, raw) => instances.push(instance),
                Ok(_) => return Err(CanonicalError::Form),
                Err(error) => unreadable.push(Unreadable { replica: name_of(raw)?, why: error.to_string() }),
            }
        }
        let Loose { format, fleet, node, instances: _, leaving, volumes, standbys, ip_family } = loose;
        let plan = NodePlan { format, fleet, node, instances, leaving, volumes, standbys, ip_family };
        Ok(ReadNodePlan { plan, unreadable })
    }
}

fn is_canonical(instance: &Instance, raw: &RawValue) -> bool {
    canonical::encode(instance).strip_suffix(b"\n") == Some(raw.get().as_bytes())
}

fn name_of(raw: &RawValue) -> Result<ReplicaName, serde_json::Error> {
    #[derive(Deserialize)]
    struct Named {
        replica: ReplicaName,
    }
    serde_json::from_str::<Named>(raw.get()).map(|named| named.replica)
}
