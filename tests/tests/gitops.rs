//! The whole loop against a real bare git repository: a commit, the workflow's own steps, the branch of plan sets, a
//! server's checkout, the container replaced; then a revert.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use wlc_tests::{
    node::{NAME, Node, fetch},
    podman, programs,
};

/// What a person, CI and a server do with git.
struct Git<'a> {
    node: &'a Node,
}

impl Git<'_> {
    fn run(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().expect("git can be run");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn name(&self, folder: &Path) {
        self.run(folder, &["config", "user.name", "wlc tests"]);
        self.run(folder, &["config", "user.email", "tests@localhost"]);
    }

    /// A person: lock, commit, push.
    fn commit(&self, message: &str) {
        let work = self.node.path("work");
        let locked = self.wlc(&work, &["lock"]);
        assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
        self.run(&work, &["add", "--all"]);
        self.run(&work, &["commit", "--quiet", "-m", message]);
        self.run(&work, &["push", "--quiet", "origin", "HEAD:main"]);
    }

    fn wlc(&self, folder: &Path, arguments: &[&str]) -> Output {
        Command::new(programs::wlc()).current_dir(folder).args(arguments).output().expect("wlc can be run")
    }

    /// CI: a fresh clone of the merged state, and the workflow's step.
    fn publish(&self) -> String {
        let checkout = self.node.path("ci");
        fs::remove_dir_all(&checkout).ok();
        let bare = self.node.path("bare.git");
        self.run(self.node.path("").as_path(), &["clone", "--quiet", "--branch", "main", bare.to_str().unwrap(), "ci"]);
        self.name(&checkout);
        let programs = programs::wlc();
        let path = format!("{}:{}", programs.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let output = Command::new(checkout.join("ci/publish.sh"))
            .env("PATH", path)
            .env("WLC_KEY_FILE", self.node.path("work/ci.key"))
            .output()
            .expect("the step can be run");
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}");
        said
    }

    /// A server: the command of its timer.
    fn pull(&self) {
        let plans = self.node.plans();
        if plans.exists() {
            self.run(&plans, &["pull", "--quiet", "--ff-only"]);
        } else {
            let bare = self.node.path("bare.git");
            self.run(
                self.node.path("").as_path(),
                &["clone", "--quiet", "--branch", "plans", bare.to_str().unwrap(), "plans"],
            );
        }
    }
}

#[test]
fn from_a_commit_to_a_container_and_back() {
    let Some(mut node) = Node::new("gitops") else { return };
    let git = Git { node: &node };
    let (root, work) = (node.path(""), node.path("work"));
    git.run(&root, &["init", "--quiet", "--bare", "--initial-branch", "main", "bare.git"]);
    let made = git.wlc(&root, &["init", "work", "--fleet", node.fleet(), "--node", NAME, "--ci", "github"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    fs::copy(work.join("trust"), node.path("trust")).unwrap();
    let fleet = fs::read_to_string(work.join("fleet.kdl")).unwrap();
    fs::write(work.join("fleet.kdl"), fleet.replace("20000-29999", "30000-30099")).unwrap();
    git.run(&work, &["init", "--quiet", "--initial-branch", "main"]);
    git.name(&work);
    git.run(&work, &["remote", "add", "origin", root.join("bare.git").to_str().unwrap()]);
    assert!(fs::read_to_string(work.join(".github/workflows/wlc.yml")).unwrap().contains("ci/publish.sh"));
    git.commit("A new fleet");
    let checked = Command::new(work.join("ci/check.sh"))
        .env("PATH", format!("{}:{}", programs::wlc().parent().unwrap().display(), std::env::var("PATH").unwrap()))
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    git.publish();
    git.pull();
    node.start_agent();
    node.wait_ready("hello", 1);
    let port = {
        let listed = Git { node: &node }.wlc(&work, &["list", "--format", "json"]);
        let document: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        u16::try_from(document["replicas"][0]["ports"]["web/http"][0].as_u64().unwrap()).unwrap()
    };
    let hello = format!("hello from {}\n", node.fleet());
    assert_eq!(fetch(port, "/"), Some(hello.clone()));

    let git = Git { node: &node };
    let file = work.join("workloads/hello.kdl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("hello from", "good day from")).unwrap();
    git.commit("Be polite");
    git.publish();
    assert!(git.publish().contains("nothing new to publish"), "the timer's run pushes nothing");
    git.pull();
    node.wait_until("the new page answers", |node| {
        fetch(port, "/") == Some(format!("good day from {}\n", node.fleet()))
    });

    git.run(&work, &["revert", "--no-edit", "HEAD"]);
    git.commit_if_changed();
    git.publish();
    git.pull();
    node.wait_until("the old page answers again", |_| fetch(port, "/").as_ref() == Some(&hello));
    node.wait_until("one container is left", |node| node.containers().len() == 1);
    assert!(podman::runs(&node.containers()[0]));
}

impl Git<'_> {
    /// A revert brings the old lock back too; locking it anew gives the old template a new number.
    fn commit_if_changed(&self) {
        let work = self.node.path("work");
        let locked = self.wlc(&work, &["lock"]);
        assert!(locked.status.success());
        self.run(&work, &["add", "--all"]);
        if !self.run(&work, &["status", "--porcelain"]).is_empty() {
            self.run(&work, &["commit", "--quiet", "-m", "Lock"]);
        }
        self.run(&work, &["push", "--quiet", "origin", "HEAD:main"]);
    }
}
