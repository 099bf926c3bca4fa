//! What containers mount: each mount has one source, the source exists, and what is said about it has an effect.

use wlc_plan::name::ClaimName;

use super::{files, names};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    model::{
        Repository,
        container::Container,
        mount::{Mode, Mount, OnChangeWord, Propagation},
        workload::Workload,
    },
    span::{Span, Spanned},
};

pub(super) fn check(repository: &Repository, workload: &Workload, problems: &mut Problems) {
    for container in workload.pod().all() {
        for mount in &container.mounts {
            let directory = files::of_mount(mount);
            files::one_source("mount", mount.span, mount.extent, &sources(mount), problems);
            files::check(repository, workload, &directory, problems);
            check_named(repository, workload, mount, problems);
            check_change(mount, problems);
            check_path(mount, problems);
            check_words(container, mount, problems);
        }
        check_nested(container, problems);
    }
}

/// The image itself is there: nothing of it would be left to run.
fn check_path(mount: &Mount, problems: &mut Problems) {
    if mount.path.value.as_str() == "/" {
        let diagnostic = Diagnostic::new(Code::BadValue, "nothing can be mounted at `/`", mount.path.span, "the image");
        problems.add(diagnostic.hint("name a folder in the container, such as `\"/data\"`"));
    }
}

fn sources(mount: &Mount) -> files::Sources {
    let mut found = files::of_mount(mount).sources();
    let single = [
        ("volume", mount.volume.as_ref().map(|one| one.span)),
        ("claim", mount.claim.as_ref().map(|one| one.span)),
        ("empty-dir", mount.empty_dir.as_ref().map(|one| one.span)),
        ("tmpfs", mount.tmpfs.as_ref().map(|one| one.span)),
        ("host-path", mount.host_path.as_ref().map(|one| one.span)),
        ("named", mount.named.as_ref().map(|one| one.span)),
        ("image", mount.image.as_ref().map(|one| one.span)),
        ("endpoints", mount.endpoints.as_ref().map(|one| one.span)),
    ];
    found.extend(single.into_iter().filter_map(|(word, span)| span.map(|span| (word, span))));
    found.sort_by_key(|(_, span)| *span);
    found
}

/// S-390, S-386: volumes, claims and workloads that are named are declared.
fn check_named(repository: &Repository, workload: &Workload, mount: &Mount, problems: &mut Problems) {
    let pod = workload.pod();
    let volumes: Vec<&str> = pod.volumes.iter().map(|volume| volume.name.value.as_str()).collect();
    if let Some(volume) = &mount.volume
        && !volumes.contains(&volume.value.as_str())
        && !problems.any_not_held("volume", pod.extent)
    {
        let message = format!("the workload has no volume `{}`", volume.value);
        let diagnostic = Diagnostic::new(Code::UnknownName, message, volume.span, "no such volume");
        problems.add(diagnostic.hint(suggest::hint(volume.value.as_str(), volumes)));
    }
    if let Some(claim) = &mount.claim {
        check_claim(workload, claim, problems);
    }
    if let Some(endpoints) = &mount.endpoints {
        names::known_workload(repository, endpoints, problems);
    }
}

fn check_claim(workload: &Workload, claim: &Spanned<ClaimName>, problems: &mut Problems) {
    let Some(claims) = workload.claims() else {
        let message = format!("`{}` has no claims: they belong to stateful-sets", workload.name().value);
        let diagnostic = Diagnostic::new(Code::Contradiction, message, claim.span, "no claims here");
        problems.add(diagnostic.hint("write `empty-dir=`, `host-path=` or `named=`, or make it a `stateful-set`"));
        return;
    };
    if !claims.contains(&claim.value.as_str()) && !problems.any_not_held("claim", workload.pod().extent) {
        let message = format!("the workload has no claim `{}`", claim.value);
        let diagnostic = Diagnostic::new(Code::UnknownName, message, claim.span, "no such claim");
        problems.add(diagnostic.hint(suggest::hint(claim.value.as_str(), claims)));
    }
}

fn check_change(mount: &Mount, problems: &mut Problems) {
    let on_change = &mount.on_change;
    match (on_change.value, &mount.signal) {
        (OnChangeWord::Signal, None) if !problems.any_error_in(mount.extent) => {
            let message = "`on-change=\"signal\"` needs a signal";
            let diagnostic = Diagnostic::new(Code::MissingValue, message, on_change.span, "which signal?");
            problems.add(diagnostic.hint("write `signal=\"HUP\"` beside it"));
        }
        (OnChangeWord::Restart | OnChangeWord::Nothing, Some(signal)) if !problems.any_error_in(mount.extent) => {
            let message = "`signal` is only sent with `on-change=\"signal\"`";
            let diagnostic = Diagnostic::new(Code::Contradiction, message, signal.span, "never sent");
            problems.add(diagnostic.hint("write `on-change=\"signal\"` beside it, or take it out"));
        }
        (OnChangeWord::Signal, _) | (OnChangeWord::Restart | OnChangeWord::Nothing, _) => {}
    }
    let changes = !mount.configs.is_empty() || !mount.secrets.is_empty() || mount.endpoints.is_some();
    if !changes && on_change.value != OnChangeWord::Restart && !problems.any_error_in(mount.extent) {
        let message = "`on-change` is for configs and secrets";
        let span = on_change.span;
        let label = "this mount has no content to change";
        problems.add(Diagnostic::new(Code::Contradiction, message, span, label).hint("take it out"));
    }
    if let (Some(sub_path), true) = (&mount.sub_path, changes && on_change.value != OnChangeWord::Restart) {
        let message = "later contents never reach a `sub-path`";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, sub_path.span, "stays as it was at the start");
        problems.add(diagnostic.also(on_change.span, "swaps the files").hint("mount the whole directory"));
    }
}

/// S-396, S-379, S-380: words that belong to some sources only.
fn check_words(container: &Container, mount: &Mount, problems: &mut Problems) {
    if let (Some(kind), None) = (&mount.kind, &mount.host_path)
        && !problems.any_error_in(mount.extent)
    {
        stray("type", "`host-path=`", kind.span, problems);
    }
    let holds_files = !files::of_mount(mount).sources().is_empty() || problems.any_error_in(mount.extent);
    if mount.mode.value != Mode::DEFAULT && !holds_files {
        stray("mode", "configs, secrets and fields", mount.mode.span, problems);
    }
    if mount.optional.value && !holds_files {
        stray("optional", "configs and secrets", mount.optional.span, problems);
    }
    if let Some(propagation) = &mount.propagation
        && propagation.value == Propagation::Shared
        && !container.privileged.value
    {
        let message = "only a privileged container may share its mounts with the node";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, propagation.span, "not privileged");
        problems.add(diagnostic.hint("write `\"slave\"` to see the node's mounts, or make the container `privileged`"));
    }
}

fn stray(word: &str, of: &str, span: Span, problems: &mut Problems) {
    let message = format!("`{word}` is for {of}");
    problems.add(Diagnostic::new(Code::Contradiction, message, span, "no effect").hint("take it out"));
}

/// A mount inside another that cannot be written: its mount point has to be there already.
fn check_nested(container: &Container, problems: &mut Problems) {
    let fixed =
        |mount: &&Mount| mount.read_only.value || mount.image.is_some() || !files::of_mount(mount).sources().is_empty();
    for outer in container.mounts.iter().filter(fixed) {
        let folder = format!("{}/", outer.path.value);
        for inner in container.mounts.iter().filter(|inner| inner.path.value.as_str().starts_with(&folder)) {
            let message =
                format!("`{}` lies inside `{}`, where nothing can be made", inner.path.value, outer.path.value);
            let diagnostic = Diagnostic::new(Code::NestedMount, message, inner.path.span, "inside another mount");
            let hint = "the container starts only if that path is there already; mount it elsewhere";
            problems.add(diagnostic.also(outer.path.span, "cannot be written").hint(hint));
        }
    }
}
