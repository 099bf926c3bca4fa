//! Sources of files in one directory: configs, secrets, fields, resources, for mounts and volumes alike.

use std::collections::BTreeMap;

use super::{Named, env};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        Repository,
        mount::{ConfigSource, FieldFile, Item, Mount, ResourceFile, SecretSource},
        volume::Volume,
        workload::Workload,
    },
    span::Span,
};

/// Words of sources and where they stand.
pub(super) type Sources = Vec<(&'static str, Span)>;

/// The sources of one directory.
pub(super) struct Directory<'a> {
    configs: &'a [ConfigSource],
    secrets: &'a [SecretSource],
    fields: &'a [FieldFile],
    resources: &'a [ResourceFile],
    optional: bool,
}

/// Those of a mount.
pub(super) fn of_mount(mount: &Mount) -> Directory<'_> {
    let Mount { configs, secrets, fields, resources, .. } = mount;
    Directory { configs, secrets, fields, resources, optional: mount.optional.value }
}

/// Those of a volume.
pub(super) fn of_volume(volume: &Volume) -> Directory<'_> {
    let Volume { configs, secrets, fields, resources, .. } = volume;
    Directory { configs, secrets, fields, resources, optional: false }
}

impl Directory<'_> {
    /// All of them.
    pub(super) fn sources(&self) -> Sources {
        let configs = self.configs.iter().map(|one| ("config", one.name.span));
        let secrets = self.secrets.iter().map(|one| ("secret", one.name.span));
        let fields = self.fields.iter().map(|one| ("field", one.span));
        let resources = self.resources.iter().map(|one| ("resource", one.span));
        let mut all: Sources = configs.chain(secrets).chain(fields).chain(resources).collect();
        all.sort_by_key(|(_, span)| *span);
        all
    }
}

/// Whether a value with a default was written: a default stands at the block's word.
pub(crate) fn is_written(value: Span, block: Span) -> bool {
    value.file != block.file || value.start != block.start
}

/// S-376: exactly one source; several sources of files are one directory (S-385).
pub(super) fn one_source(what: &str, block: Span, extent: Span, sources: &Sources, problems: &mut Problems) {
    let holds_files = |word: &str| matches!(word, "config" | "secret" | "field" | "resource");
    match sources[..] {
        [_] => {}
        [] if problems.any_error_in(extent) => {}
        [] => {
            let message = format!("this {what} says not what it is");
            let diagnostic = Diagnostic::new(Code::OneSource, message, block, "no source");
            problems.add(diagnostic.hint(format!("`wlc explain {what}` lists the sources")));
        }
        [(first, _), (second, _), ..] if holds_files(first) && holds_files(second) => {}
        [(first, first_span), (second, second_span), ..] => {
            let message = format!("this {what} is `{first}` and `{second}` at once");
            let diagnostic = Diagnostic::new(Code::OneSource, message, second_span, "a second source");
            problems.add(diagnostic.also(first_span, "the first source").hint("keep one of them"));
        }
    }
}

/// S-380, S-383 to S-385: what is named exists, and no two files have one path.
pub(super) fn check(repository: &Repository, workload: &Workload, directory: &Directory<'_>, problems: &mut Problems) {
    for config in directory.configs {
        let needed = !directory.optional && !config.optional.value;
        let named = Named::config(&config.name);
        if needed && named.is_known(repository, problems) {
            for item in &config.items {
                named.check_part(repository, &item.key, problems);
            }
        }
    }
    for secret in directory.secrets {
        let needed = !directory.optional && !secret.optional.value;
        let named = Named::secret(&secret.name);
        if needed && named.is_known(repository, problems) {
            for item in &secret.items {
                named.check_part(repository, &item.key, problems);
            }
        }
    }
    for file in directory.fields {
        env::check_field(workload, &file.field, problems);
    }
    for file in directory.resources {
        env::known_container(workload, &file.container, problems);
        if let Some(unit) = &file.unit {
            env::check_unit(file.resource.value, unit, problems);
        }
    }
    check_paths(repository, directory, problems);
}

/// All files of the directory, each with the place that brings it there.
fn paths(repository: &Repository, directory: &Directory<'_>) -> Vec<(String, Span)> {
    let of_items = |items: &[Item]| -> Vec<(String, Span)> {
        items.iter().map(|item| (item.path.value.0.clone(), item.path.span)).collect()
    };
    let mut found = Vec::new();
    for config in directory.configs {
        match (repository.configs.get(&config.name.value), &config.items[..]) {
            (Some(declared), []) => {
                let files = declared.files.iter().map(|file| file.name.value.to_string());
                found.extend(files.map(|name| (name, config.name.span)));
            }
            (_, items) => found.extend(of_items(items)),
        }
    }
    for secret in directory.secrets {
        match &secret.items[..] {
            [] => {
                let keys = repository.secret_keys(secret.name.value.as_str());
                found.extend(keys.into_iter().flatten().map(|key| (key.to_owned(), secret.name.span)));
            }
            items => found.extend(of_items(items)),
        }
    }
    found.extend(directory.fields.iter().map(|file| (file.path.value.0.clone(), file.path.span)));
    found.extend(directory.resources.iter().map(|file| (file.path.value.0.clone(), file.path.span)));
    found
}

/// S-385: two files with one path, or a file where another has its directory. One config may hold a file twice: that is
/// reported there.
fn check_paths(repository: &Repository, directory: &Directory<'_>, problems: &mut Problems) {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for (path, span) in paths(repository, directory) {
        let inside = format!("{path}/");
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        let above = folders.filter_map(|folder| seen.get(folder)).next().copied();
        let below = seen.range(inside.clone()..).next().filter(|(other, _)| other.starts_with(&inside));
        let first = seen.get(&path).copied().or(above).or(below.map(|(_, span)| *span));
        if let Some(first) = first.filter(|first| *first != span) {
            let message = format!("two sources of this directory put something at `{path}`");
            let diagnostic = Diagnostic::new(Code::DuplicateName, message, span, "again here");
            problems.add(diagnostic.also(first, "first here").hint("give one of them another path with `item`"));
        }
        seen.entry(path).or_insert(span);
    }
}
