//! The disk of the agent's state is full: it says so, what runs stays, and it goes on by itself when there is room again.

use std::{fs, io::Write, path::Path, process::Command, thread, time::Duration};

use tempfile::TempDir;
use wlc_tests::{
    node::{Node, wait_until},
    podman,
};

use super::{
    ROLLING, SURGE, Workload,
    fixture::{Fixture, LIMIT},
    machine::is_root,
    whole,
};

/// A disk of one MiB in memory.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// None, and a line that says so, where none can be had.
    fn new(test: &str) -> Option<Self> {
        podman::socket_or_skip(test)?;
        if !is_root() {
            podman::skip(&format!("{test}: a disk of its own needs root"));
            return None;
        }
        let folder = TempDir::new().expect("a temporary folder can be made");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs"])
            .arg(folder.path())
            .status()
            .expect("mount can be run");
        assert!(mounted.success());
        Some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all room that is left.
    fn fill(&self) {
        let mut file = fs::File::create(self.path().join("filler")).expect("a file can be made");
        for size in [65_536, 4_096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.path().join("filler")).expect("the filler is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What is mounted from it into a container may be there for a moment more.
        Command::new("umount").arg("-l").arg(self.path()).status().ok();
    }
}

/// A node whose agent keeps its state on a small disk.
struct Small {
    // First, since its drop ends what uses the disk.
    fixture: Fixture,
    disk: SmallDisk,
}

impl Small {
    fn new(test: &str, workload: Workload) -> Option<Self> {
        let disk = SmallDisk::new(test)?;
        let node = Node::new(test)?;
        node.set("state", disk.path());
        let socket = podman::socket()?;
        Some(Self { fixture: Fixture::on(node, workload, socket), disk })
    }
}

#[test]
fn a_full_disk_is_named_and_costs_no_service() {
    let Some(mut small) = Small::new("full-disk", ROLLING) else { return };
    let fixture = &mut small.fixture;
    fixture.node.start_agent();
    fixture.node.wait_ready("web", 3);
    small.disk.fill();
    fixture.publish("after");
    fixture.node.wait_until("status says that the disk is full", |node| {
        node.status().unwrap_or_default().to_string().contains("No space left on device")
    });
    assert_eq!(fixture.answer_anew(), 0, "the plan is not in force");
    // An agent that comes up beside a full disk leaves everything as it is.
    fixture.node.kill_agent();
    let before = fixture.node.identities();
    fixture.node.start_agent();
    fixture.node.wait_ready("web", 3);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(fixture.node.identities(), before);
    // What ends comes back: that needs no room.
    let container = fixture.node.containers().into_iter().find(|name| name.contains(".httpd.")).expect("one runs");
    podman::kill_process(&container);
    let came = wait_until("", LIMIT, || {
        fixture.node.containers().iter().any(|name| name.ends_with(".1") && podman::runs(name))
    });
    assert!(came.is_some(), "{}", fixture.account());
    small.disk.make_room();
    if !whole() {
        // It looks at the source again twice a minute; one that starts looks at once.
        fixture.node.kill_agent();
        fixture.node.start_agent();
    }
    fixture.converge();
    fixture.is_at_rest();
    small.fixture.end("full-disk: a plan that cannot be kept");
}

/// The disk is full from a step of the update on, and has room again a while after.
#[test]
fn an_update_on_a_full_disk_goes_on_when_there_is_room() {
    if !whole() {
        return;
    }
    let Some(mut small) = Small::new("full-update", SURGE) else { return };
    let mut full = 0;
    for number in 1..=20 {
        small.fixture.publish(&format!("greeting-{number}"));
        small.fixture.node.start_agent_with(&["--end-after", &number.to_string()]);
        if !small.fixture.dies() {
            break;
        }
        small.disk.fill();
        small.fixture.node.start_agent();
        thread::sleep(Duration::from_secs(3));
        assert!(small.fixture.node.agent_end().is_none(), "it goes on: {}", small.fixture.account());
        small.disk.make_room();
        small.fixture.converge();
        small.fixture.is_at_rest();
        full += 1;
    }
    assert!(full > 0);
    small.fixture.end(&format!("full-update: the disk full at {full} steps"));
}
