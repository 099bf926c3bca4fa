//! Compose files: each service becomes a workload.

mod container;
mod deploy;
mod interpolate;
mod mount;
mod service;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::{
    container::{device, readiness, security_option, set_limit, user_and_group},
    interpolate::env_file,
    service::write_labels,
};
use super::{
    Document, Import,
    fields::Fields,
    kdl::Block,
    names,
    yaml::{Entry, Node},
};
use crate::sources::Sources;

/// What the services of one file share.
struct File<'a> {
    /// All inputs: env files are among them.
    sources: &'a Sources,
    /// Services that another waits for until they are complete: they are jobs.
    jobs: BTreeSet<String>,
}

/// Reads Compose files.
pub(super) fn read(documents: Vec<Document>, sources: &Sources, import: &mut Import<'_>) {
    let values = dot_env(sources);
    for document in documents {
        let node = interpolate::interpolate(document.node, &values, &mut import.report);
        file(node, sources, import);
    }
}

/// Values of the `.env` file of the input.
fn dot_env(sources: &Sources) -> BTreeMap<String, String> {
    let files = sources.iter().filter(|(_, source)| source.path.rsplit('/').next() == Some(".env"));
    files.flat_map(|(_, source)| env_file(source.text())).collect()
}

fn file(node: Node, sources: &Sources, import: &mut Import<'_>) {
    let jobs = completed(&node);
    let mut fields = Fields::of(node, "", &mut import.report);
    let mut rest = Block::new("");
    fields.take("version");
    fields.take("name");
    let report = &mut import.report;
    fields.leave("include", "give the files that it names to the same `wlc import`", report);
    fields.leave("networks", "a fleet has one network, on which replicas know each other by their names", report);
    if let Some(volumes) = fields.map("volumes", report) {
        volumes.into_entries().into_iter().for_each(|entry| volume(entry, import));
    }
    for (word, is_secret) in [("secrets", true), ("configs", false)] {
        if let Some(contents) = fields.map(word, &mut import.report) {
            contents.into_entries().into_iter().for_each(|entry| mount::content(entry, is_secret, import));
        }
    }
    let services = fields.map("services", &mut import.report);
    fields.close(&mut rest, &mut import.report);
    let file = File { sources, jobs };
    for Entry { key, node } in services.map(Fields::into_entries).unwrap_or_default() {
        service::read(&key, node, &file, import);
    }
}

/// The services that some other waits for until they are complete.
fn completed(node: &Node) -> BTreeSet<String> {
    let mut jobs = BTreeSet::new();
    for service in node.get("services").map(Node::entries).unwrap_or_default() {
        for other in service.node.get("depends_on").map(Node::entries).unwrap_or_default() {
            let condition = other.node.get("condition").and_then(Node::text);
            if condition == Some("service_completed_successfully") {
                jobs.insert(other.key.value.clone());
            }
        }
    }
    jobs
}

/// A named volume: only its name is carried over, at each mount.
fn volume(entry: Entry, import: &mut Import<'_>) {
    let path = format!("volumes.{}", names::plain(&entry.key.value));
    let mut fields = Fields::of(entry.node, &path, &mut import.report);
    let report = &mut import.report;
    fields.leave_all(&["driver", "driver_opts"], "a named volume is a directory of its node", report);
    fields.leave("name", "volumes are called as the services call them", report);
    fields.leave("labels", "volumes have no labels of their own", report);
    fields.leave("external", "a named volume is made where it is missing", report);
    fields.close(&mut Block::new(""), report);
}
