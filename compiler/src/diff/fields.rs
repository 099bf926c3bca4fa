//! Which fields of a pod template change, in the words of the language as far as they differ from the plan's.
//!
//! Templates are compared as JSON, so that a field that is new in the format is compared without a word here: only its
//! wording and its unit may want one.

use serde_json::{Map, Value};
use wlc_plan::{
    canonical,
    content::ConfigContent,
    digest::Digest,
    instance::Instance,
    name::ContainerName,
    quantity::{Bytes, Cpu, Millis},
    spec::PodSpec,
};

use super::{Before, FieldChange, before::Had};
use crate::content::Content;

/// The templates of a workload before and after, and what they name.
pub(super) struct Specs<'a> {
    pub(super) old: Option<PodSpec>,
    pub(super) new: Option<PodSpec>,
    old_instance: Option<&'a Instance>,
    new_instance: Option<&'a Instance>,
    before: &'a Before<'a>,
    content: &'a Content,
}

impl<'a> Specs<'a> {
    pub(super) fn of(
        old: Option<&'a Had<'a>>,
        new: Option<&'a Instance>,
        before: &'a Before<'a>,
        content: &'a Content,
    ) -> Self {
        let spec = |bytes: &[u8]| canonical::decode::<PodSpec>(bytes).ok();
        // The digest is the name of the bytes, so what is not there before is looked for after.
        let bytes = |digest| before.piece(digest).or_else(|| content.specs.get(&digest).map(Vec::as_slice));
        Self {
            old: old.and_then(|old| bytes(old.spec.spec)).and_then(spec),
            new: new.and_then(|new| content.specs.get(&new.spec.spec)).and_then(|bytes| spec(bytes)),
            old_instance: old.and_then(|old| old.instance),
            new_instance: new,
            before,
            content,
        }
    }

    /// The fields that change; of a template that is new, the images.
    pub(super) fn changes(&self) -> Vec<FieldChange> {
        let mut found = Vec::new();
        match (&self.old, &self.new) {
            (Some(old), Some(new)) if old != new => found = template_changes(old, new),
            (Some(_), _) | (None, None) => {}
            (None, Some(new)) => found.extend(new.containers.iter().map(|container| FieldChange {
                field: format!("container {} image", container.name),
                old: None,
                new: Some(quoted(&container.image.name)),
            })),
        }
        found
    }

    pub(super) fn swapped_before(&self, container: &ContainerName, path: &str) -> Option<Digest> {
        swapped(self.old_instance, container, path)
    }

    pub(super) fn swapped_after(&self, container: &ContainerName, path: &str) -> Option<Digest> {
        swapped(self.new_instance, container, path)
    }

    pub(super) fn content_before(&self, digest: Digest) -> Option<ConfigContent> {
        self.before.piece(digest).and_then(|bytes| canonical::decode(bytes).ok()).or_else(|| self.content_after(digest))
    }

    pub(super) fn content_after(&self, digest: Digest) -> Option<ConfigContent> {
        self.content.contents.get(&digest).and_then(|bytes| canonical::decode(bytes).ok())
    }
}

/// The fields in which a template differs from another; contents of configs are none.
pub(crate) fn template_changes(old: &PodSpec, new: &PodSpec) -> Vec<FieldChange> {
    let mut found = Vec::new();
    walk(&Path::default(), Some(&template(old)), Some(&template(new)), &mut found);
    found
}

fn swapped(instance: Option<&Instance>, container: &ContainerName, path: &str) -> Option<Digest> {
    let contents = instance.into_iter().flat_map(|instance| &instance.contents);
    contents.into_iter().find(|one| one.container == *container && one.path.as_str() == path).map(|one| one.content)
}

/// What changes of an instance beside template, binding and contents: none of it restarts anything.
pub(super) fn settings(old: Option<&Had<'_>>, new: Option<&Instance>) -> Vec<FieldChange> {
    let (Some(old), Some(new)) = (old.and_then(|old| old.instance), new) else { return Vec::new() };
    let mut found = Vec::new();
    let is_new = old.spec.number != new.spec.number;
    walk(&Path::default(), Some(&beside(old, is_new)), Some(&beside(new, is_new)), &mut found);
    found
}

/// A new revision pushes the one before among those that are kept, which goes without saying.
fn beside(instance: &Instance, is_new_revision: bool) -> Value {
    let mut value = serde_json::to_value(instance).expect("an instance is written as JSON");
    if let Value::Object(fields) = &mut value {
        for told_elsewhere in ["replica", "workload", "kind", "spec", "binding", "contents"] {
            fields.remove(told_elsewhere);
        }
        // A job's parameters are told elsewhere too.
        if let Some(Value::Object(told)) = fields.get_mut("told") {
            told.retain(|name, _| !name.starts_with("parameter."));
        }
        let kept = fields.remove("older").map(|older| numbers(&older)).unwrap_or_default();
        if !kept.is_empty() && !is_new_revision {
            fields.insert("revisions_kept".to_owned(), Value::String(kept));
        }
    }
    value
}

fn numbers(older: &Value) -> String {
    let numbers = older.as_array().into_iter().flatten().filter_map(|one| one["number"].as_u64());
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

/// The template as it is compared: without its format, without the digests of configs, which are compared by file, and
/// without the order of starts, which follows from the containers.
fn template(spec: &PodSpec) -> Value {
    let mut value = serde_json::to_value(spec).expect("a spec is written as JSON");
    plain(&mut value);
    if let Value::Object(fields) = &mut value {
        fields.remove("format");
        let containers = fields.values_mut().filter_map(Value::as_array_mut).flatten();
        containers.filter_map(Value::as_object_mut).for_each(|container| drop(container.remove("after")));
        let containers = fields.values_mut().filter_map(Value::as_array_mut).flatten();
        containers.filter_map(|container| container.get_mut("image")?.as_object_mut()).for_each(image);
    }
    value
}

/// The digest of an image that is named by its digest says nothing new.
fn image(image: &mut Map<String, Value>) {
    if image.get("name").and_then(Value::as_str).is_some_and(|name| name.contains('@')) {
        image.remove("digest");
    }
}

fn plain(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if name == "on_change" && field.get("restart").is_some() {
                    *field = Value::String("restart".to_owned());
                }
                plain(field);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(plain),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Where a value stands: the words of the language, and the plan's own name of the innermost field.
#[derive(Debug, Clone, Default)]
struct Path {
    words: Vec<String>,
    last: String,
}

impl Path {
    fn inside(&self, field: &str) -> Self {
        let mut words = self.words.clone();
        let word = word(&self.last, field);
        if !word.is_empty() {
            words.push(word);
        }
        Self { words, last: field.to_owned() }
    }

    fn of(&self, identity: &str) -> Self {
        let mut words = self.words.clone();
        words.push(identity.to_owned());
        Self { words, last: self.last.clone() }
    }
}

/// The word of the language for a field of the plan; empty where the language has no level there.
fn word(parent: &str, field: &str) -> String {
    let word = match (parent, field) {
        ("image", "name")
        | (_, "resources" | "security" | "probes" | "handler" | "source" | "value" | "number" | "rollout" | "text") => {
            ""
        }
        ("source", "config" | "volume" | "secret" | "claim") | ("value", _) => "",
        (_, "work" | "cron") | ("runs", "each" | "any") => "",
        ("cron", "zone") => "time-zone",
        ("cron", "keep_succeeded") => "history succeeded",
        ("cron", "keep_failed") => "history failed",
        ("work", "rules") => "rules for failures",
        ("work", "success") => "rules for success",
        ("work", "parameters") => "parameter",
        (_, "containers") => "container",
        (_, "init_containers") => "init",
        (_, "sidecars") => "sidecar",
        (_, "ports") => "port",
        (_, "mounts") => "mount",
        (_, "volumes") => "volume",
        (_, "labels") => "label",
        (_, "headers") => "header",
        (_, "gates") => "order of steps",
        (_, "cpu_request") => "request cpu",
        (_, "cpu_limit") => "limit cpu",
        (_, "memory_request") => "request memory",
        (_, "memory_limit") => "limit memory",
        ("image", "pull") => "pull",
        (_, "published") => "host",
        (_, "add_capabilities") => "capabilities add",
        (_, "drop_capabilities") => "capabilities drop",
        (_, other) => return other.replace('_', "-"),
    };
    word.to_owned()
}

fn walk(path: &Path, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for name in union(old, new) {
                walk(&path.inside(name), old.get(name), new.get(name), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if is_named(old) && is_named(new) => {
            named(path, old, new, found)
        }
        (None, Some(Value::Array(new))) if is_named(new) => named(path, &[], new, found),
        (Some(Value::Array(old)), None) if is_named(old) => named(path, old, &[], found),
        (None, Some(Value::Object(fields))) if fields.values().any(is_nested) => {
            let said = fields.iter().filter(|(name, value)| !goes_without_saying(name, value));
            said.for_each(|(name, value)| walk(&path.inside(name), None, Some(value), found));
        }
        (Some(Value::Object(fields)), None) if fields.values().any(is_nested) => {
            found.push(FieldChange { field: path.words.join(" "), old: Some(String::new()), new: None });
        }
        (old, new) => found.push(FieldChange {
            field: path.words.join(" "),
            old: old.map(|value| shown(&path.last, value)),
            new: new.map(|value| shown(&path.last, value)),
        }),
    }
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// Values that the language fills in, left out where a whole block comes or goes.
fn goes_without_saying(field: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => matches!(
            (field, text.as_str()),
            ("protocol", "tcp") | ("pull", "if-not-present") | ("access", "read-write")
        ),
        Value::Bool(flag) => !flag,
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn union<'a>(old: &'a Map<String, Value>, new: &'a Map<String, Value>) -> Vec<&'a String> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What tells the elements of a list apart.
fn identity(value: &Value) -> Option<&str> {
    value.get("name").or_else(|| value.get("path")).and_then(Value::as_str)
}

fn is_named(list: &[Value]) -> bool {
    !list.is_empty() && list.iter().all(|one| identity(one).is_some())
}

fn named(path: &Path, old: &[Value], new: &[Value], found: &mut Vec<FieldChange>) {
    let find = |list: &'_ [Value], name: &str| list.iter().position(|one| identity(one) == Some(name));
    let only_new = new.iter().filter_map(identity).filter(|name| find(old, name).is_none());
    let names: Vec<&str> = old.iter().filter_map(identity).chain(only_new).collect();
    for name in names {
        let old = find(old, name).map(|at| without_identity(&old[at]));
        let new = find(new, name).map(|at| without_identity(&new[at]));
        walk(&path.of(name), old.as_ref(), new.as_ref(), found);
    }
    let order = |list: &[Value], other: &[Value]| -> Vec<String> {
        let both = list.iter().filter_map(identity).filter(|name| find(other, name).is_some());
        both.map(str::to_owned).collect()
    };
    let (before, after) = (order(old, new), order(new, old));
    if before != after {
        let field = format!("{} order", path.words.join(" "));
        found.push(FieldChange { field, old: Some(before.join(" ")), new: Some(after.join(" ")) });
    }
}

fn without_identity(value: &Value) -> Value {
    let mut value = value.clone();
    if let Value::Object(fields) = &mut value
        && fields.remove("name").is_none()
    {
        fields.remove("path");
    }
    value
}

/// A value as one would write it.
fn shown(field: &str, value: &Value) -> String {
    match value {
        Value::Null => "#null".to_owned(),
        Value::Bool(flag) => format!("#{flag}"),
        Value::Number(number) => match number.as_u64() {
            Some(amount) => quantity(field, amount),
            None => number.to_string(),
        },
        Value::String(text) => quoted(text),
        Value::Array(list) => list.iter().map(|one| shown(field, one)).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            let part = |(name, value): (&String, &Value)| {
                let word = word(field, name);
                let value = shown(name, value);
                match (word.as_str(), value.as_str()) {
                    ("", value) => value.to_owned(),
                    (word, "" | "#true") => word.to_owned(),
                    (word, value) => format!("{word}={value}"),
                }
            };
            let said = fields.iter().filter(|(name, value)| !goes_without_saying(name, value));
            said.map(part).collect::<Vec<_>>().join(" ")
        }
    }
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// Amounts whose unit is not plain from the number itself.
fn quantity(field: &str, amount: u64) -> String {
    match field {
        "cpu_request" | "cpu_limit" => quoted(&Cpu(amount).to_string()),
        "memory_request" | "memory_limit" | "size" | "shm_size" | "storage_request" | "storage_limit" => {
            quoted(&Bytes(amount).to_string())
        }
        "grace" | "initial_delay" | "period" | "timeout" | "min_ready" | "progress_deadline" | "deadline" => {
            quoted(&Millis(amount).to_string())
        }
        "mode" => quoted(&format!("{amount:04o}")),
        _ => amount.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changes(old: &Value, new: &Value) -> Vec<String> {
        let mut found = Vec::new();
        walk(&Path::default(), Some(old), Some(new), &mut found);
        let side = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        found.into_iter().map(|one| format!("{}: {} > {}", one.field, side(one.old), side(one.new))).collect()
    }

    #[test]
    fn lists_are_compared_by_name_and_not_by_place() {
        let old = json!({"containers": [{"name": "a", "env": [{"name": "X", "value": {"text": "1"}}, {"name": "Y", "value": {"text": "2"}}]}]});
        let new = json!({"containers": [{"name": "b"}, {"name": "a", "env": [{"name": "Y", "value": {"text": "3"}}, {"name": "X", "value": {"text": "1"}}]}]});
        let found = changes(&old, &new);
        let wanted = ["container a env Y: \"2\" > \"3\"", "container a env order: X Y > Y X", "container b: - > "];
        assert_eq!(found, wanted);
    }

    #[test]
    fn amounts_have_their_units() {
        let old = json!({"grace": 30_000, "containers": [{"name": "a", "resources": {"memory_limit": 268_435_456}}]});
        let new = json!({"grace": 60_000, "containers": [{"name": "a", "resources": {"cpu_request": 500}}]});
        let wanted = [
            "container a request cpu: - > \"500m\"",
            "container a limit memory: \"256MiB\" > -",
            "grace: \"30s\" > \"1m\"",
        ];
        assert_eq!(changes(&old, &new), wanted);
    }
}
