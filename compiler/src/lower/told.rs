//! What an instance tells its containers that is no part of its revision: addresses and amounts of its node, annotations of its
//! workload. Only what its template asks for is told.

use std::collections::BTreeMap;

use wlc_plan::{
    name::{EnvName, LabelKey, NodeName},
    spec::{EnvValue, FileSource, InstanceField, MountSource, PodSpec},
};

use crate::{
    model::{Repository, env::ResourceWord, workload::Workload},
    placement,
};

/// The first address of the node.
pub(super) const NODE_ADDRESS: &str = "node-address";
/// All addresses of the node, with commas.
pub(super) const NODE_ADDRESSES: &str = "node-addresses";
const ANNOTATION: &str = "annotations.";
const PARAMETER: &str = "parameter.";
const CPU: &str = "node.cpu/";
const MEMORY: &str = "node.memory/";

/// The word for an annotation.
pub(super) fn annotation(key: &LabelKey) -> String {
    format!("{ANNOTATION}{key}")
}

/// A parameter of a job: a run may be given another value.
pub(super) fn parameter(name: &EnvName) -> InstanceField {
    InstanceField::Told(format!("{PARAMETER}{name}"))
}

/// The word for what the node can give, counted in `one` thousandth of a CPU or byte; none for what has no such end.
pub(super) fn of_node(resource: ResourceWord, one: u64) -> Option<String> {
    match resource {
        ResourceWord::LimitCpu => Some(format!("{CPU}{one}")),
        ResourceWord::LimitMemory => Some(format!("{MEMORY}{one}")),
        ResourceWord::LimitStorage
        | ResourceWord::RequestCpu
        | ResourceWord::RequestMemory
        | ResourceWord::RequestStorage => None,
    }
}

/// All that the template of an instance on this node asks for.
pub(super) fn told(
    repository: &Repository,
    workload: &Workload,
    node: &NodeName,
    spec: &PodSpec,
) -> BTreeMap<String, String> {
    words(spec).map(|word| (word.to_owned(), text(repository, workload, node, word))).collect()
}

fn words(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let containers = spec.containers.iter();
    containers.flat_map(|container| {
        let variables = container.env.iter().filter_map(|variable| match &variable.value {
            EnvValue::Field(field) => told_word(field),
            EnvValue::Text(_) | EnvValue::Secret(_) => None,
        });
        let mounts = container.mounts.iter().filter_map(|mount| match &mount.source {
            MountSource::Files(files) => Some(&files.sources),
            MountSource::Config(_) | MountSource::Volume(_) | MountSource::Claim(_) => None,
        });
        let files = mounts.flatten().filter_map(|source| match source {
            FileSource::Field(file) => told_word(&file.field),
            FileSource::Config(_) | FileSource::Secret(_) | FileSource::Text(_) | FileSource::Endpoints(_) => None,
        });
        variables.chain(files)
    })
}

fn told_word(field: &InstanceField) -> Option<&str> {
    if let InstanceField::Told(word) = field { Some(word) } else { None }
}

fn text(repository: &Repository, workload: &Workload, node: &NodeName, word: &str) -> String {
    if let Some(key) = word.strip_prefix(ANNOTATION) {
        let annotations = &workload.common().annotations;
        let found = annotations.iter().find(|annotation| annotation.key.value.as_str() == key);
        return found.map_or_else(String::new, |annotation| annotation.value.value.clone());
    }
    if let Some(name) = word.strip_prefix(PARAMETER) {
        let mut parameters = workload.work().into_iter().flat_map(|work| &work.parameters);
        let found = parameters.find(|parameter| parameter.name.value.as_str() == name);
        return found.and_then(|one| one.default.as_ref()).map_or_else(String::new, |text| text.value.clone());
    }
    let Some(machine) = repository.nodes.get(node) else { return String::new() };
    let addresses: Vec<String> = machine.addresses.iter().map(|address| address.value.0.clone()).collect();
    let (cpu, memory) = placement::room(machine, repository.facts_of(node));
    let counted = |amount: Option<u64>, one: &str| {
        let one = one.parse().unwrap_or(1);
        amount.map_or_else(String::new, |amount| amount.div_ceil(one).to_string())
    };
    match word.split_once('/') {
        Some(("node.cpu", one)) => counted(cpu.map(|cpu| cpu.0), one),
        Some(("node.memory", one)) => counted(memory.map(|memory| memory.0), one),
        _ if word == NODE_ADDRESS => addresses.first().cloned().unwrap_or_default(),
        _ => addresses.join(","),
    }
}
