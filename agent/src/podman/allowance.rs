//! What the kernel lets a container have (edge): the limits of its control group, whatever was asked for when it was made.
//!
//! Podman 4.3 changes them with `podman update` and tells nobody: neither an event nor an inspection shows it.
#![expect(clippy::disallowed_methods, reason = "edge: reads the limits of control groups")]

use std::{fs, path::PathBuf};

use wlc_plan::quantity::{Bytes, Cpu};

use crate::observed::Allowance;

const ROOT: &str = "/sys/fs/cgroup";
/// A limit of the first version that is none: the kernel writes the largest number of whole pages.
const NO_LIMIT: u64 = 1 << 62;

/// What the container that a process belongs to may have; none where it has no group of its own that can be read.
pub fn of(process: i64, container: &str) -> Option<Allowance> {
    let groups = fs::read_to_string(format!("/proc/{process}/cgroup")).ok()?;
    let read = |file: PathBuf| fs::read_to_string(file).ok();
    match folder(&groups, "memory", container) {
        Some(memory) => {
            let cpu = folder(&groups, "cpu", container)?;
            let quota = read(cpu.join("cpu.cfs_quota_us"))?;
            let period = read(cpu.join("cpu.cfs_period_us"))?;
            let memory = memory_of(&read(memory.join("memory.limit_in_bytes"))?);
            Some(Allowance { memory, cpu: cpu_of(&format!("{quota} {period}")) })
        }
        None => {
            let own = folder(&groups, "", container)?;
            let (memory, cpu) = (read(own.join("memory.max"))?, read(own.join("cpu.max"))?);
            Some(Allowance { memory: memory_of(&memory), cpu: cpu_of(&cpu) })
        }
    }
}

/// The container's own folder of a controller: lines are `number:controllers:path`. What it made below it does not count.
fn folder(groups: &str, controller: &str, container: &str) -> Option<PathBuf> {
    let mut lines = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        Some((parts.next()?, parts.next()?))
    });
    let (controllers, path) = lines.find(|(controllers, _)| controllers.split(',').any(|one| one == controller))?;
    let (before, behind) = path.split_at(path.find(container).filter(|_| !container.is_empty())?);
    let own = behind.split('/').next()?;
    let mounted = if controllers == controller { controller } else { controllers };
    Some(PathBuf::from(format!("{ROOT}/{mounted}/{before}{own}")))
}

fn memory_of(text: &str) -> Option<Bytes> {
    text.trim().parse().ok().filter(|bytes| *bytes < NO_LIMIT).map(Bytes)
}

/// `quota period` in microseconds; a quota of `max` or -1 is none.
fn cpu_of(text: &str) -> Option<Cpu> {
    let mut numbers = text.split_whitespace().map(str::parse::<i64>);
    let (quota, period) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let quota = u64::try_from(quota).ok()?;
    Some(Cpu(quota.checked_mul(1_000)?.checked_div(u64::try_from(period).ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_containers_own_in_both_versions() {
        let first = "9:memory:/libpod_parent/libpod-abc\n4:cpu,cpuacct:/libpod_parent/libpod-abc/below\n0::/\n";
        let at = |groups, controller| folder(groups, controller, "abc").map(|path| path.display().to_string());
        assert_eq!(at(first, "memory").as_deref(), Some("/sys/fs/cgroup/memory//libpod_parent/libpod-abc"));
        assert_eq!(at(first, "cpu").as_deref(), Some("/sys/fs/cgroup/cpu,cpuacct//libpod_parent/libpod-abc"));
        let second = "0::/machine.slice/libpod-abc.scope/container\n";
        assert_eq!(at(second, "memory"), None);
        assert_eq!(at(second, "").as_deref(), Some("/sys/fs/cgroup///machine.slice/libpod-abc.scope"));
        assert_eq!(folder("0::/user.slice\n", "", "abc"), None, "it has no group of its own");
    }

    #[test]
    fn limits_are_read_as_the_kernel_writes_them() {
        assert_eq!(memory_of("67108864\n"), Some(Bytes(64 << 20)));
        assert_eq!((memory_of("max\n"), memory_of("9223372036854771712\n")), (None, None));
        assert_eq!((cpu_of("150000 100000\n"), cpu_of("150000\n 100000\n")), (Some(Cpu(1_500)), Some(Cpu(1_500))));
        assert_eq!((cpu_of("max 100000\n"), cpu_of("-1\n 100000\n"), cpu_of("1 0")), (None, None, None));
    }
}
