//! Kubernetes manifests. Here documents are sorted by their kind; each kind is read by a file of its own.

mod budget;
mod claim;
mod config;
mod container;
mod controller;
mod env;
mod job;
mod object;
mod place;
mod pod;
mod probe;
mod resources;
mod security;
mod selector;
mod volume;

use self::{budget::Budget, object::Object, selector::Known};
pub(super) use self::{
    container::{Ports, image},
    place::architecture,
    volume::path,
};
use super::{Document, Import, fields::Fields, kdl::Block, report::Report, yaml::Node};

/// What the readers of manifests know of each other.
struct Cx<'r, 'p> {
    import: &'r mut Import<'p>,
    /// The workloads of the input: names and the labels of their pods.
    known: Vec<Known>,
    budgets: Vec<Budget>,
    /// Claims that the input declares, by name: size, class and access.
    claims: Vec<claim::Claim>,
}

/// Reads manifests. Workloads are listed first, since selectors of one may mean another.
pub(super) fn read(documents: Vec<Document>, import: &mut Import<'_>) {
    let documents: Vec<Document> =
        documents.into_iter().flat_map(|document| flat(document, &mut import.report)).collect();
    let workloads = selector::known(&documents, &mut import.report);
    let known = workloads.iter().flatten().cloned().collect();
    let mut cx = Cx { import, known, budgets: Vec::new(), claims: Vec::new() };
    let all = documents.into_iter().zip(workloads);
    let (first, rest): (Vec<_>, Vec<_>) = all.partition(|(document, _)| is_asked_for(document));
    for (document, known) in first.into_iter().chain(rest) {
        if let Some(object) = Object::read(document, &mut cx.import.report) {
            dispatch(object, known.as_ref(), &mut cx);
        }
    }
    budget::report_unused(&mut cx);
    claim::report_unused(&mut cx);
}

/// Whether workloads ask for it: it is read before them.
fn is_asked_for(document: &Document) -> bool {
    matches!(kind(&document.node), "PodDisruptionBudget" | "PersistentVolumeClaim")
}

fn kind(node: &Node) -> &str {
    node.get("kind").and_then(Node::text).unwrap_or_default()
}

/// A list as its items.
fn flat(document: Document, report: &mut Report<'_>) -> Vec<Document> {
    if !kind(&document.node).ends_with("List") {
        return vec![document];
    }
    let Document { node, stem } = document;
    let mut fields = Fields::of(node, "", report);
    ["apiVersion", "kind", "metadata"].iter().for_each(|key| drop(fields.take(key)));
    if !fields.has("items") {
        report.refuse(fields.span, "this list has no `items`", "write its objects below `items`");
    }
    let items = fields.list("items", report);
    fields.close(&mut Block::new(""), report);
    items.into_iter().flat_map(|node| flat(Document { node, stem: stem.clone() }, report)).collect()
}

fn dispatch(object: Object, known: Option<&Known>, cx: &mut Cx<'_, '_>) {
    if let Some(known) = known {
        return controller::read(object, known, cx);
    }
    match object.kind.value.as_str() {
        "ConfigMap" => config::config(object, cx),
        "Secret" => config::secret(object, cx),
        "PodDisruptionBudget" => budget::read(object, cx),
        "PersistentVolumeClaim" => claim::claim(object, cx),
        "Service" | "Ingress" | "Gateway" | "HTTPRoute" => traffic(object, cx),
        _ => unsupported(object, cx),
    }
}

/// What leads traffic to pods in Kubernetes: a warning that names the way here.
fn traffic(object: Object, cx: &mut Cx<'_, '_>) {
    let why = match object.kind.value.as_str() {
        "Service" => {
            "clients reach a container through a port of its node (`port … host=\"auto\"`), or read the addresses of the ready \
             replicas from a file (`mount … endpoints=\"NAME\"`)"
        }
        _ => "run a proxy of your own as a workload, and give it the addresses with `mount … endpoints=\"NAME\"`",
    };
    let report = &mut cx.import.report;
    report.not_carried(object.kind.span, &format!("{} {}", object.kind.value, object.name.value), why);
}

/// Why a kind has no counterpart.
fn reason(kind: &str) -> &'static str {
    match kind {
        "HorizontalPodAutoscaler" | "VerticalPodAutoscaler" => {
            "a build decides how many replicas run: write the number into `replicas`"
        }
        "ServiceAccount" | "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => {
            "there is no API server that containers could call, so nothing has to be allowed"
        }
        "Namespace" => "there are no namespaces: the fleet is one",
        "StorageClass" | "CSIDriver" | "VolumeSnapshotClass" => {
            "volumes are directories of the node that a replica runs on: write `storage` at the node"
        }
        "PersistentVolume" => {
            "volumes are made on the node that a replica runs on; `host-path` and `nfs` name a place directly"
        }
        "NetworkPolicy" => "there is no network between fleets to be filtered: use the firewall of the nodes",
        "PriorityClass" => "write the number of the priority into `place { priority … }`",
        "LimitRange" | "ResourceQuota" => "requests and limits are written at each container",
        "EndpointSlice" | "Endpoints" => {
            "addresses of replicas are kept current by the nodes: `mount … endpoints=\"NAME\"`"
        }
        "Node" => "nodes are described by people and by `wlagent facts`",
        "CustomResourceDefinition" => "kinds of your own are templates here",
        _ => "this kind has no counterpart",
    }
}

fn unsupported(object: Object, cx: &mut Cx<'_, '_>) {
    let what = format!("{} {}", object.kind.value, object.name.value);
    cx.import.report.not_carried(object.kind.span, &what, reason(&object.kind.value));
}
