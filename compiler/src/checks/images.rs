//! Images: one that is named by a tag may be another image tomorrow (P-033).

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::pod::Pod,
};

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    for container in pod.all() {
        let image = &container.image;
        if image.value.digest.is_some() {
            continue;
        }
        let tag = image.value.tag.as_deref().unwrap_or("latest");
        let message = format!("`{}` is named by its tag `{tag}` alone", image.value.written);
        let diagnostic = Diagnostic::new(Code::UnresolvedImage, message, image.span, "locked as unresolved");
        problems.add(diagnostic.hint("add its digest, `@sha256:…`, so that every node runs the same image"));
    }
}
