//! Variables: each has one source that exists, and what its value refers to is declared above it.

use std::collections::BTreeSet;

use wlc_plan::{
    name::{ContainerName, SecretName},
    quantity::{Bytes, Cpu},
};

use super::Named;
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    model::{
        Repository,
        container::Container,
        env::{EnvFrom, FieldName, ResourceWord, Variable},
        pod::{Pod, Role},
        workload::Workload,
    },
    span::{Span, Spanned},
};

pub(super) fn check(repository: &Repository, workload: &Workload, problems: &mut Problems) {
    let pod = workload.pod();
    for container in pod.all() {
        for from in &container.env_from {
            check_from(repository, from, problems);
        }
        for variable in container.env.iter().flat_map(|env| &env.variables) {
            check_name(variable, problems);
            check_source(variable, problems);
            check_reference(repository, variable, problems);
            check_resource(workload, variable, problems);
            check_parameter(workload, variable, problems);
            if let Some(field) = &variable.field {
                check_field(workload, field, problems);
            }
        }
        check_expansion(container, problems);
    }
}

/// S-363: shells read only names of letters, digits and `_`.
fn check_name(variable: &Variable, problems: &mut Problems) {
    let name = variable.name.value.as_str();
    let is_plain =
        !name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_plain {
        let message = format!("shells cannot read a variable named `{name}`");
        let diagnostic = Diagnostic::new(Code::OddVariable, message, variable.name.span, "letters, digits and `_`");
        let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        problems.add(diagnostic.hint(format!("the program itself may read it; for a shell, write `{plain}`")));
    }
}

/// S-370: exactly one source; `key`, `optional`, `container` and `unit` belong to some of them.
fn check_source(variable: &Variable, problems: &mut Problems) {
    let name = &variable.name.value;
    let of = |span: Option<Span>, word| span.map(|span| (word, span));
    let sources: Vec<(&str, Span)> = [
        of(variable.value.as_ref().map(|one| one.span), "value"),
        of(variable.field.as_ref().map(|one| one.span), "field"),
        of(variable.config.as_ref().map(|one| one.span), "config"),
        of(variable.secret.as_ref().map(|one| one.span), "secret"),
        of(variable.resource.as_ref().map(|one| one.span), "resource"),
        of(variable.parameter.as_ref().map(|one| one.span), "parameter"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match sources[..] {
        [_] => {}
        [] if problems.any_error_in(variable.extent) => {}
        [] => {
            let message = format!("variable `{name}` has no value");
            let diagnostic = Diagnostic::new(Code::OneSource, message, variable.span, "no value");
            problems.add(diagnostic.hint(format!("write `{name} \"…\"`, or a source such as `{name} field=\"node\"`")));
        }
        [(first, first_span), (second, second_span), ..] => {
            let message = format!("variable `{name}` has a {first} and a {second}");
            let diagnostic = Diagnostic::new(Code::OneSource, message, second_span, "a second source");
            problems.add(diagnostic.also(first_span, "the first source").hint("keep one of them"));
        }
    }
    let keyed = variable.config.is_some() || variable.secret.is_some();
    if let (Some(key), false) = (&variable.key, keyed) {
        stray("key", "config=` or `secret=", key.span, problems);
    }
    if variable.optional.value && !keyed {
        stray("optional", "config=` or `secret=", variable.optional.span, problems);
    }
    for (word, span) in [
        ("container", variable.container.as_ref().map(|one| one.span)),
        ("unit", variable.unit.as_ref().map(|one| one.span)),
    ] {
        if let (Some(span), None) = (span, &variable.resource) {
            stray(word, "resource=", span, problems);
        }
    }
}

fn stray(word: &str, of: &str, span: Span, problems: &mut Problems) {
    let message = format!("`{word}` belongs to `{of}`, which is not here");
    problems.add(Diagnostic::new(Code::Contradiction, message, span, "no effect").hint("take it out"));
}

/// S-368: config, secret and key exist.
fn check_reference(repository: &Repository, variable: &Variable, problems: &mut Problems) {
    let needed = !variable.optional.value;
    let config = variable.config.as_ref().map(Named::config);
    for named in config.into_iter().chain(variable.secret.as_ref().map(Named::secret)) {
        let known = !needed || named.is_known(repository, problems);
        let part = named.part();
        match &variable.key {
            None if !problems.any_error_in(variable.extent) => {
                let message =
                    format!("variable `{}` does not say which {part} of `{}`", variable.name.value, named.name);
                let diagnostic = Diagnostic::new(Code::MissingValue, message, named.span, format!("which {part}?"));
                problems.add(diagnostic.hint(format!("write `key=\"…\"` beside it; `env-from` takes every {part}")));
            }
            Some(key) if known && needed => named.check_part(repository, key, problems),
            None | Some(_) => {}
        }
    }
    if let Some(secret) = &variable.secret {
        warn_of_secret(repository, secret, problems);
    }
}

/// A secret in the environment is on the node's disk: Podman writes it there.
fn warn_of_secret(repository: &Repository, secret: &Spanned<SecretName>, problems: &mut Problems) {
    if !repository.is_declared("secret", secret.value.as_str()) {
        return;
    }
    let message = format!("secret `{}` in the environment is written to the node's disk by Podman", secret.value);
    let diagnostic = Diagnostic::new(Code::SecretInEnvironment, message, secret.span, "not in memory alone");
    let path = format!("/run/secrets/{}", secret.value);
    problems
        .add(diagnostic.hint(format!("mount it as a file instead: `mount \"{path}\" secret=\"{}\"`", secret.value)));
}

/// S-371: exactly one of config and secret.
fn check_from(repository: &Repository, from: &EnvFrom, problems: &mut Problems) {
    match (&from.config, &from.secret) {
        (Some(config), Some(secret)) => {
            let message = "`env-from` is a config and a secret at once";
            let diagnostic = Diagnostic::new(Code::OneSource, message, secret.span, "a second source");
            problems.add(diagnostic.also(config.span, "the first source").hint("write a second `env-from`"));
        }
        (None, None) if !problems.any_error_in(from.extent) => {
            let message = "`env-from` does not say from what";
            let diagnostic = Diagnostic::new(Code::OneSource, message, from.span, "no source");
            problems.add(diagnostic.hint("write `config=\"…\"` or `secret=\"…\"`"));
        }
        (Some(_), None) | (None, _) => {}
    }
    let config = from.config.as_ref().map(Named::config);
    for named in config.into_iter().chain(from.secret.as_ref().map(Named::secret)).filter(|_| !from.optional.value) {
        named.is_known(repository, problems);
    }
    if let Some(secret) = &from.secret {
        warn_of_secret(repository, secret, problems);
    }
}

/// A parameter is one of the job's.
fn check_parameter(workload: &Workload, variable: &Variable, problems: &mut Problems) {
    let Some(parameter) = &variable.parameter else { return };
    let Some(work) = workload.work() else {
        let message = format!("`{}` has no parameters: they belong to jobs", workload.name().value);
        let diagnostic = Diagnostic::new(Code::Contradiction, message, parameter.span, "no parameters here");
        problems.add(diagnostic.hint("write the value itself"));
        return;
    };
    let names: Vec<&str> = work.parameters.iter().map(|parameter| parameter.name.value.as_str()).collect();
    if !names.contains(&parameter.value.as_str()) {
        let message = format!("the job has no parameter `{}`", parameter.value);
        let diagnostic = Diagnostic::new(Code::UnknownName, message, parameter.span, "no such parameter");
        problems.add(diagnostic.hint(suggest::hint(parameter.value.as_str(), names)));
    }
}

/// S-367: the container exists, and the unit is one of what is counted.
fn check_resource(workload: &Workload, variable: &Variable, problems: &mut Problems) {
    if let Some(container) = &variable.container {
        known_container(workload, container, problems);
    }
    if let (Some(resource), Some(unit)) = (&variable.resource, &variable.unit) {
        check_unit(resource.value, unit, problems);
    }
}

/// A container of the pod.
pub(super) fn known_container(workload: &Workload, name: &Spanned<ContainerName>, problems: &mut Problems) {
    let pod = workload.pod();
    let names: BTreeSet<&str> = pod.all().map(|container| container.name.value.as_str()).collect();
    if !names.contains(name.value.as_str()) && !any_container_unread(pod, problems) {
        let message = format!("the workload has no container `{}`", name.value);
        let diagnostic = Diagnostic::new(Code::UnknownName, message, name.span, "no such container");
        problems.add(diagnostic.hint(suggest::hint(name.value.as_str(), names)));
    }
}

fn any_container_unread(pod: &Pod, problems: &Problems) -> bool {
    Role::ALL.iter().any(|role| problems.any_not_held(role.word(), pod.extent))
}

/// What an amount is counted in: CPUs or bytes, more than none of them.
pub(super) fn check_unit(resource: ResourceWord, unit: &Spanned<String>, problems: &mut Problems) {
    let (fits, example) = match resource.is_cpu() {
        true => (Cpu::parse(&unit.value).is_ok_and(|unit| unit.0 > 0), "1m"),
        false => {
            let one = if unit.value.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "1" };
            (Bytes::parse(&format!("{one}{}", unit.value)).is_ok_and(|unit| unit.0 > 0), "1MiB")
        }
    };
    if !fits {
        let message = format!("`{}` cannot be counted in `{}`", resource.word(), unit.value);
        let diagnostic = Diagnostic::new(Code::BadValue, message, unit.span, "no unit of it");
        problems.add(diagnostic.hint(format!("write it as `\"{example}\"`")));
    }
}

/// S-366: a label that is told must be there.
pub(super) fn check_field(workload: &Workload, field: &Spanned<FieldName>, problems: &mut Problems) {
    let FieldName::Label(key) = &field.value else { return };
    let labels: Vec<&str> = workload.common().labels.iter().map(|label| label.key.value.as_str()).collect();
    if !labels.contains(&key.as_str()) {
        let message = format!("the workload has no label `{key}`");
        let diagnostic = Diagnostic::new(Code::UnknownName, message, field.span, "no such label");
        problems.add(diagnostic.hint(suggest::hint(key.as_str(), labels)));
    }
}

/// S-364, P-120: `$(NAME)` is a variable above; another stays as it is written.
fn check_expansion(container: &Container, problems: &mut Problems) {
    let variables: Vec<&Variable> = container.env.iter().flat_map(|env| &env.variables).collect();
    let all: BTreeSet<&str> = variables.iter().map(|variable| variable.name.value.as_str()).collect();
    let unknown_come_in = !container.env_from.is_empty();
    let mut above: BTreeSet<&str> = BTreeSet::new();
    for variable in &variables {
        if let Some(value) = &variable.value {
            report_undefined(value, &above, &all, unknown_come_in, problems);
        }
        above.insert(variable.name.value.as_str());
    }
    let lists = [&container.command, &container.args];
    for word in lists.into_iter().flatten().flat_map(|list| &list.value) {
        report_undefined(word, &all, &all, unknown_come_in, problems);
    }
}

fn report_undefined(
    text: &Spanned<String>,
    above: &BTreeSet<&str>,
    all: &BTreeSet<&str>,
    unknown_come_in: bool,
    problems: &mut Problems,
) {
    for name in references(&text.value) {
        if above.contains(name) || unknown_come_in && !all.contains(name) {
            continue;
        }
        let (message, hint) = match all.contains(name) {
            true => (
                format!("`$({name})` stands before `{name}` is declared, and stays as it is written"),
                format!("move `{name}` above it"),
            ),
            false => (
                format!("`$({name})` is no variable of this container, and stays as it is written"),
                format!("declare `{name}`, or write `$$({name})` where these characters are meant"),
            ),
        };
        problems.add(Diagnostic::new(Code::UndefinedVariable, message, text.span, "not replaced").hint(hint));
    }
}

/// The names in `$(NAME)`, where they are names of variables; `$$` is a `$`.
fn references(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let behind = &rest[at + 1..];
        let name = behind.strip_prefix('(').and_then(|inside| inside.split_once(')')).map(|(name, _)| name);
        match name.filter(|name| is_name(name)) {
            Some(name) => {
                found.push(name);
                rest = &behind[name.len() + 2..];
            }
            None => rest = behind.strip_prefix('$').unwrap_or(behind),
        }
    }
    found
}

/// Shells write `$(command …)`: that is no reference.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::references;

    #[test]
    fn references_are_found_and_escapes_are_not() {
        assert_eq!(references("http://$(HOST):$(PORT)/"), ["HOST", "PORT"]);
        assert!(references("$$(HOST) $HOST $(date +%s) $(HOST").is_empty());
        assert_eq!(references("$$$(HOST)"), ["HOST"]);
    }
}
