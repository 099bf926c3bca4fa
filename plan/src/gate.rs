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
    /// It exists no more.
    Gone,
}

/// A counted place: at most `size` instances hold a place of the slot `name` at once.
///
/// An instance holds one while it is replaced, and while it is not ready for any other reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// What is shared, usually the name of the workload.
    pub name: SlotName,
    /// How many may hold a place at once; at least 1.
    pub size: u32,
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

/// Times at which a step may begin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// IANA name of the time zone in which the windows are meant.
    pub zone: String,
    /// The windows; one of them suffices.
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
