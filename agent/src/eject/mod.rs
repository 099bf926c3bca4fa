//! The way out: what runs now as units of Quadlet, Podman's own way of running containers under systemd. Pure.
//!
//! A replica becomes a pod with its containers, on the same volumes and the same network. What a unit cannot say is named,
//! each time with its reason; nothing is dropped in silence.

mod container;
mod mounts;
mod pod;
mod security;
mod unit;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use wlc_plan::name::{FleetName, NodeName, ReplicaName};

pub use self::unit::Version;
use crate::{contents::Folders, decide::Described, podman::labels::PodLabels};

/// For whom is written.
#[derive(Debug, Clone)]
pub struct Target {
    /// The folder in which the files will lie: units name it.
    pub folder: PathBuf,
    /// The Podman that reads the units.
    pub version: Version,
    /// The fleet.
    pub fleet: FleetName,
    /// The node.
    pub node: NodeName,
    /// Where the files of configs lie that containers mount now.
    pub folders: Folders,
    /// The node's folder of seccomp profiles.
    pub profiles: PathBuf,
    /// The node's folder of secrets.
    pub secrets: PathBuf,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ejected {
    /// Files by their path below the folder.
    pub files: BTreeMap<String, Body>,
    /// What no unit can say.
    pub left: Vec<Left>,
    /// Secrets that Podman has to know before the units are started: name and where its bytes lie.
    pub secrets: BTreeSet<(String, PathBuf)>,
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A text.
    Text(String),
    /// The folder or file that lies there now, with all that is in it.
    CopyOf(PathBuf),
}

/// Something that no unit can say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// Whose: a replica, or a container of it.
    pub whose: String,
    /// What.
    pub what: String,
    /// Why, and what takes its place if anything does.
    pub why: String,
}

/// One pod while it is written.
struct Writing<'a> {
    target: &'a Target,
    described: &'a Described,
    out: &'a mut Ejected,
}

/// Writes what runs. `untold` are replicas of which nothing can be told, each with its reason.
pub fn eject(target: &Target, described: &[Described], untold: &[(ReplicaName, &'static str)]) -> Ejected {
    let mut out = Ejected::default();
    for (replica, why) in untold {
        out.left.push(Left { whose: replica.to_string(), what: "a pod".to_owned(), why: (*why).to_owned() });
    }
    for one in described {
        let mut writing = Writing { target, described: one, out: &mut out };
        pod::write(&mut writing);
        for at in 0..one.containers.len() {
            container::write(&mut writing, at);
        }
    }
    let report = report(target, &out);
    out.files.insert("README.txt".to_owned(), Body::Text(report));
    out
}

impl Writing<'_> {
    fn labels(&self) -> &PodLabels {
        &self.described.pod.labels
    }

    fn replica(&self) -> &str {
        self.labels().replica.as_str()
    }

    fn file(&mut self, name: String, unit: &unit::Unit, what: &str) {
        let PodLabels { fleet, replica, revision, .. } = self.labels();
        let comment = format!("{what} of {replica}, fleet {fleet}, as it ran on node {}: {revision}", self.target.node);
        let text = unit.text(&comment);
        self.out.files.insert(name, Body::Text(text));
    }

    fn leave(&mut self, whose: &str, what: impl Into<String>, why: &str) {
        let whose = if whose.is_empty() { self.replica().to_owned() } else { format!("{}, {whose}", self.replica()) };
        self.out.left.push(Left { whose, what: what.into(), why: why.to_owned() });
    }
}

/// What somebody has to read before the units are used.
fn report(target: &Target, out: &Ejected) -> String {
    let Version(major, minor) = target.version;
    let (folder, fleet) = (target.folder.display(), &target.fleet);
    let mut text = format!(
        "Units of Quadlet for Podman {major}.{minor} or newer, of what ran on node {}.\n\n\
         1. Make the secrets below known to Podman.\n\
         2. Stop the agent, and then what it runs: systemctl disable --now wlagent; wlagent shutdown\n\
         3. Remove its pods, which hold the ports; volumes stay:\n\
         \x20  podman pod rm --force $(podman pod ls --quiet --filter label=dev.wlc.fleet={fleet})\n\
         4. Copy the units to /etc/containers/systemd, leave files/ in {folder}, and: systemctl daemon-reload\n\
         5. Start each pod: systemctl start NAME-pod\n\n\
         Volumes and their data stay where they are: the units name them.\n",
        target.node
    );
    if !out.secrets.is_empty() {
        text.push_str("\nSecrets\n");
        for (name, path) in &out.secrets {
            text.push_str(&format!("  podman secret create {name} {}\n", path.display()));
        }
    }
    text.push_str(
        "\nNot carried for anybody: rollouts, placement, the order between replicas, budgets, and files that change while a\n\
         container runs. systemd restarts what ends, at once and without a back-off.\n",
    );
    let mut left: Vec<&Left> = out.left.iter().collect();
    left.sort();
    for Left { whose, what, why } in left {
        text.push_str(&format!("  {whose}: {what}: {why}\n"));
    }
    text
}
