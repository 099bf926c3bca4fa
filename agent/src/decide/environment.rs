//! The environment of a container: fields of the instance filled in, `$(NAME)` expanded, in command and arguments too.
//!
//! Kubernetes' rules (S-364, P-120): `$(NAME)` stands for a variable declared earlier, an unknown one stays as it is
//! written, `$$` stands for `$`, and a shell's `$NAME` is not touched. A secret stays a name until the container is made.

use std::collections::BTreeMap;

use wlc_plan::spec::{ContainerSpec, EnvValue, InstanceField, SecretValue};

use super::files::{self, Subject};
use crate::files::{EnvPart, EnvText, SecretKey};

/// The variables of a container in the order of its spec.
pub(super) fn variables(spec: &ContainerSpec, subject: Subject<'_>) -> Vec<(String, EnvText)> {
    let mut known = BTreeMap::new();
    let mut variables = Vec::with_capacity(spec.env.len());
    for variable in &spec.env {
        let value = match &variable.value {
            EnvValue::Text(text) => expand(text, &known),
            EnvValue::Field(InstanceField::Address) => vec![EnvPart::Address],
            EnvValue::Field(field) => vec![EnvPart::Text(files::value(subject, field))],
            EnvValue::Secret(secret) => vec![EnvPart::Secret(key(secret))],
        };
        known.insert(variable.name.to_string(), value.clone());
        variables.push((variable.name.to_string(), value));
    }
    variables
}

/// A command or arguments with the variables of their container filled in; what probes and hooks run is left as it is
/// written (S-319). A variable that holds a secret stays as it is written too: every user of the node reads the words of a
/// process. So does one that holds the pod's address, which is not known yet.
pub(super) fn expand_all(words: &[String], variables: &[(String, EnvText)]) -> Vec<String> {
    let is_open = |parts: &EnvText| parts.iter().all(|part| matches!(part, EnvPart::Text(_)));
    let open = variables.iter().filter(|(_, parts)| is_open(parts)).cloned();
    let known: BTreeMap<String, EnvText> = open.collect();
    let text = |part: EnvPart| match part {
        EnvPart::Text(text) => text,
        EnvPart::Secret(_) | EnvPart::Address => String::new(),
    };
    words.iter().map(|word| expand(word, &known).into_iter().map(text).collect()).collect()
}

fn key(secret: &SecretValue) -> SecretKey {
    let SecretValue { secret, key, version, optional } = secret.clone();
    SecretKey { secret, key, version, optional }
}

fn expand(text: &str, known: &BTreeMap<String, EnvText>) -> EnvText {
    let mut expanded = EnvText::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        push(&mut expanded, &rest[..at]);
        rest = &rest[at..];
        let length = reference(rest, known, &mut expanded);
        rest = &rest[length..];
    }
    push(&mut expanded, rest);
    expanded
}

/// Adds a text; two texts in a row are one.
fn push(to: &mut EnvText, text: &str) {
    match to.last_mut() {
        Some(EnvPart::Text(last)) => last.push_str(text),
        Some(EnvPart::Secret(_) | EnvPart::Address) | None => to.push(EnvPart::Text(text.to_owned())),
    }
}

/// Adds what the text that begins with `$` stands for, and tells how many of its bytes say so.
fn reference(text: &str, known: &BTreeMap<String, EnvText>, to: &mut EnvText) -> usize {
    if text.starts_with("$$") {
        push(to, "$");
        return 2;
    }
    let name = text.strip_prefix("$(").and_then(|behind| behind.split_once(')')).map(|(name, _)| name);
    let Some(name) = name else {
        push(to, "$");
        return 1;
    };
    let length = name.len() + 3;
    match known.get(name) {
        None => push(to, &text[..length]),
        Some(parts) => parts.iter().for_each(|part| match part {
            EnvPart::Text(text) => push(to, text),
            EnvPart::Secret(_) | EnvPart::Address => to.push(part.clone()),
        }),
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use wlc_plan::name::{FileKey, SecretName};

    fn plain(text: &str) -> EnvText {
        vec![EnvPart::Text(text.to_owned())]
    }

    #[test]
    fn references_are_expanded_as_kubernetes_does() {
        let known = BTreeMap::from([("A".to_owned(), plain("1"))]);
        for (text, expanded) in [
            ("$(A)-$(A)", "1-1"),
            ("$(B)", "$(B)"),
            ("$$(A)", "$(A)"),
            ("$A", "$A"),
            ("$(A", "$(A"),
            ("a$", "a$"),
            ("$(B)$(A)", "$(B)1"),
            ("é$(A)é", "é1é"),
        ] {
            assert_eq!(expand(text, &known), plain(expanded), "{text}");
        }
    }

    /// C-311: a variable may stand for a secret in the middle of another one, and is still a name here.
    #[test]
    fn a_secret_stays_a_name() {
        let secret = SecretKey {
            secret: SecretName::parse("db").unwrap(),
            key: FileKey::parse("password").unwrap(),
            version: None,
            optional: false,
        };
        let known = BTreeMap::from([("P".to_owned(), vec![EnvPart::Secret(secret.clone())])]);
        let text = |text: &str| EnvPart::Text(text.to_owned());
        assert_eq!(expand("me:$(P)@db", &known), [text("me:"), EnvPart::Secret(secret), text("@db")]);
    }
}
