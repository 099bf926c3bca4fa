//! Builds the steps of a case with the compiler's own stages, each with the lock of the step before.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;
use wlc::{
    attachments,
    diagnostics::{Problems, terminal},
    files,
    lock::{
        Lock, WorkloadLock,
        store::{self, Reading},
        text,
    },
    lower::Lowered,
    pipeline,
};
use wlc_plan::{instance::Instance, name::WorkloadName, spec::PodSpec};
use wlc_tests::{folder, running};

/// The builds of all steps of a case.
pub(crate) fn case(name: &str) -> Vec<Lowered> {
    let sources = tempfile::tempdir().unwrap();
    let locks = tempfile::tempdir().unwrap();
    steps(name).iter().map(|step| build_step(step, sources.path(), &locks)).collect()
}

fn steps(name: &str) -> Vec<PathBuf> {
    let case = running::workspace().join("tests/compile").join(name);
    let steps: Vec<PathBuf> = (1..).map(|step| case.join(step.to_string())).take_while(|step| step.is_dir()).collect();
    assert!(!steps.is_empty(), "{name} has no step `1`");
    steps
}

fn build_step(step: &Path, sources: &Path, locks: &TempDir) -> Lowered {
    folder::copy(step, sources);
    let lock = store::read(locks.path(), Reading::Strict).unwrap();
    let built = build(sources, &lock);
    store::write(locks.path(), &built.lock).unwrap();
    let written = store::read(locks.path(), Reading::Strict).unwrap();
    assert_eq!(written, built.lock, "{}: the lock reads back as it was", step.display());
    let again = build(sources, &written);
    assert_eq!(again.lock, built.lock, "{}: a second build changes no lock", step.display());
    let bytes = |one: &Lowered| one.content.files().unwrap();
    assert_eq!(bytes(&again), bytes(&built), "{}: a second build gives the same bytes", step.display());
    built
}

/// A build of a folder, which must have no errors.
pub(crate) fn build(sources: &Path, lock: &Lock) -> Lowered {
    let mut problems = Problems::default();
    let mut read = files::read(sources, &mut problems).unwrap();
    let overlay = fs::read_to_string(sources.join("overlay")).unwrap_or_default();
    if !overlay.trim().is_empty() {
        read.choose_overlay(overlay.trim());
    }
    let front = pipeline::read(read, problems);
    let attached = files::attach(sources, &attachments::named(&front.sources, &front.repository));
    let compiled = pipeline::compile(front, &attached, lock);
    let report = || terminal::render(&compiled.sources, &compiled.problems.sorted(), terminal::Style::Plain);
    compiled.lowered.clone().unwrap_or_else(|| panic!("the sources have errors:\n{}", report()))
}

/// What a case gives, as files that people read.
pub(crate) fn files(steps: &[Lowered]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for (step, built) in (1..).zip(steps) {
        for (node, plan) in &built.content.plans {
            files.insert(format!("{step}/nodes/{node}.json"), pretty(&plan.encode()));
        }
        for (digest, bytes) in built.content.specs.iter().chain(&built.content.contents) {
            files.insert(format!("{step}/specs/{}.json", &digest.to_string()[..16]), pretty(bytes));
        }
        for (name, lock) in &built.lock.workloads {
            files.insert(format!("{step}/lock/{name}.lock"), text::write(lock));
        }
    }
    files
}

fn pretty(bytes: &[u8]) -> String {
    let value: Value = serde_json::from_slice(bytes).unwrap();
    serde_json::to_string_pretty(&value).unwrap() + "\n"
}

/// What a test asks of a build.
pub(crate) trait Asked {
    /// Each replica of a workload and its node.
    fn nodes(&self, workload: &str) -> Vec<(String, String)>;
    /// The lock of a workload.
    fn lock_of(&self, workload: &str) -> &WorkloadLock;
    /// The numbers of its revisions, oldest first.
    fn numbers(&self, workload: &str) -> Vec<u32>;
    /// Its instance in the plans; the first of several.
    fn instance(&self, workload: &str) -> &Instance;
    /// The spec that it asks for.
    fn spec(&self, workload: &str) -> PodSpec;
}

impl Asked for Lowered {
    fn nodes(&self, workload: &str) -> Vec<(String, String)> {
        let replicas = &self.lock_of(workload).replicas;
        replicas.iter().map(|(replica, one)| (replica.to_string(), one.node.to_string())).collect()
    }

    fn lock_of(&self, workload: &str) -> &WorkloadLock {
        &self.lock.workloads[&WorkloadName::parse(workload).unwrap()]
    }

    fn numbers(&self, workload: &str) -> Vec<u32> {
        self.lock_of(workload).revisions.iter().map(|revision| revision.reference.number).collect()
    }

    fn instance(&self, workload: &str) -> &Instance {
        let mut all = self.content.plans.values().flat_map(|plan| &plan.instances);
        all.find(|instance| instance.workload.as_str() == workload).expect("it is in a plan")
    }

    fn spec(&self, workload: &str) -> PodSpec {
        serde_json::from_slice(&self.content.specs[&self.instance(workload).spec.spec]).unwrap()
    }
}
