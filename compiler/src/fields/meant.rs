//! What an unknown word was meant to be: a word of the block in another spelling, Kubernetes' name of one, a word of a
//! block inside, or a habit from elsewhere.

use super::{Field, Schema, Shape};
use crate::{
    diagnostics::suggest::{self, kebab},
    syntax::{Block, Scalar, Value},
};

/// What is written behind an unknown word.
#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    /// The value of a property.
    Property(&'a Value),
    /// The values of a child.
    Child(&'a Block),
}

/// What a word was meant to be.
pub(super) struct Meant {
    /// The field, where it is one of the block itself.
    pub field: Option<&'static Field>,
    /// What to do.
    pub hint: String,
}

/// Words of other tools, and ours.
const ELSEWHERE: [(&str, &str); 20] = [
    ("cmd", "command"),
    ("count", "replicas"),
    ("cpus", "cpu"),
    ("depends-on", "after"),
    ("entrypoint", "command"),
    ("environment", "env"),
    ("expose", "port"),
    ("healthcheck", "liveness"),
    ("host-port", "host"),
    ("mem", "memory"),
    ("instances", "replicas"),
    ("mem-limit", "memory"),
    ("pull-policy", "pull"),
    ("readonly", "read-only"),
    ("ro", "read-only"),
    ("scale", "replicas"),
    ("stop-grace-period", "grace"),
    ("strategy", "update"),
    ("volume-mounts", "mount"),
    ("workdir", "working-directory"),
];

/// Parts of a manifest that have no word here, and where their content goes.
const PARTS: [(&str, &str); 9] = [
    ("apiVersion", "a block begins with its kind, and there are no versions: `deployment \"web\" { … }`"),
    ("kind", "a block begins with its kind: `deployment \"web\" { … }`"),
    ("matchLabels", "a workload knows its replicas by their names; take the selector out"),
    ("metadata", "the name stands behind the block's word, and labels are lines `label \"key\" \"value\"`"),
    ("namespace", "a fleet has no namespaces; take it out"),
    ("resources", "write `request cpu=… memory=…` and `limit memory=…`"),
    ("selector", "a workload knows its replicas by their names; take it out"),
    ("spec", "what stands in it is written in the block itself"),
    ("template", "what stands in it is written in the workload itself"),
];

/// What an unknown word of a block was meant to be; none where nothing is near.
pub(super) fn meant(schema: &Schema, fields: &[&'static Field], written: &str, given: Given<'_>) -> Option<Meant> {
    let word = written.trim_end_matches(':');
    let spelt = kebab(word);
    let by_word = |word: &str| fields.iter().copied().find(|field| field.word == word && field.shape != Shape::Entries);
    let line = |field: &'static Field| line(schema, field, given);
    if let Some(field) = by_word(word) {
        let hint = match written.ends_with(':') {
            true => format!("names have no colon: write {}", line(field)),
            false => format!("write {}", line(field)),
        };
        return Some(Meant { field: Some(field), hint });
    }
    let other_spelling = by_word(&spelt).or_else(|| by_word(spelt.strip_suffix('s')?));
    if let Some(field) = other_spelling {
        return Some(Meant { field: Some(field), hint: format!("write {}", line(field)) });
    }
    if let Some(field) = fields.iter().copied().find(|field| is_kubernetes_name(field.kubernetes, word)) {
        let hint = format!("what Kubernetes calls `{word}` is `{}` here: write {}", field.word, line(field));
        return Some(Meant { field: Some(field), hint });
    }
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == spelt).and_then(|(_, word)| by_word(word));
    if let Some(field) = elsewhere {
        return Some(Meant { field: Some(field), hint: format!("here it is `{}`: write {}", field.word, line(field)) });
    }
    near(schema, fields, word, given)
}

fn near(schema: &Schema, fields: &[&'static Field], word: &str, given: Given<'_>) -> Option<Meant> {
    if let Some(near) = suggest::nearest(word, fields.iter().map(|field| field.word)) {
        let field = fields.iter().copied().find(|field| field.word == near);
        return Some(Meant { field, hint: format!("did you mean `{near}`?") });
    }
    if let Some((_, hint)) = PARTS.iter().find(|(part, _)| *part == word) {
        return Some(Meant { field: None, hint: (*hint).to_owned() });
    }
    inside(fields, word, given).or_else(|| group(schema, fields, word)).map(|hint| Meant { field: None, hint })
}

/// A word of a block inside this one.
fn inside(fields: &[&'static Field], word: &str, given: Given<'_>) -> Option<String> {
    let spelt = kebab(word);
    for around in fields {
        let Some(schema) = around.block.filter(|_| around.shape != Shape::Part) else { continue };
        let fields = schema.all_fields();
        let is_meant = |field: &&&Field| field.word == spelt || is_kubernetes_name(field.kubernetes, word);
        if let Some(field) = fields.iter().find(is_meant) {
            let behind = given.values();
            return Some(format!("it stands in `{0}`: write `{0} {{ {1}{behind} }}`", around.word, field.word));
        }
    }
    None
}

/// What Kubernetes keeps in a block of its own and stands in this one here.
fn group(schema: &Schema, fields: &[&'static Field], word: &str) -> Option<String> {
    let prefix = format!("{word}.");
    let inside = fields.iter().filter(|field| field.kubernetes.split(", ").any(|name| name.starts_with(&prefix)));
    let words: Vec<&str> = inside.map(|field| field.word).collect();
    let words = (!words.is_empty()).then(|| suggest::list(words))?;
    Some(format!("what Kubernetes keeps in `{word}` stands in `{}` itself: {words}", schema.word))
}

/// Whether a word is the end of Kubernetes' name of a field, such as `maxSurge` of `rollingUpdate.maxSurge`.
fn is_kubernetes_name(kubernetes: &str, word: &str) -> bool {
    kubernetes.split(", ").any(|path| {
        let last = path.rsplit('.').next().unwrap_or(path).trim_end_matches("[]");
        last.eq_ignore_ascii_case(word) || path.trim_end_matches("[]").eq_ignore_ascii_case(word)
    })
}

impl Given<'_> {
    /// The values as they would be written behind a word.
    fn values(self) -> String {
        match self {
            Given::Property(value) => format!(" {}", written(&value.value)),
            Given::Child(block) => {
                let arguments = block.arguments.iter().map(|value| written(&value.value));
                let properties =
                    block.properties.iter().map(|one| format!("{}={}", one.name.value, written(&one.value.value)));
                arguments.chain(properties).map(|value| format!(" {value}")).collect()
            }
        }
    }

    fn is_true(self) -> bool {
        match self {
            Given::Property(value) => value.value == Scalar::Bool(true),
            Given::Child(block) => block.arguments.first().is_none_or(|value| value.value == Scalar::Bool(true)),
        }
    }
}

/// The right line, in backticks.
fn line(schema: &Schema, field: &Field, given: Given<'_>) -> String {
    let word = field.word;
    let values = given.values();
    match (field.shape, given) {
        (Shape::Argument | Shape::Rest | Shape::Word, _) => {
            format!("`{}{values}`, the {word} behind the word", schema.word)
        }
        (Shape::Flag, given) if given.is_true() => format!("`{word}` alone, as a line of its own"),
        (Shape::Flag, _) => format!("`{word}=#true` or `{word}=#false`"),
        (Shape::Property | Shape::Either, Given::Property(_)) => format!("`{word}={}`", values.trim_start()),
        (Shape::Child | Shape::Children, Given::Property(_)) => format!("it as a child, in braces: `{{ {word} … }}`"),
        (Shape::Child | Shape::Children, Given::Child(block)) if !block.children.is_empty() => {
            format!("`{word}{values} {{ … }}`")
        }
        (
            Shape::Property
            | Shape::List
            | Shape::Child
            | Shape::Children
            | Shape::Either
            | Shape::Entries
            | Shape::Part,
            _,
        ) => {
            format!("`{word}{values}`")
        }
    }
}

/// A value as it is written.
pub(super) fn written(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text(text) => format!("{text:?}"),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Decimal(number) => number.clone(),
        Scalar::Bool(flag) => format!("#{flag}"),
        Scalar::Null => "#null".to_owned(),
        Scalar::Parameter(name) => format!("(parameter){name:?}"),
    }
}
