//! The page about metrics names each that the agent tells, with its labels, and no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Duration,
};

use wlagent::{
    clock::Moment,
    counts::{Counted, Counts, RolloutStage, Steps},
    status::{
        document::Document,
        metrics::{self, Sources},
        own::Own,
    },
};
use wlc_plan::name::{ContainerName, WorkloadName};
use wlc_tests::running;

/// A status of which every metric has something to tell.
fn document() -> Document {
    let instance = serde_json::json!({
        "replica": "web-0", "workload": "web", "kind": "deployment", "state": "running", "ready": true, "revision": null,
        "since": "2026-11-26T03:00:00Z", "restarts": 0, "containers": [], "last_failure": null,
        "waits": [{ "gate": "slot", "reason": "", "until": null }]
    });
    let document = serde_json::json!({
        "version": 1, "node": "n1", "fleet": "example", "generation": 1, "refused": null, "instances": [instance]
    });
    serde_json::from_value(document).unwrap()
}

fn counted() -> Counted {
    let (workload, container) = (WorkloadName::parse("web").unwrap(), ContainerName::parse("nginx").unwrap());
    let counts = Counts::default();
    counts.pass(true, Duration::from_millis(1), Moment(1));
    let mut counted = counts.now();
    counted.actions.insert("make-pod", Steps::default());
    counted.refused.insert("expired".to_owned(), 1);
    counted.restarts.insert((workload.clone(), container), 1);
    counted.rollouts.insert((workload, RolloutStage::Begun), 1);
    counted.answers.insert(("readiness", "success"), 1);
    counted
}

/// Each metric that the agent tells, with its labels.
fn told() -> BTreeMap<String, BTreeSet<String>> {
    let (document, counted) = (document(), counted());
    let sources = Sources { document: &document, counted: &counted, silence: Duration::ZERO, own: Own::read() };
    let page = metrics::page(sources);
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut family = String::new();
    for line in page.lines() {
        match line.strip_prefix("# TYPE ") {
            Some(kind) => family = kind.split(' ').next().unwrap().to_owned(),
            None if line.starts_with('#') => {}
            None => {
                let labels = line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
                let names =
                    labels.split(',').filter_map(|label| label.split_once('=')).map(|(name, _)| name.to_owned());
                told.entry(family.clone()).or_default().extend(names);
            }
        }
    }
    told
}

#[test]
fn the_page_names_every_metric_with_its_labels() {
    let page = fs::read_to_string(running::workspace().join("book/src/reference/metrics.md")).unwrap();
    let words = |cell: &str| -> BTreeSet<String> {
        cell.split(',').map(|word| word.trim().trim_matches('`').to_owned()).filter(|word| !word.is_empty()).collect()
    };
    let named: BTreeMap<String, BTreeSet<String>> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| {
            let mut cells = line.split('|');
            let name = cells.next().unwrap().trim().trim_end_matches('`').to_owned();
            (name, words(cells.next().unwrap()))
        })
        .collect();
    assert_eq!(named, told());
}
