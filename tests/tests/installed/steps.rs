//! The switch is killed at each of its steps, and the disk is full.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use tempfile::TempDir;
use wlc_tests::{podman, replay};

use crate::machine::{Machine, Start, agent, broken};

/// Tools that change names, each of which kills its caller at the step of this number: before it does anything, or after.
fn tools(step: usize, is_before: bool) -> TempDir {
    let folder = TempDir::new().unwrap();
    for tool in ["ln", "mv", "rm"] {
        let (path, count) = (folder.path().join(tool), folder.path().join("count").display().to_string());
        let real = ["/usr/bin", "/bin"].iter().map(|at| Path::new(at).join(tool)).find(|path| path.exists()).unwrap();
        let kill = format!(
            "[ \"$(wc -c < {count})\" -ne {step} ] || {{ {}kill -9 $PPID; exit; }}",
            if is_before { "" } else { "\"$real\" \"$@\"; " }
        );
        let script =
            format!("#!/bin/sh\nreal={}\nprintf x >> {count}\n{kill}\nexec \"$real\" \"$@\"\n", real.display());
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

fn steps_taken(tools: &TempDir) -> u64 {
    fs::metadata(tools.path().join("count")).map_or(0, |found| found.len())
}

/// Whether the program beside the switch is whole: one of these two.
fn is_whole(machine: &Machine, new: &Path) -> bool {
    machine.has(agent()) || machine.has(new)
}

/// Killed at any step of taking a new program, the next starts take it all the same.
#[test]
fn a_switch_that_is_killed_anywhere_is_done_by_the_next_start() {
    let folder = TempDir::new().unwrap();
    let new = folder.path().join("new");
    let mut bytes = fs::read(agent()).unwrap();
    bytes.extend(b"another version");
    fs::write(&new, &bytes).unwrap();
    let mut steps = 0;
    for step in 1.. {
        for is_before in [true, false] {
            let mut machine = Machine::new(replay::empty());
            machine.lay(&bytes);
            let tools = tools(step, is_before);
            machine.begin_among(tools.path());
            assert!(is_whole(&machine, &new), "step {step}, before: {is_before}");
            steps = steps_taken(&tools);
            let (start, said) = machine.start();
            assert_eq!(start, Start::Ready, "step {step}, before: {is_before}: {said}");
            assert!(machine.has(&new), "step {step}, before: {is_before}: {said}");
            assert_eq!(machine.programs(), ["wlagent", "wlagent.old"], "step {step}, before: {is_before}");
        }
        if steps < step as u64 {
            break;
        }
    }
    assert_eq!(steps, 3, "a link and two renames");
}

/// Killed at any step of going back, the next starts go back all the same.
#[test]
fn a_way_back_that_is_killed_anywhere_is_gone_by_the_next_start() {
    let mut steps = 0;
    for step in 1.. {
        for is_before in [true, false] {
            let mut machine = Machine::new(replay::empty());
            machine.lay(&fs::read(broken()).unwrap());
            for _ in 1..=3 {
                machine.begin();
            }
            assert_eq!(machine.programs(), ["wlagent", "wlagent.back-3"]);
            let tools = tools(step, is_before);
            machine.begin_among(tools.path());
            assert!(is_whole(&machine, broken()), "step {step}, before: {is_before}");
            steps = steps_taken(&tools);
            let (start, said) = machine.start();
            assert_eq!(start, Start::Ready, "step {step}, before: {is_before}: {said}");
            assert!(machine.has(agent()));
            assert_eq!(machine.programs(), ["wlagent", "wlagent.failed"], "step {step}, before: {is_before}");
        }
        if steps < step as u64 {
            break;
        }
    }
    assert_eq!(steps, 2, "a link and a rename");
}

/// Nothing of the switch needs room: neither forward nor back.
#[test]
fn a_full_disk_holds_no_switch_up() {
    let mut machine = Machine::new(replay::empty());
    let (programs, kept) = (machine.path("usr/lib/wlc"), machine.path("kept"));
    fs::rename(&programs, &kept).unwrap();
    fs::create_dir(&programs).unwrap();
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    let size = format!("size={}", 2 * length(agent()) + length(broken()) + (4 << 20));
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&programs).output();
    if !mount.is_ok_and(|mount| mount.status.success()) {
        return podman::skip("a_full_disk_holds_no_switch_up: no file system can be mounted here");
    }
    let _mounted = Mounted(&programs);
    wlc_tests::folder::copy(&kept, &programs);
    machine.lay(&fs::read(broken()).unwrap());
    fill(&programs.join("ballast"));
    for _ in 1..=3 {
        let (start, said) = machine.start();
        assert_eq!(start, Start::Failed, "{said}");
        assert!(machine.has(broken()), "{said}");
    }
    let (start, said) = machine.start();
    assert_eq!(start, Start::Ready, "{said}");
    assert!(machine.has(agent()));
    assert!(fs::write(programs.join("more"), "x").is_err(), "the disk is full all the while");
    machine.stop();
}

fn fill(ballast: &Path) {
    let mut file = fs::File::create(ballast).unwrap();
    for block in [vec![0; 1 << 20], vec![0; 1 << 10], vec![0]] {
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
    }
}

struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // A program that was just ended may still be executed from there.
        Command::new("umount").arg("--lazy").arg(self.0).status().ok();
    }
}
