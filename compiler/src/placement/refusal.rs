//! Why one node cannot take one replica.

use wlc_plan::quantity::{Bytes, Cpu};

use crate::span::Span;

/// Why one node cannot take one replica, and the clause that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The clause that the node does not meet.
    pub span: Span,
    /// The reason as a group: nodes with equal groups are counted together.
    pub group: String,
    /// What this node has instead.
    pub detail: String,
    /// How near it was: 0 for a value that is not known, more for what is nearer.
    pub nearness: u64,
}

impl Refusal {
    /// A refusal without a measure of nearness.
    pub(super) fn new(span: Span, group: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { span, group: group.into(), detail: detail.into(), nearness: 0 }
    }

    /// Too little CPU is left, or it is not known how much there is.
    pub(super) fn cpu(span: Span, asked: Cpu, left: Option<Cpu>) -> Self {
        match left {
            Some(left) => Self { nearness: 2, ..Self::new(span, "cpu", format!("{left} of {asked} CPUs are free")) },
            None => Self::new(span, "cpu unknown", "its CPUs are unknown: it has no facts"),
        }
    }

    /// Too little memory is left, or it is not known how much there is.
    pub(super) fn memory(span: Span, asked: Bytes, left: Option<Bytes>) -> Self {
        match left {
            Some(left) => {
                Self { nearness: 2, ..Self::new(span, "memory", format!("{left} of {asked} memory are free")) }
            }
            None => Self::new(span, "memory unknown", "its memory is unknown: it has no facts"),
        }
    }
}
