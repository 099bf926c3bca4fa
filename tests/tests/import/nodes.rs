//! A fleet with room for what was imported: for each workload three nodes that have the labels it asks for, or one where a job
//! ends early, which is counted on one node.

use std::collections::{BTreeMap, BTreeSet};

use wlc::{
    diagnostics::Problems,
    model::{Repository, workload::Workload},
    pipeline,
    sources::Sources,
};

/// The fleet and the nodes for an imported text.
pub(crate) fn fleet(text: &str) -> String {
    let mut sources = Sources::default();
    sources.add("imported.kdl", text);
    let repository = pipeline::read(sources, Problems::default()).repository;
    let mut file = "fleet \"example\" {\n    host-ports \"20000-29999\"\n}\n".to_owned();
    let ends_early = |workload: &Workload| workload.work().is_some_and(|work| !work.success.is_empty());
    let which = if repository.workloads.values().any(ends_early) { &["one"][..] } else { &["one", "two", "three"] };
    let mut written = BTreeSet::new();
    for (number, labels) in labels(&repository).into_iter().enumerate() {
        if written.insert(labels.clone()) {
            let labels = labels.iter().map(|(key, value)| format!("    label \"{key}\" \"{value}\"\n"));
            let lines: String = labels.chain(storages(&repository)).collect();
            for name in which.iter().map(|which| format!("for-{number}-{which}")) {
                file += &format!("node \"{name}\" {{\n{lines}}}\nfacts \"{name}\" {{\n{FACTS}}}\n");
            }
        }
    }
    file
}

const FACTS: &str =
    "    capacity cpu=64 memory=\"256GiB\" storage=\"2TiB\"\n    cpu arch=\"x86_64\" cores=32 threads=64\n";

/// The storages that claims ask for, as lines of a node.
fn storages(repository: &Repository) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for workload in repository.workloads.values() {
        if let Workload::StatefulSet(set) = workload {
            let asked = set.claims.iter().filter_map(|claim| claim.storage.as_ref());
            found.extend(asked.map(|storage| format!("    storage \"{0}\" path=\"/srv/{0}\"\n", storage.value)));
        }
    }
    found
}

/// The labels that each workload asks for.
fn labels(repository: &Repository) -> Vec<BTreeMap<String, String>> {
    let asked = |workload: &Workload| {
        let require = workload.common().place.as_ref().and_then(|place| place.require.as_ref());
        let labels = require.map(|require| require.clauses.labels.as_slice()).unwrap_or_default();
        let pair = |label: &wlc::model::place::LabelRequirement| {
            let value = match (label.values.first(), &label.at_least) {
                (Some(value), _) => value.value.as_str().to_owned(),
                (None, Some(number)) => number.value.to_string(),
                (None, None) => "yes".to_owned(),
            };
            (label.key.value.to_string(), value)
        };
        let mut all: BTreeMap<String, String> = labels.iter().map(pair).collect();
        all.entry("topology.kubernetes.io/zone".to_owned()).or_insert_with(|| "a".to_owned());
        all.entry("zone".to_owned()).or_insert_with(|| "a".to_owned());
        all
    };
    let found: Vec<_> = repository.workloads.values().map(asked).collect();
    if found.is_empty() { vec![BTreeMap::new()] } else { found }
}
