//! Volumes of a pod: each has one source.

use super::files;
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{Repository, mount::Mode, volume::Volume, workload::Workload},
};

pub(super) fn check(repository: &Repository, workload: &Workload, problems: &mut Problems) {
    for volume in &workload.pod().volumes {
        files::one_source("volume", volume.span, volume.extent, &sources(volume), problems);
        files::check(repository, workload, &files::of_volume(volume), problems);
        check_words(volume, problems);
    }
}

fn sources(volume: &Volume) -> files::Sources {
    let mut found = files::of_volume(volume).sources();
    let single = [
        ("empty-dir", volume.empty_dir.as_ref().map(|one| one.span)),
        ("tmpfs", volume.tmpfs.as_ref().map(|one| one.span)),
        ("host-path", volume.host_path.as_ref().map(|one| one.span)),
        ("named", volume.named.as_ref().map(|one| one.span)),
        ("image", volume.image.as_ref().map(|one| one.span)),
        ("nfs", volume.nfs.as_ref().map(|one| one.span)),
    ];
    found.extend(single.into_iter().filter_map(|(word, span)| span.map(|span| (word, span))));
    found.sort_by_key(|(_, span)| *span);
    found
}

fn check_words(volume: &Volume, problems: &mut Problems) {
    if problems.any_error_in(volume.extent) {
        return;
    }
    if let (Some(kind), None) = (&volume.kind, &volume.host_path) {
        let diagnostic = Diagnostic::new(Code::Contradiction, "`type` is for `host-path=`", kind.span, "no effect");
        problems.add(diagnostic.hint("take it out"));
    }
    if volume.mode.value != Mode::DEFAULT && files::of_volume(volume).sources().is_empty() {
        let message = "`mode` is for configs, secrets and fields";
        problems.add(Diagnostic::new(Code::Contradiction, message, volume.mode.span, "no effect").hint("take it out"));
    }
}
