//! Gates: the closed set of five conditions that an instance may wait for. Nothing else in a plan makes it wait.
//!
//! Each gate is bound to one step of the instance's life. The compiler lowers every strategy (rolling, ordered,
//! recreate, windows, failover) into gates; the agent has one evaluator for them.

use serde::{Deserialize, Serialize};

use crate::name::{ReplicaName, SlotName};

/// The step of an instance that a gate holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The first start of a replica that has no pod yet.
    FirstStart,
    /// The replacement of its pod by one of another revision or binding.
    Replace,
    /// Its removal for good.
    Leave,
}

/// A gate and the step that it guards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepGate {
    /// The step that waits.
    pub step: Step,
    /// What it waits for.
    pub gate: Gate,
}

/// A condition that an instance waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// Other instances have come so far, at the revision that the plan asks for.
    After(After<ReplicaName>),
    /// One of the places of a slot is free.
    Slot(Slot),
    /// This agent holds the lease of an identity.
    Lease(Lease),
    /// Nobody in the fleet has done this yet.
    Once(Once),
    /// The clock is inside one of the windows.
    Between(Between),
}

/// Waits until all of `of` have reached `until`. Between instances, and between the containers of a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After<Name> {
    /// Those that are waited for.
    pub of: Vec<Name>,
    /// How far they must have come.
    pub until: Condition,
}

/// How far an instance or container has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// It runs, and its startup probe has passed.
    Started,
    /// It is ready, and has been for its min-ready time.
    Ready,
    /// It has ended well.
    Complete,
    /// It exists no more. Of an instance that the plan asks for: nothing of it is left but what the plan asks for.
    Gone,
}

/// A counted place: at most `size` instances hold a place of the slot `name` at once.
///
/// What makes an instance hold one is said by `counts`. A replacement takes a place only of the slots that it will hold:
/// one that makes before it breaks takes none of a slot that counts what is missing, but waits while more than `size`
/// are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// What is shared, usually the name of the workload. Slots that count different things are different ones.
    pub name: SlotName,
    /// How many may hold a place at once; at least 1, or 0 where everything makes before it breaks.
    pub size: u32,
    /// What makes an instance hold a place.
    #[serde(default, skip_serializing_if = "Counts::is_default")]
    pub counts: Counts,
}

/// What makes an instance hold a place of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counts {
    /// It is replaced, or not ready for any other reason. Kubernetes: `maxUnavailable`.
    #[default]
    Missing,
    /// It has a second pod beside the one that it replaces. Kubernetes: `maxSurge`.
    Surge,
}

impl Counts {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The lease of an identity that may exist once in the fleet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// The replica whose identity is leased.
    pub identity: ReplicaName,
}

/// A thing that is done once in the fleet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Once {
    /// What is done, for example `migrate/v1:9af3…`.
    pub key: String,
}

/// Times at which a rollout may begin. One that has begun goes on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// IANA name of the time zone in which the windows are meant.
    pub zone: String,
    /// The windows; one of them suffices. None: the rollout is paused, begun or not.
    pub windows: Vec<Window>,
}

/// A window that returns each week.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The days on which it opens.
    pub days: Vec<Weekday>,
    /// Minute of the day at which it opens, 0 to 1439.
    pub from: u16,
    /// How many minutes it stays open, 1 to 10080.
    pub minutes: u16,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}
