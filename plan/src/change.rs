//! Does a change restart the container?
//!
//! The answer is the same for the compiler, which shows it before the deploy, and for the agent, which acts by it:
//! another revision or another binding replaces the pod; another content that is mounted with `on-change` other than
//! `restart` is swapped in place; everything else changes nothing that runs.

use crate::{
    binding::Turn,
    instance::{Instance, SwappedContent},
};

/// What a new plan does to an instance that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing that runs is touched.
    Nothing,
    /// These contents are swapped in their folders.
    InPlace(Vec<SwappedContent>),
    /// The pod is replaced.
    Replace(Why),
}

/// Why a pod is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The pod template is another one.
    Revision,
    /// Placement gave it other ports, devices or cores.
    Binding,
}

/// What changing `old` into `new` does. Every field of an instance is named here, so that a new one needs a decision.
pub fn change(old: &Instance, new: &Instance) -> Change {
    let Instance {
        replica: _,
        workload: _,
        kind: _,
        labels: _,
        told: _,
        spec,
        older: _,
        contents,
        sources: _,
        binding,
        leans_on: _,
        flap_limit: _,
        rollout: _,
        gates: _,
        work: _,
    } = new;
    if spec.revision != old.spec.revision {
        return Change::Replace(Why::Revision);
    }
    let holds = |turn| old.binding.digest(turn);
    if binding.digest(Turn::First) != holds(Turn::First) && binding.digest(Turn::First) != holds(Turn::Second) {
        return Change::Replace(Why::Binding);
    }
    let swapped: Vec<_> = contents.iter().filter(|content| !old.contents.contains(content)).cloned().collect();
    if swapped.is_empty() { Change::Nothing } else { Change::InPlace(swapped) }
}
