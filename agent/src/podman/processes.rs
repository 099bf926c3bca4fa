//! Processes of containers, as the kernel shows them (edge): whether a main process is alive, the end of a command with
//! all its children, and how many of a container were ended for want of memory.
#![expect(clippy::disallowed_methods, reason = "edge: reads what the kernel says of processes")]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Seek},
    path::{Path, PathBuf},
};

use rustix::process::{Pid, Signal, kill_process};

/// Kills a process and all that it began, if it belongs to this container: a number may be another process's by now.
pub fn kill_tree(process: i32, container: &str) {
    if !belongs_to(process, container) {
        return;
    }
    for one in tree(process, &parents()) {
        if let Some(one) = Pid::from_raw(one) {
            let _may_have_ended = kill_process(one, Signal::KILL);
        }
    }
}

/// Whether the kernel has a process of this number; unknown where it does not show its processes, or those of Podman.
pub fn is_alive(process: i64) -> Option<bool> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    match stat {
        // A zombie has ended.
        Ok(stat) => Some(!matches!(state_and_parent(&stat), Some(("Z" | "X", _)))),
        Err(_) => fs::metadata("/proc/self/stat").ok().map(|_| false),
    }
}

/// The counters of a process's memory group, held open: the group goes with its last process.
pub fn memory_counters(process: i64) -> Option<File> {
    let groups = fs::read_to_string(format!("/proc/{process}/cgroup")).ok()?;
    File::open(counters_of(&groups)?).ok()
}

/// Where the counters lie, by `/proc/PID/cgroup`: in the hierarchy of memory where there is one, else in the only one.
fn counters_of(groups: &str) -> Option<PathBuf> {
    let parts = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        rest.split_once(':')
            .map(|(controllers, path)| (controllers.to_owned(), path.trim_start_matches('/').to_owned()))
    };
    let all: Vec<(String, String)> = groups.lines().filter_map(parts).collect();
    let of = |wanted: &str| {
        let has = |(controllers, _): &&(String, String)| controllers.split(',').any(|one| one == wanted);
        all.iter().find(has).map(|(_, path)| path)
    };
    let old = of("memory").map(|path| Path::new("/sys/fs/cgroup/memory").join(path).join("memory.oom_control"));
    old.or_else(|| of("").map(|path| Path::new("/sys/fs/cgroup").join(path).join("memory.events")))
}

/// How many processes of the group the kernel has ended for want of memory; none where the group is gone.
pub fn ended_for_want_of_memory(counters: &mut File) -> Option<u64> {
    let mut text = String::new();
    counters.rewind().ok()?;
    counters.read_to_string(&mut text).ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// Whether the process behind a socket counts processes as this one does: both are of one process namespace.
pub async fn are_shared_with(socket: &Path) -> bool {
    let peer = tokio::net::UnixStream::connect(socket).await.and_then(|stream| stream.peer_cred());
    let Some(peer) = peer.ok().and_then(|peer| peer.pid()) else { return false };
    let theirs = fs::read_link(format!("/proc/{peer}/ns/pid"));
    theirs.ok().is_some_and(|theirs| fs::read_link("/proc/self/ns/pid").is_ok_and(|ours| ours == theirs))
}

fn belongs_to(process: i32, container: &str) -> bool {
    let groups = fs::read_to_string(format!("/proc/{process}/cgroup"));
    !container.is_empty() && groups.is_ok_and(|groups| groups.contains(container))
}

/// The parent of each process.
fn parents() -> BTreeMap<i32, i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let pairs = numbers.filter_map(|process| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        Some((process, state_and_parent(&stat)?.1))
    });
    pairs.collect()
}

/// A line of `/proc/PID/stat`: the name stands in brackets and may hold any byte, so the last bracket counts.
fn state_and_parent(stat: &str) -> Option<(&str, i32)> {
    let mut behind = stat.rsplit_once(')')?.1.split_whitespace();
    Some((behind.next()?, behind.next()?.parse().ok()?))
}

/// A process and all below it.
fn tree(root: i32, parents: &BTreeMap<i32, i32>) -> Vec<i32> {
    let mut found = vec![root];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        found.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(process, _)| *process));
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_the_process_and_all_below_it() {
        let parents = BTreeMap::from([(2, 1), (3, 2), (4, 2), (5, 4), (6, 1)]);
        let mut found = tree(2, &parents);
        found.sort_unstable();
        assert_eq!(found, [2, 3, 4, 5]);
    }

    #[test]
    fn names_with_brackets_do_not_mislead() {
        assert_eq!(state_and_parent("7 (a) b (c) S 3 7 7"), Some(("S", 3)));
        assert_eq!(state_and_parent("7 nonsense"), None);
    }

    #[test]
    fn the_counters_of_both_kinds_of_control_groups_are_found() {
        let old = "5:cpuset:/a/b\n4:memory:/a/b\n1:name=systemd:/\n0::/x\n";
        let path = |groups| counters_of(groups).unwrap().display().to_string();
        assert_eq!(path(old), "/sys/fs/cgroup/memory/a/b/memory.oom_control");
        assert_eq!(
            path("0::/machine.slice/libpod-1.scope\n"),
            "/sys/fs/cgroup/machine.slice/libpod-1.scope/memory.events"
        );
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, b"oom_kill_disable 0\nunder_oom 0\noom_kill 3\n").unwrap();
        assert_eq!(ended_for_want_of_memory(&mut file), Some(3));
    }

    #[test]
    fn this_process_is_alive_and_one_beyond_all_numbers_is_not() {
        assert_eq!(is_alive(i64::from(std::process::id())), Some(true));
        assert_eq!(is_alive(i64::from(i32::MAX)), Some(false));
    }
}
