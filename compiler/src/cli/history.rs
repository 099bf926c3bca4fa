//! `wlc history`: the revisions of a workload, as the lock keeps them.

use std::collections::BTreeMap;

use serde::Serialize;
use wlc_plan::{canonical, name::ContainerName, spec::PodSpec};

use super::{Done, FINE, Format, Place, output, project::Project};
use crate::lock::{Lock, RevisionLock, State, WorkloadLock, store::Reading};

/// Shows the revisions of a workload, newest first.
#[derive(Debug, clap::Args)]
pub(super) struct History {
    /// The workload.
    workload: String,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    version: u32,
    workload: String,
    kind: &'static str,
    state: &'static str,
    highest: u32,
    /// Of a rollback: the revision that the files had.
    pinned: Option<String>,
    revisions: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    number: u32,
    revision: String,
    /// Whether it is the one that is built.
    current: bool,
    /// Whether it is the one of the files, where a rollback builds another.
    rolled_back: bool,
    /// The image of each container; empty where the template is not there.
    images: BTreeMap<ContainerName, String>,
    configs: usize,
}

impl History {
    pub(super) fn run(&self, place: &Place) -> Done {
        let project = Project::open(place, Reading::Healing)?;
        let (name, lock) = project.locked(&self.workload)?;
        let document = Document {
            version: 1,
            workload: name.to_string(),
            kind: lock.kind.word(),
            state: match lock.state {
                State::Live => "live",
                State::Tombstone => "removed",
            },
            highest: lock.highest,
            pinned: lock.pinned.map(|revision| revision.to_string()),
            revisions: lock.revisions.iter().rev().map(|one| row(one, lock, &project.lock)).collect(),
        };
        match self.format {
            Format::Text => output::result(&text(&document))?,
            Format::Json => output::document(&document)?,
        }
        Ok(FINE)
    }
}

fn row(one: &RevisionLock, lock: &WorkloadLock, all: &Lock) -> Row {
    let body = all.bodies.get(&one.reference.spec);
    let spec: Option<PodSpec> = body.and_then(|bytes| canonical::decode(bytes).ok());
    let containers = spec.into_iter().flat_map(|spec| spec.containers);
    Row {
        number: one.reference.number,
        revision: one.reference.revision.to_string(),
        current: lock.newest() == Some(one) && lock.state == State::Live,
        rolled_back: lock.pinned == Some(one.reference.revision),
        images: containers.map(|container| (container.name, container.image.name)).collect(),
        configs: one.contents.len(),
    }
}

fn text(document: &Document) -> String {
    let state = if document.state == "removed" { ", removed" } else { "" };
    let mut lines = vec![format!("{} {}{state}", document.kind, document.workload)];
    for row in &document.revisions {
        let mark = if row.current { '*' } else { ' ' };
        let images: Vec<String> = row.images.iter().map(|(name, image)| format!("{name}={image}")).collect();
        let note = match (row.rolled_back, row.current && document.pinned.is_some()) {
            (true, _) => "  the files say this one",
            (_, true) => "  rolled back to this one",
            (false, false) => "",
        };
        lines.push(format!("{mark} {:<4} {}  {}{note}", row.number, short(&row.revision), images.join(" ")));
    }
    lines.join("\n") + "\n"
}

/// `v1:4a7ff5fa`
fn short(revision: &str) -> &str {
    const SHOWN: usize = 11;
    revision.get(..SHOWN).unwrap_or(revision)
}
