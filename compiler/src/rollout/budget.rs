//! How many replicas may be missing and how many may be more: of a workload, and of each of its nodes (P-001 to P-008).

use std::collections::BTreeMap;

use wlc_plan::name::NodeName;

use super::{surge, unavailable};
use crate::model::workload::Workload;

/// How many replicas may be more, and how many may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Copies beside the replicas.
    pub surge: u32,
    /// Missing replicas.
    pub unavailable: u32,
}

impl Budget {
    /// The budget of a workload that has so many replicas; a daemon-set's are its nodes.
    pub fn of(workload: &Workload, replicas: u32) -> Self {
        let (surge, unavailable) = (surge(workload).share, unavailable(workload).share);
        match workload {
            // S-054, S-055, S-057, S-058: up, down, and one of them at least.
            Workload::Deployment(_) => Self {
                surge: surge.rounded_up(replicas),
                unavailable: unavailable.rounded_down(replicas).min(replicas),
            }
            .moving(replicas),
            // P-003: both up.
            Workload::DaemonSet(_) => {
                Self { surge: surge.rounded_up(replicas), unavailable: unavailable.rounded_up(replicas).min(replicas) }
            }
            // P-004: down, and one at least, as Kubernetes' code has it.
            Workload::StatefulSet(_) => {
                Self { surge: 0, unavailable: unavailable.rounded_down(replicas).clamp(1, replicas.max(1)) }
            }
            Workload::Job(_) | Workload::CronJob(_) => Self { surge: 0, unavailable: 1 },
        }
    }

    /// Where neither is above zero, one replica may be missing, so that something moves.
    #[must_use]
    pub fn moving(self, replicas: u32) -> Self {
        let is_stuck = self.surge == 0 && self.unavailable == 0 && replicas > 0;
        Self { unavailable: if is_stuck { 1 } else { self.unavailable }, ..self }
    }
}

/// Whole shares of a sum for nodes with so many replicas each: by largest remainder, ties by name. They never exceed it.
pub fn shares(sum: u32, replicas: &BTreeMap<&NodeName, u32>) -> BTreeMap<NodeName, u32> {
    let all: u64 = replicas.values().map(|count| u64::from(*count)).sum();
    let exact = |count: u32| u64::from(sum) * u64::from(count);
    let mut order: Vec<(&NodeName, u64)> =
        replicas.iter().map(|(node, count)| (*node, exact(*count) % all.max(1))).collect();
    order.sort_by_key(|(node, rest)| (std::cmp::Reverse(*rest), *node));
    let whole = |count: u32| u32::try_from(exact(count) / all.max(1)).unwrap_or(u32::MAX);
    let mut given: BTreeMap<NodeName, u32> =
        replicas.iter().map(|(node, count)| ((*node).clone(), whole(*count))).collect();
    let left = sum.saturating_sub(given.values().sum());
    for (node, _) in order.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        *given.get_mut(node).expect("each node has a share") += 1;
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostics::Problems, pipeline, sources::Sources};

    fn budget(head: &str, update: &str, replicas: u32) -> (u32, u32) {
        let mut sources = Sources::default();
        sources.add("web.kdl", &format!("{head} \"web\" {{ {update}\n container \"web\" image=\"a\" }}"));
        let front = pipeline::read(sources, Problems::default());
        assert_eq!(front.problems.errors(), 0, "{update}");
        let budget = Budget::of(front.repository.workloads.values().next().unwrap(), replicas);
        (budget.surge, budget.unavailable)
    }

    /// P-001, P-002, P-006, P-007, S-054, S-055, S-057 to S-059: up, down, clamped, and never both nothing.
    #[test]
    fn copies_round_up_and_what_is_missing_rounds_down() {
        let of = |update: &str, replicas| budget("deployment", update, replicas);
        for (replicas, surge, unavailable) in [(0, 0, 0), (1, 1, 0), (3, 1, 0), (4, 1, 1), (5, 2, 1), (20, 5, 5)] {
            assert_eq!(of("", replicas), (surge, unavailable), "{replicas}");
        }
        let written = |surge: &str, unavailable: &str| {
            format!("update \"rolling\" {{ max-surge {surge}; max-unavailable {unavailable}; }}")
        };
        assert_eq!(of(&written("0", "\"1%\""), 2), (0, 1));
        assert_eq!(of(&written("0", "5"), 1), (0, 1));
        assert_eq!(of(&written("\"200%\"", "0"), 3), (6, 0));
        assert_eq!(of(&written("\"25%\"", "\"25%\""), 3), (1, 0));
        for replicas in 1..=20 {
            for percent in 1..=100 {
                let (surge, unavailable) =
                    of(&written(&format!("\"{percent}%\""), &format!("\"{percent}%\"")), replicas);
                assert_eq!(surge, (percent * replicas).div_ceil(100));
                assert_eq!(unavailable, percent * replicas / 100);
            }
        }
    }

    /// P-003, P-004.
    #[test]
    fn each_kind_rounds_in_its_own_way() {
        assert_eq!(budget("daemon-set", "update \"rolling\" max-unavailable=\"10%\"", 5), (0, 1));
        let surge = "update \"rolling\" { max-surge \"30%\"; max-unavailable 0; }";
        assert_eq!(budget("daemon-set", surge, 5), (2, 0));
        assert_eq!(budget("stateful-set", "update \"rolling\" max-unavailable=\"50%\"", 3), (0, 1));
        assert_eq!(budget("stateful-set", "update \"rolling\" max-unavailable=\"10%\"", 3), (0, 1));
    }

    /// P-008: shares are whole and never more than the sum.
    #[test]
    fn shares_of_nodes_are_never_more_than_the_sum() {
        let names: Vec<NodeName> = (0..5).map(|number| NodeName::parse(&format!("n{number}")).unwrap()).collect();
        for sum in 0..12u32 {
            for seed in 0..200u32 {
                let count = |at: u32| 1 + (seed * 7 + at * at * 3) % 6;
                let replicas = names.iter().zip(0..).map(|(name, at)| (name, count(at))).collect();
                let given = shares(sum, &replicas);
                assert_eq!(given.values().sum::<u32>(), sum, "{given:?}");
            }
        }
    }
}
