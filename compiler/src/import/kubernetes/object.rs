//! What all objects have: kind, name, labels, annotations.

use super::super::{Document, fields::Fields, kdl::Block, report::Report};
use crate::span::Spanned;

/// Keys and values.
pub(super) type Pairs = Vec<(Spanned<String>, Spanned<String>)>;

/// An object whose head is read.
#[derive(Debug)]
pub(super) struct Object {
    /// Its kind.
    pub(super) kind: Spanned<String>,
    /// Its name, as written.
    pub(super) name: Spanned<String>,
    /// Its labels.
    pub(super) labels: Pairs,
    /// Its annotations.
    pub(super) annotations: Pairs,
    /// Comments about what is left out of its head.
    pub(super) notes: Block,
    /// Everything else.
    pub(super) fields: Fields,
}

/// What a cluster writes and nobody wishes.
const STATE: [&str; 8] = [
    "creationTimestamp",
    "deletionTimestamp",
    "uid",
    "resourceVersion",
    "generation",
    "managedFields",
    "selfLink",
    "ownerReferences",
];

impl Object {
    /// Reads the head. None where there is no kind.
    pub(super) fn read(document: Document, report: &mut Report<'_>) -> Option<Self> {
        let mut fields = Fields::of(document.node, "", report);
        let span = fields.span;
        let version = fields.text("apiVersion", report);
        let Some(kind) = fields.text("kind", report) else {
            report.refuse(span, "this document has no `kind`", "write what it is, such as `kind: Deployment`");
            return None;
        };
        let is_custom = |version: &Spanned<String>| {
            let group = version.value.split_once('/').map_or("", |(group, _)| group);
            group.contains('.') && !group.ends_with(".k8s.io")
        };
        if let Some(version) = version.filter(is_custom) {
            let message = format!("`{}` of `{}` is a kind of somebody's own", kind.value, version.value);
            report.refuse(version.span, message, "only Kubernetes' own kinds are imported");
            return None;
        }
        let mut notes = Block::new("");
        let metadata = fields.map("metadata", report);
        let head = metadata.unwrap_or_else(|| Fields::empty("metadata", kind.span));
        let (name, labels, annotations) = metadata_of(head, &kind, &document.stem, &mut notes, report);
        fields.leave("status", "it is a state of the cluster, not a wish", report);
        Some(Self { kind, name, labels, annotations, notes, fields })
    }
}

fn metadata_of(
    mut metadata: Fields,
    kind: &Spanned<String>,
    stem: &str,
    notes: &mut Block,
    report: &mut Report<'_>,
) -> (Spanned<String>, Pairs, Pairs) {
    let written = metadata.text("name", report);
    let generated = metadata.text("generateName", report);
    let name = written.or(generated).unwrap_or_else(|| {
        let message = format!("this {} has no name: it is called after its file, `{stem}`", kind.value);
        report.differs(kind.span, message, "give it another name where that is a bad one");
        Spanned::new(stem.to_owned(), kind.span)
    });
    let labels = metadata.pairs("labels", report);
    let annotations = metadata.pairs("annotations", report);
    metadata.leave("namespace", "there are no namespaces, the fleet is one", report);
    metadata.leave("finalizers", "nothing here waits for others before it is removed", report);
    metadata.leave_all(&STATE, "it is a state of the cluster, not a wish", report);
    metadata.close(notes, report);
    (name, labels, annotations)
}

/// Labels and annotations of a workload: those of the object and those of its pods, of which the pods' win.
pub(super) fn write_labels(object: Pairs, pods: Pairs, word: &str, block: &mut Block, report: &mut Report<'_>) {
    let is_pods = |key: &str| pods.iter().any(|(known, _)| known.value == key);
    for (key, value) in &object {
        match pods.iter().find(|(known, _)| known.value == key.value) {
            Some((_, other)) if other.value != value.value => {
                let message = format!("{word} `{}` of the workload gives way to that of its pods", key.value);
                report.differs(key.span, message, "a workload and its pods have the same labels and annotations here");
            }
            Some(_) | None => {}
        }
    }
    for (key, value) in object.iter().filter(|(key, _)| !is_pods(&key.value)).chain(&pods) {
        if key.value == "kubectl.kubernetes.io/last-applied-configuration" {
            let note = report.not_carried(key.span, &key.value, "it is a state of the cluster, not a wish");
            block.note(note);
        } else if key.value == "kubectl.kubernetes.io/restartedAt" {
            block.push(Block::new("restarted").arg(value.value.as_str()));
        } else {
            block.push(Block::new(word).arg(key.value.as_str()).arg(value.value.as_str()));
        }
    }
}
