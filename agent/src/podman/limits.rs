//! CPU and memory of a container in the words of the OCI runtime specification: pure.

use crate::observed::Allowance;
use serde::Serialize;
use wlc_plan::{
    binding::CoreSet,
    quantity::{Bytes, Cpu},
    spec::{HugePages, Resources},
};

/// `resource_limits` of a container.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct ResourceLimits {
    cpu: CpuLimits,
    memory: MemoryLimits,
    #[serde(skip_serializing_if = "Option::is_none")]
    pids: Option<PidsLimit>,
    #[serde(rename = "hugepageLimits", skip_serializing_if = "Vec::is_empty")]
    huge_pages: Vec<HugePagesLimit>,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct HugePagesLimit {
    #[serde(rename = "pageSize")]
    page: String,
    limit: u64,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct PidsLimit {
    limit: u32,
}

impl ResourceLimits {
    /// The same for a container that runs: what has no limit says so, since what is not named stays as it is.
    pub fn in_full(mut self) -> Self {
        self.cpu.quota.get_or_insert(NONE);
        self.cpu.period.get_or_insert(PERIOD);
        self.memory.limit.get_or_insert(NONE);
        self.memory.swap.get_or_insert(NONE);
        self
    }

    /// The same, on these cores alone, and with the memory of these NUMA nodes alone, where any are named.
    pub fn on(mut self, cores: &CoreSet, numa: &CoreSet) -> Self {
        self.cpu.cpus = (!cores.is_empty()).then(|| cores.to_string());
        self.cpu.mems = (!numa.is_empty()).then(|| numa.to_string());
        self
    }
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct CpuLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpus: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mems: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shares: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u64>,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct MemoryLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    swap: Option<i64>,
}

/// No limit.
const NONE: i64 = -1;
/// The length of a scheduling period in microseconds, as Kubernetes has it.
const PERIOD: u64 = 100_000;
/// The kernel takes no smaller quota than 1 ms in a period.
const SMALLEST_QUOTA: u64 = 1_000;
/// Shares of a whole thread, and the fewest that the kernel takes.
const SHARES: u64 = 1_024;
const FEWEST_SHARES: u64 = 2;
const MOST_SHARES: u64 = 262_144;

/// A request of CPU becomes a weight, a limit a quota; a limit of memory counts swap in, so that none is used beyond it.
///
/// Source: Kubernetes' `MilliCPUToShares` and `MilliCPUToQuota`.
pub fn resource_limits(resources: &Resources, pids: Option<u32>) -> ResourceLimits {
    let memory = resources.memory_limit.map(|Bytes(bytes)| clamped(bytes));
    let quota =
        resources.cpu_limit.map(|Cpu(milli)| clamped((milli.saturating_mul(PERIOD) / 1_000).max(SMALLEST_QUOTA)));
    ResourceLimits {
        cpu: CpuLimits {
            cpus: None,
            mems: None,
            shares: resources.cpu_request.map(shares),
            quota,
            period: quota.map(|_| PERIOD),
        },
        memory: MemoryLimits { limit: memory, swap: memory },
        pids: pids.map(|limit| PidsLimit { limit }),
        huge_pages: resources.huge_pages.iter().map(huge_pages).collect(),
    }
}

/// What the kernel lets a container have that was made with these.
pub fn allowance(resources: &Resources) -> Allowance {
    let smallest = Cpu(SMALLEST_QUOTA * 1_000 / PERIOD);
    Allowance { memory: resources.memory_limit, cpu: resources.cpu_limit.map(|cpu| cpu.max(smallest)) }
}

fn huge_pages(wanted: &HugePages) -> HugePagesLimit {
    HugePagesLimit { page: page_name(wanted.page), limit: wanted.amount.0 }
}

/// The kernel's name of a size of pages: `64KB`, `2MB`, `1GB`.
fn page_name(Bytes(size): Bytes) -> String {
    let units = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")];
    let unit = units.into_iter().find(|(unit, _)| size.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{size}B"), |(unit, name)| format!("{}{name}", size / unit))
}

fn shares(Cpu(milli): Cpu) -> u64 {
    (milli.saturating_mul(SHARES) / 1_000).clamp(FEWEST_SHARES, MOST_SHARES)
}

fn clamped(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C-266, C-271.
    #[test]
    fn amounts_are_those_that_kubernetes_gives() {
        let resources = Resources {
            cpu_request: Some(Cpu(250)),
            cpu_limit: Some(Cpu(1_500)),
            memory_request: Some(Bytes(1)),
            memory_limit: Some(Bytes(64 << 20)),
            huge_pages: vec![HugePages { page: Bytes(2 << 20), amount: Bytes(64 << 20) }],
        };
        let limits = resource_limits(&resources, None);
        assert_eq!((limits.cpu.shares, limits.cpu.quota, limits.cpu.period), (Some(256), Some(150_000), Some(100_000)));
        assert_eq!((limits.huge_pages[0].page.as_str(), limits.huge_pages[0].limit), ("2MB", 64 << 20));
        assert_eq!([64 << 10, 1 << 30, 32 << 20].map(|size| page_name(Bytes(size))), ["64KB", "1GB", "32MB"]);
        assert_eq!((limits.memory.limit, limits.memory.swap), (Some(64 << 20), Some(64 << 20)));
    }

    #[test]
    fn what_has_no_limit_says_so_where_it_runs() {
        let limits = resource_limits(&Resources::default(), None).in_full();
        let expected = serde_json::json!({
            "cpu": { "quota": -1, "period": 100_000 }, "memory": { "limit": -1, "swap": -1 }
        });
        assert_eq!(serde_json::to_value(&limits).unwrap(), expected);
    }

    #[test]
    fn the_smallest_amounts_stay_above_what_the_kernel_takes() {
        let resources = Resources { cpu_request: Some(Cpu(1)), cpu_limit: Some(Cpu(1)), ..Resources::default() };
        let limits = resource_limits(&resources, None);
        assert_eq!((limits.cpu.shares, limits.cpu.quota), (Some(2), Some(1_000)));
        assert_eq!(limits.memory.limit, None);
    }
}
