//! Environment variables.

use std::collections::BTreeMap;

use wlc_plan::name::EnvName;

use super::{
    super::{fields::Fields, kdl::Block, names, report::Report},
    Cx,
};
use crate::span::Spanned;

/// Reads the environment of a container.
pub(super) fn read(fields: &mut Fields, container: &str, block: &mut Block, cx: &mut Cx<'_, '_>) {
    let variables = fields.maps("env", &mut cx.import.report);
    let last: BTreeMap<String, usize> =
        variables.iter().enumerate().filter_map(|(at, one)| Some((one.peek("name")?.text()?.to_owned(), at))).collect();
    let mut env = Block::new("env");
    for (at, mut variable) in variables.into_iter().enumerate() {
        let report = &mut cx.import.report;
        let Some(name) = variable.text("name", report) else {
            report.bad(variable.span, "this variable has no name");
            continue;
        };
        if last.get(&name.value).is_some_and(|last| *last != at) {
            let why = "a variable of the same name stands below, and that one counts";
            env.note(report.not_carried(name.span, &name.value, why));
            continue;
        }
        if EnvName::parse(&name.value).is_err() {
            env.note(report.not_carried(name.span, &name.value, "it is no name of a variable here"));
            continue;
        }
        variable_of(variable, name, container, &mut env, cx);
    }
    for source in fields.maps("envFrom", &mut cx.import.report) {
        from(source, block, cx);
    }
    block.push_if_any(env);
}

fn variable_of(mut variable: Fields, name: Spanned<String>, container: &str, env: &mut Block, cx: &mut Cx<'_, '_>) {
    let report = &mut cx.import.report;
    let line = Block::new(&name.value);
    let value = variable.text("value", report);
    match (value, variable.map("valueFrom", report)) {
        (_, Some(source)) => match value_from(source, line, container, cx) {
            Ok(line) => env.push(line),
            Err(note) => env.note(format!("{}: {note}", name.value)),
        },
        (value, None) => {
            let value = value.map(|value| said_if_cluster_name(value, report)).unwrap_or_default();
            env.push(line.arg(value));
        }
    }
    variable.close(env, &mut cx.import.report);
}

/// Names of a cluster's DNS mean nothing here; that is said, and the value stays as it is.
fn said_if_cluster_name(value: Spanned<String>, report: &mut Report<'_>) -> String {
    if value.value.contains(".svc.cluster.local") || value.value.contains(".svc:") || value.value.ends_with(".svc") {
        let message = "a name of the cluster's DNS stands in this value, and no such name is known here";
        report.differs(value.span, message, "replicas are known by their names, such as `db-0`");
    }
    value.value
}

/// A variable whose value comes from elsewhere, or the comment where that has no counterpart.
fn value_from(mut source: Fields, mut line: Block, container: &str, cx: &mut Cx<'_, '_>) -> Result<Block, String> {
    let report = &mut cx.import.report;
    if let Some(mut field) = source.map("fieldRef", report) {
        field.take("apiVersion");
        let Some(path) = field.text("fieldPath", report) else { return Err("no `fieldPath`".to_owned()) };
        return field_word(&path, report).map(|word| line.with("field", word));
    }
    if let Some(mut resource) = source.map("resourceFieldRef", report) {
        let (word, unit) = resource_word(&mut resource, report)?;
        line.set("resource", word);
        let other = resource.text("containerName", report).map(|name| names::plain(&name.value));
        line.set_some("container", other.filter(|name| name != container));
        line.set_some("unit", unit);
        return Ok(line);
    }
    for (theirs, ours) in [("configMapKeyRef", "config"), ("secretKeyRef", "secret")] {
        let Some(mut reference) = source.map(theirs, &mut cx.import.report) else { continue };
        let report = &mut cx.import.report;
        let (Some(name), Some(key)) = (reference.text("name", report), reference.text("key", report)) else {
            return Err(report.not_carried(reference.span, theirs, "it has no name or no key"));
        };
        let key = names::key(&key.value);
        let is_optional = reference.is_set("optional", report);
        let set = &mut cx.import.set;
        let name =
            if ours == "config" { set.wants_config(&name, Some(&key)) } else { set.wants_secret(&name, Some(&key)) };
        line.set(ours, name);
        line.set("key", key);
        line.set_some("optional", is_optional.then_some(true));
        return Ok(line);
    }
    let mut rest = Block::new("");
    let span = source.span;
    source.close(&mut rest, &mut cx.import.report);
    Err(cx.import.report.not_carried(span, "valueFrom", "this source of a value has no counterpart"))
}

/// The word for a field of a pod, or a comment.
pub(super) fn field_word(path: &Spanned<String>, report: &mut Report<'_>) -> Result<String, String> {
    let keyed = |prefix: &str| path.value.strip_prefix(prefix)?.strip_suffix("']").map(str::to_owned);
    let word = match path.value.as_str() {
        "metadata.name" => "replica",
        "spec.nodeName" => "node",
        "status.podIP" | "status.podIPs" => "address",
        "status.hostIP" => "node-address",
        "status.hostIPs" => "node-addresses",
        "metadata.namespace" => {
            report.differs(path.span, "the name of the fleet stands for the namespace", "there are no namespaces");
            "fleet"
        }
        _ => {
            if let Some(key) = keyed("metadata.labels['") {
                return Ok(format!("labels.{key}"));
            }
            return match keyed("metadata.annotations['").as_deref() {
                Some("batch.kubernetes.io/job-completion-index") => Ok("index".to_owned()),
                Some(key) => Ok(format!("annotations.{key}")),
                None => Err(report.not_carried(path.span, &path.value, "an instance has no such field")),
            };
        }
    };
    Ok(word.to_owned())
}

/// The word and the unit for a request or limit, or a comment.
pub(super) fn resource_word(
    fields: &mut Fields,
    report: &mut Report<'_>,
) -> Result<(&'static str, Option<String>), String> {
    let unit = fields.text("divisor", report).map(|unit| unit.value).filter(|unit| unit != "0" && unit != "1");
    let Some(resource) = fields.text("resource", report) else { return Err("no `resource`".to_owned()) };
    let word = match resource.value.as_str() {
        "limits.cpu" => "limit.cpu",
        "limits.memory" => "limit.memory",
        "limits.ephemeral-storage" => "limit.storage",
        "requests.cpu" => "request.cpu",
        "requests.memory" => "request.memory",
        "requests.ephemeral-storage" => "request.storage",
        other => return Err(report.not_carried(resource.span, other, "containers are told CPU, memory and storage")),
    };
    Ok((word, unit.map(|unit| if unit.ends_with('i') { format!("1{}B", unit.trim_start_matches('1')) } else { unit })))
}

/// `envFrom`.
fn from(mut source: Fields, block: &mut Block, cx: &mut Cx<'_, '_>) {
    let report = &mut cx.import.report;
    let prefix = source.text("prefix", report).map(|prefix| prefix.value);
    let mut line = Block::new("env-from");
    for (theirs, ours) in [("configMapRef", "config"), ("secretRef", "secret")] {
        let Some(mut reference) = source.map(theirs, &mut cx.import.report) else { continue };
        let Some(name) = reference.text("name", &mut cx.import.report) else { continue };
        let is_optional = reference.is_set("optional", &mut cx.import.report);
        let set = &mut cx.import.set;
        let name = if ours == "config" { set.wants_config(&name, None) } else { set.wants_secret(&name, None) };
        line.set(ours, name);
        line.set_some("optional", is_optional.then_some(true));
        reference.close(&mut line, &mut cx.import.report);
    }
    line.set_some("prefix", prefix.filter(|prefix| !prefix.is_empty()));
    source.close(&mut line, &mut cx.import.report);
    block.push_if_any(line);
}
