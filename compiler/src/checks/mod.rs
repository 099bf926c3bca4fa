//! The checks, in order. Each looks at one subject and reports everything that is wrong with it.
//!
//! Blocks have been read before: what stands in them is of its kind and form. Here they are held against each other.

mod budgets;
mod cron_jobs;
mod env;
mod failures;
pub(crate) mod files;
mod flap_limit;
mod fleet;
mod handlers;
mod hooks;
mod images;
mod jobs;
mod mounts;
mod names;
mod network;
mod nodes;
mod order;
mod place;
mod placeholders;
mod ports;
mod probes;
mod released;
mod resources;
mod roles;
mod security;
mod stateful_sets;
mod system;
mod updates;
mod volumes;

use wlc_plan::name::{ConfigName, FileKey, SecretName};

use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    model::{Repository, workload::Workload},
    span::{Span, Spanned},
};

/// Runs all checks.
pub(crate) fn run(repository: &Repository, problems: &mut Problems) {
    problems.end_of_reading();
    fleet::check(repository, problems);
    nodes::check(repository, problems);
    names::check(repository, problems);
    placeholders::check(repository, problems);
    released::check(repository, problems);
    order::check(repository, problems);
    for workload in repository.workloads.values() {
        let pod = workload.pod();
        names::check_pod(workload, problems);
        roles::check(workload, problems);
        probes::check(pod, problems);
        hooks::check(pod, problems);
        env::check(repository, workload, problems);
        ports::check(pod, problems);
        volumes::check(repository, workload, problems);
        mounts::check(repository, workload, problems);
        resources::check(pod, problems);
        security::check(pod, problems);
        system::check(pod, problems);
        network::check(pod, problems);
        images::check(pod, problems);
        updates::check(workload, problems);
        place::check(repository, workload, problems);
        budgets::check(workload, problems);
        flap_limit::check(workload, problems);
        kind(repository, workload, problems);
    }
}

/// What one kind alone has.
fn kind(repository: &Repository, workload: &Workload, problems: &mut Problems) {
    if let Some(work) = workload.work() {
        jobs::check(work, problems);
        failures::check(work, workload.pod(), problems);
        names::twice("parameter", work.parameters.iter().map(|parameter| &parameter.name), problems);
    }
    match workload {
        Workload::StatefulSet(one) => stateful_sets::check(repository, one, problems),
        Workload::CronJob(one) => cron_jobs::check(one, problems),
        Workload::Deployment(_) | Workload::DaemonSet(_) | Workload::Job(_) => {}
    }
}

/// A config or a secret that is named somewhere.
#[derive(Debug, Clone, Copy)]
struct Named<'a> {
    /// `config` or `secret`.
    space: &'static str,
    /// Its name.
    name: &'a str,
    /// Where it is named.
    span: Span,
}

impl<'a> Named<'a> {
    fn config(name: &'a Spanned<ConfigName>) -> Self {
        Self { space: "config", name: name.value.as_str(), span: name.span }
    }

    fn secret(name: &'a Spanned<SecretName>) -> Self {
        Self { space: "secret", name: name.value.as_str(), span: name.span }
    }

    /// Its parts: files of a config, keys of a secret.
    fn part(self) -> &'static str {
        if self.space == "config" { "file" } else { "key" }
    }

    /// Whether it is declared; reports it where not.
    fn is_known(self, repository: &Repository, problems: &mut Problems) -> bool {
        let Self { space, name, span } = self;
        if repository.is_declared(space, name) {
            return true;
        }
        let message = format!("there is no {space} `{name}`");
        let diagnostic = Diagnostic::new(Code::UnknownName, message, span, format!("no such {space}"));
        problems.add(match problems.wants_hints() {
            true => diagnostic.hint(suggest::hint(name, repository.names(space))),
            false => diagnostic,
        });
        false
    }

    /// Reports a part that is named and not there. What cannot be read is not known.
    fn check_part(self, repository: &Repository, key: &Spanned<FileKey>, problems: &mut Problems) {
        let parts = match self.space {
            "config" => repository.config_files(self.name),
            _ => repository.secret_keys(self.name),
        };
        let Some(parts) = parts.filter(|parts| !parts.contains(key.value.as_str())) else { return };
        let (space, name, part) = (self.space, self.name, self.part());
        let message = format!("{space} `{name}` has no {part} `{}`", key.value);
        let diagnostic = Diagnostic::new(Code::UnknownName, message, key.span, format!("no such {part}"));
        problems.add(diagnostic.hint(suggest::hint(key.value.as_str(), parts)));
    }
}
