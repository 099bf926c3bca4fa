//! What an unknown word was meant to be: a word of the block in another spelling, Kubernetes' name of one, a word of a
//! block inside, or a habit from elsewhere.

use super::{
    Field, Schema, Shape,
    right_line::{Given, line, line_inside},
};
use crate::{
    diagnostics::suggest::{self, kebab},
    syntax::Block,
};

/// What a word was meant to be.
pub(super) struct Meant {
    /// The field, where it is one of the block itself.
    pub field: Option<&'static Field>,
    /// What to do.
    pub hint: String,
}

/// Words of other tools, and ours.
const ELSEWHERE: [(&str, &str); 21] = [
    ("cmd", "command"),
    ("count", "replicas"),
    ("cpus", "cpu"),
    ("depends-on", "after"),
    ("entrypoint", "command"),
    ("env-file", "env-from"),
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
const PARTS: [(&str, &str); 20] = [
    ("apiVersion", "a block begins with its kind, and there are no versions: `deployment \"web\" { … }`"),
    ("build", "images are built elsewhere, and named here: `image=\"…\"`"),
    ("deploy", "what stands in it is written in the workload itself: `replicas=3`, `update`, `place`"),
    ("for", LOOPS),
    ("for_each", LOOPS),
    ("if", LOOPS),
    (
        "imagePullSecrets",
        "each node has its own login at the registry, in `auth-file` of the agent's settings; take it out",
    ),
    ("kind", "a block begins with its kind: `deployment \"web\" { … }`"),
    ("matchLabels", "a workload knows its replicas by their names; take the selector out"),
    ("metadata", "the name stands behind the block's word, and labels are lines `label \"key\" \"value\"`"),
    ("namespace", "a fleet has no namespaces; take it out"),
    ("networks", "all replicas of a fleet on a node share one network; take it out"),
    ("nodeName", "write `place { on \"NODE\" }`"),
    ("resources", "write `request cpu=… memory=…` and `limit memory=…`"),
    ("selector", "a workload knows its replicas by their names; take it out"),
    ("serviceAccount", ACCOUNT),
    ("serviceAccountName", ACCOUNT),
    ("spec", "what stands in it is written in the block itself"),
    ("template", "what stands in it is written in the workload itself"),
    ("volumes", "write `mount \"/inside\" host-path=\"/outside\"`, or `empty-dir=\"1GiB\"` instead of `host-path`"),
];

const LOOPS: &str = "there are no loops and no conditions: an overlay or a template says what differs";
const ACCOUNT: &str = "there is no API server that containers could call; take it out";

/// What an unknown word without a letter was meant to be.
pub(crate) fn sign(word: &str) -> Option<&'static str> {
    match word {
        _ if word.contains(char::is_alphanumeric) => None,
        "-" | "*" => Some("a list stands on one line, behind its word: `args \"a\" \"b\"`"),
        _ => Some("a comment begins with `//`"),
    }
}

/// What an unknown word of a block was meant to be; none where nothing is near.
pub(super) fn meant(schema: &Schema, block: &Block, written: &str, given: Given<'_>) -> Option<Meant> {
    let fields = &schema.all_fields();
    let word = written.trim_end_matches(':');
    let spelt = kebab(word);
    let by_word = |word: &str| fields.iter().copied().find(|field| field.word == word && field.shape != Shape::Entries);
    let line = |field: &'static Field| line(schema, block, field, given);
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
            let inside = line_inside(field, given);
            return Some(format!("it stands in `{0}`: write `{0} {{ {inside} }}`", around.word));
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
