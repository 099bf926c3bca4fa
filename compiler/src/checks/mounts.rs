//! Configs, volumes and mounts: each has one source, and the source exists.

use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    model::{
        Repository,
        pod::Pod,
        volume::{Mount, OnChangeWord, Volume},
    },
    span::Span,
};

pub(super) fn check(repository: &Repository, pod: &Pod, problems: &mut Problems) {
    for volume in &pod.volumes {
        one_source("volume", (volume.span, volume.extent), &volume_sources(volume), problems);
    }
    for mount in pod.containers.iter().flat_map(|container| &container.mounts) {
        one_source("mount", (mount.span, mount.extent), &mount_sources(mount), problems);
        check_source(repository, pod, mount, problems);
        check_change(mount, problems);
        check_root(mount, problems);
    }
}

/// The image itself is there: nothing of it would be left to run.
fn check_root(mount: &Mount, problems: &mut Problems) {
    if mount.path.value.as_str() == "/" {
        let diagnostic = Diagnostic::new(Code::BadValue, "nothing can be mounted at `/`", mount.path.span, "the image");
        problems.add(diagnostic.hint("name a folder in the container, such as `\"/data\"`"));
    }
}

type Sources = Vec<(&'static str, Span)>;

fn volume_sources(volume: &Volume) -> Sources {
    let found = [
        ("empty-dir", volume.empty_dir.as_ref().map(|one| one.span)),
        ("tmpfs", volume.tmpfs.as_ref().map(|one| one.span)),
        ("host-path", volume.host_path.as_ref().map(|one| one.span)),
    ];
    present(&found)
}

fn mount_sources(mount: &Mount) -> Sources {
    let found = [
        ("config", mount.config.as_ref().map(|one| one.span)),
        ("volume", mount.volume.as_ref().map(|one| one.span)),
        ("empty-dir", mount.empty_dir.as_ref().map(|one| one.span)),
        ("tmpfs", mount.tmpfs.as_ref().map(|one| one.span)),
        ("host-path", mount.host_path.as_ref().map(|one| one.span)),
    ];
    present(&found)
}

/// Those that are there, in the order of the file.
fn present(found: &[(&'static str, Option<Span>)]) -> Sources {
    let mut present: Sources = found.iter().filter_map(|(word, span)| span.map(|span| (*word, span))).collect();
    present.sort_by_key(|(_, span)| *span);
    present
}

/// S-376: exactly one source.
fn one_source(what: &str, (block, extent): (Span, Span), sources: &Sources, problems: &mut Problems) {
    match sources[..] {
        [_] => {}
        [] if problems.any_error_in(extent) => {}
        [] => {
            let diagnostic =
                Diagnostic::new(Code::OneSource, format!("this {what} says not what it is"), block, "no source");
            problems.add(diagnostic.hint(format!("`wlc explain {what}` lists the sources")));
        }
        [(first, first_span), (second, second_span), ..] => {
            let message = format!("this {what} is `{first}` and `{second}` at once");
            let diagnostic = Diagnostic::new(Code::OneSource, message, second_span, "a second source");
            problems.add(diagnostic.also(first_span, "the first source").hint("keep one of them"));
        }
    }
}

fn check_source(repository: &Repository, pod: &Pod, mount: &Mount, problems: &mut Problems) {
    if let Some(config) = &mount.config
        && !repository.is_declared("config", config.value.as_str())
    {
        let message = format!("there is no config `{}`", config.value);
        let diagnostic = Diagnostic::new(Code::UnknownName, message, config.span, "no such config");
        problems.add(match problems.wants_hints() {
            true => diagnostic.hint(suggest::hint(config.value.as_str(), repository.names("config"))),
            false => diagnostic,
        });
    }
    let volumes = || pod.volumes.iter().map(|volume| volume.name.value.as_str());
    if let Some(volume) = &mount.volume
        && !volumes().any(|name| name == volume.value.as_str())
    {
        let message = format!("the workload has no volume `{}`", volume.value);
        let diagnostic = Diagnostic::new(Code::UnknownName, message, volume.span, "no such volume");
        let names: Vec<&str> = volumes().collect();
        problems.add(diagnostic.hint(suggest::hint(volume.value.as_str(), names)));
    }
}

fn check_change(mount: &Mount, problems: &mut Problems) {
    let on_change = &mount.on_change;
    match (on_change.value, &mount.signal) {
        (OnChangeWord::Signal, None) => {
            let diagnostic = Diagnostic::new(
                Code::MissingValue,
                "`on-change=\"signal\"` needs a signal",
                on_change.span,
                "which signal?",
            );
            problems.add(diagnostic.hint("write `signal=\"HUP\"` beside it"));
        }
        (OnChangeWord::Restart | OnChangeWord::Nothing, Some(signal)) => {
            let message = "`signal` is only sent with `on-change=\"signal\"`";
            let diagnostic = Diagnostic::new(Code::Contradiction, message, signal.span, "never sent");
            problems.add(diagnostic.hint("write `on-change=\"signal\"` beside it, or take it out"));
        }
        (OnChangeWord::Signal, Some(_)) | (OnChangeWord::Restart | OnChangeWord::Nothing, None) => {}
    }
    if mount.config.is_none() && on_change.value != OnChangeWord::Restart {
        let message = "`on-change` is for configs";
        let label = "this mount has no content to change";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, on_change.span, label);
        problems.add(diagnostic.hint("take it out"));
    }
}
