//! Placeholders of an import: they pass a check, so that the rest can be looked at, and no build takes them.

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::Repository,
    span::Span,
};

/// Registries below this host exist nowhere (RFC 2606).
pub(crate) const IMAGE: &str = "placeholder.invalid/";

pub(super) fn check(repository: &Repository, problems: &mut Problems) {
    for config in repository.configs.values().filter(|config| config.placeholder.value) {
        let what = format!("config `{}` is a placeholder", config.name.value);
        report(what, config.placeholder.span, "write its files, and take `placeholder` out", problems);
    }
    for node in repository.nodes.values().filter(|node| node.placeholder.value) {
        let what = format!("node `{}` is a placeholder", node.name.value);
        let hint = "describe the node and add its facts, and take `placeholder` out";
        report(what, node.placeholder.span, hint, problems);
    }
    for (_, container) in repository.workloads.values().flat_map(|workload| workload.pod().in_order()) {
        let image = &container.image;
        if image.value.written.starts_with(IMAGE) {
            let what = format!("`{}` is a placeholder for an image", image.value.written);
            report(what, image.span, "write the image that the container runs", problems);
        }
    }
}

fn report(what: String, span: Span, hint: &str, problems: &mut Problems) {
    let diagnostic = Diagnostic::new(Code::Placeholder, what, span, "something real belongs here");
    problems.add(diagnostic.hint(hint).hint("`wlc build` and `wlc lock` refuse it"));
}
