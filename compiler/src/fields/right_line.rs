//! The line that would be right: a field as it is written here, with the values that somebody has written elsewhere.
//!
//! Values are carried over where they fit: words of a closed set in our spelling, seconds with their unit. Where they cannot
//! be what the field takes, an example of it is shown.

use super::{Field, Schema, Shape};
use crate::{
    diagnostics::suggest::kebab,
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

/// Blocks whose parts have other names elsewhere.
const EXAMPLES: [(&str, &str); 16] = [
    ("after", "after \"db\" \"ready\""),
    ("container", "container \"main\" image=\"…\" { … }"),
    ("env", "env { NAME \"value\" }"),
    ("env-from", "env-from config=\"…\""),
    ("init", "init \"main\" image=\"…\" { … }"),
    ("label", "label \"key\" \"value\""),
    ("liveness", "liveness \"http\" \"/\" port=\"http\""),
    ("mount", "mount \"/data\" volume=\"data\""),
    ("readiness", "readiness \"http\" \"/\" port=\"http\""),
    ("require", "require { label \"key\" \"value\" }"),
    ("sidecar", "sidecar \"main\" image=\"…\" { … }"),
    ("startup", "startup \"http\" \"/\" port=\"http\""),
    ("taint", "taint \"key\" \"value\" effect=\"no-schedule\""),
    ("tolerate", "tolerate \"key\" \"value\""),
    ("update", "update \"rolling\""),
    ("volume", "volume \"data\" empty-dir=\"1GiB\""),
];

/// The right line, in backticks.
pub(super) fn line(schema: &Schema, block: &Block, field: &Field, given: Given<'_>) -> String {
    let word = field.word;
    match (field.shape, given) {
        (Shape::Argument | Shape::Rest | Shape::Word, _) => {
            format!("`{}`, the {word} behind the word", behind_the_word(schema, block, field, given))
        }
        (Shape::Flag, given) if given.is_true() => format!("`{word}` alone, as a line of its own"),
        (Shape::Flag, _) => format!("`{word}=#true` or `{word}=#false`"),
        (Shape::Property | Shape::Either, Given::Property(value)) => {
            format!("`{word}={}`", fitting(field, &value.value))
        }
        (Shape::Child | Shape::Children, Given::Property(_)) => match example(field, given) {
            Some(example) => format!("it as a child, in braces: `{{ {example} }}`"),
            None => format!("it as a child, in braces: `{{ {word} … }}`"),
        },
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
            format!("`{}`", line_inside(field, given))
        }
    }
}

/// The right line as it stands in its block.
pub(super) fn line_inside(field: &Field, given: Given<'_>) -> String {
    let word = field.word;
    if let Some(example) = example(field, given) {
        return example;
    }
    let values = given.values(field);
    match given {
        Given::Child(block) if !block.children.is_empty() && field.block.is_some() => format!("{word}{values} {{ … }}"),
        Given::Child(_) | Given::Property(_) => format!("{word}{values}"),
    }
}

/// The block's word with the values behind it, up to this one.
fn behind_the_word(schema: &Schema, block: &Block, field: &Field, given: Given<'_>) -> String {
    let mut line = block.word.value.clone();
    let row = schema.all_fields().into_iter().filter(|one| matches!(one.shape, Shape::Argument | Shape::Rest));
    for (place, _) in row.take_while(|one| one.word != field.word).enumerate() {
        let before = block.arguments.get(place).map_or("\"…\"".to_owned(), |value| written(&value.value));
        line = format!("{line} {before}");
    }
    line + &given.values(field)
}

/// An example of a block, where what is given cannot be what it takes.
fn example(field: &Field, given: Given<'_>) -> Option<String> {
    let fits = match (given, field.block) {
        (Given::Child(block), Some(schema)) => takes(schema, block),
        (Given::Property(_), Some(_)) => field.shape == Shape::Either,
        (Given::Child(_) | Given::Property(_), None) => true,
    };
    let number = given.first().filter(|value| matches!(value, Scalar::Integer(_))).map(written);
    match field.word {
        "port" if field.block.is_some() => ports(given).or_else(|| Some(format!("port \"http\" {}", number?))),
        word if !fits => EXAMPLES.iter().find(|(one, _)| *one == word).map(|(_, example)| (*example).to_owned()),
        _ => None,
    }
}

/// `8080:80`: the port of the node, and the container's.
fn ports(given: Given<'_>) -> Option<String> {
    let Scalar::Text(text) = given.first()? else { return None };
    host_and_own(text).map(|(host, own)| format!("port \"http\" {own} host={host}"))
}

/// Container engines write `host:container` for ports.
pub(super) fn two_ports(schema: &Schema, value: &Scalar) -> Option<String> {
    let Scalar::Text(text) = value else { return None };
    let (host, own) = host_and_own(text).filter(|_| schema.word == "port")?;
    Some(format!("write `port \"http\" {own} host={host}`: a name, the container's port, and the node's"))
}

/// Quotes that are none in KDL, in which a word is still a value.
pub(super) fn other_quotes(value: &Scalar) -> Option<String> {
    let Scalar::Text(text) = value else { return None };
    let is_quote = |sign: char| matches!(sign, '\'' | '`' | '“' | '”' | '„' | '‘' | '’' | '«' | '»');
    let inside = text.trim_matches(is_quote);
    let is_quoted = text.starts_with(is_quote) && text.ends_with(is_quote) && !inside.is_empty();
    is_quoted.then(|| format!("write `\"{inside}\"`: a text stands between double quotes"))
}

/// `8080:80` as two numbers.
fn host_and_own(text: &str) -> Option<(u16, u16)> {
    let (host, own) = text.split_once(':')?;
    Some((host.parse().ok()?, own.parse().ok()?))
}

/// Whether a block may hold as many values as are given, and properties of these names.
fn takes(schema: &Schema, block: &Block) -> bool {
    let fields = schema.all_fields();
    let count = |shape: Shape| fields.iter().filter(|field| field.shape == shape).count();
    let is_known = |name: &str| fields.iter().any(|field| field.word == name);
    let has_all = block.arguments.len() <= count(Shape::Argument) || count(Shape::Rest) > 0;
    let has_one = !block.arguments.is_empty() || count(Shape::Argument) == 0;
    let has_own_words = count(Shape::Entries) > 0 && !block.children.is_empty();
    (has_all && has_one || has_own_words) && block.properties.iter().all(|one| is_known(&one.name.value))
}

impl Given<'_> {
    /// The first value behind the word.
    fn first(&self) -> Option<&Scalar> {
        match self {
            Given::Property(value) => Some(&value.value),
            Given::Child(block) => block.arguments.first().map(|value| &value.value),
        }
    }

    /// The values as they would be written behind the word of a field.
    fn values(self, field: &Field) -> String {
        match self {
            Given::Property(value) => format!(" {}", fitting(field, &value.value)),
            Given::Child(block) => {
                let arguments = block.arguments.iter().map(|value| fitting(field, &value.value));
                let properties =
                    block.properties.iter().map(|one| format!("{}={}", one.name.value, written(&one.value.value)));
                arguments.chain(properties).map(|value| format!(" {value}")).collect()
            }
        }
    }

    fn is_true(self) -> bool {
        self.first().is_none_or(|value| *value == Scalar::Bool(true))
    }
}

/// A value as the field takes it: a word of its closed set in our spelling, a time of Kubernetes with its unit.
fn fitting(field: &Field, value: &Scalar) -> String {
    match value {
        Scalar::Text(text) if field.value.contains(&format!("`\"{}\"`", kebab(text))) => format!("{:?}", kebab(text)),
        Scalar::Integer(number) if field.value.starts_with("a duration") => format!("\"{number}s\""),
        Scalar::Text(_)
        | Scalar::Integer(_)
        | Scalar::Decimal(_)
        | Scalar::Bool(_)
        | Scalar::Null
        | Scalar::Parameter(_) => written(value),
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
