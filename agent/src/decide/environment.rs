//! The environment of a container: fields of the instance filled in, `$(NAME)` expanded, in command and arguments too.
//!
//! Kubernetes' rules (S-364, P-120): `$(NAME)` stands for a variable declared earlier, an unknown one stays as it is
//! written, `$$` stands for `$`, and a shell's `$NAME` is not touched.

use std::collections::BTreeMap;

use wlc_plan::{
    name::NodeName,
    spec::{ContainerSpec, EnvValue, InstanceField},
};

use crate::podman::labels::PodLabels;

/// The variables of a container in the order of its spec.
pub(super) fn variables(spec: &ContainerSpec, pod: &PodLabels, node: &NodeName) -> Vec<(String, String)> {
    let mut known = BTreeMap::new();
    let mut variables = Vec::with_capacity(spec.env.len());
    for variable in &spec.env {
        let value = match &variable.value {
            EnvValue::Text(text) => expand(text, &known),
            EnvValue::Field(InstanceField::Replica) => pod.replica.to_string(),
            EnvValue::Field(InstanceField::Workload) => pod.workload.to_string(),
            EnvValue::Field(InstanceField::Node) => node.to_string(),
            EnvValue::Field(InstanceField::Fleet) => pod.fleet.to_string(),
        };
        known.insert(variable.name.to_string(), value.clone());
        variables.push((variable.name.to_string(), value));
    }
    variables
}

/// A command or arguments with the variables of their container filled in; what probes and hooks run is left as it is
/// written (S-319).
pub(super) fn expand_all(words: &[String], variables: &[(String, String)]) -> Vec<String> {
    let known: BTreeMap<String, String> = variables.iter().cloned().collect();
    words.iter().map(|word| expand(word, &known)).collect()
}

fn expand(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        let (written, length) = reference(rest, known);
        expanded.push_str(written);
        rest = &rest[length..];
    }
    expanded.push_str(rest);
    expanded
}

/// What the text that begins with `$` stands for, and how many of its bytes say so.
fn reference<'a>(text: &'a str, known: &'a BTreeMap<String, String>) -> (&'a str, usize) {
    if text.starts_with("$$") {
        return ("$", 2);
    }
    let name = text.strip_prefix("$(").and_then(|behind| behind.split_once(')')).map(|(name, _)| name);
    match name {
        Some(name) => {
            let length = name.len() + 3;
            (known.get(name).map_or(&text[..length], String::as_str), length)
        }
        None => ("$", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_expanded_as_kubernetes_does() {
        let known = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
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
            assert_eq!(expand(text, &known), expanded, "{text}");
        }
    }
}
