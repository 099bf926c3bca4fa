//! Parameters: what a value of one must be.

use std::cmp::Ordering::{Greater, Less};

use wlc_plan::{
    name::{AbsolutePath, LabelValue, WorkloadName},
    quantity::{Bytes, Cpu, Millis},
};

use super::template::{Head, NAME};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    fields::{
        FromScalar, Refusal,
        value::{self, Whole},
    },
    model::{image::ImageName, share::Share},
    span::Spanned,
    syntax::{Scalar, Value},
    words::counted,
};

type PortNumber = Whole<1, 65_535>;

crate::block! {
    /// A value that each use of a template gives, as a property or as a child.
    Parameter "parameter" ("") {
        /// Its name.
        name: [required argument] ParameterName, "name" ("");
        /// What kind of value it takes.
        kind: [default property] Kind, "type" (""), default "text";
        /// A use may give several values, or none: they all go where the parameter stands in a row of values.
        many: [flag] bool, "many" ("");
        /// The value of a use that gives none. With `#null`, what the value would stand in is left out.
        default: [optional property] Scalar, "default" ("");
        /// The least value of a number, a duration, a size or a number of CPUs.
        min: [optional property] Scalar, "min" ("");
        /// The greatest value.
        max: [optional property] Scalar, "max" ("");
        /// The fewest characters of a text.
        min_length: [optional property] Whole<0, 65_536>, "min-length" ("");
        /// The most characters.
        max_length: [optional property] Whole<0, 65_536>, "max-length" ("");
        /// The only values that it takes.
        choices: [list] Scalar, "choices" ("");
        /// What it is for.
        doc: [optional property] String, "doc" ("");
    }
}

crate::choice! {
    /// What kind of value a parameter takes.
    Kind {
        /// A text.
        Text "text",
        /// A whole number.
        Number "number",
        /// `#true` or `#false`.
        Bool "bool",
        /// A duration, such as `"10s"`.
        Duration "duration",
        /// An amount of bytes, such as `"256MiB"`.
        Size "size",
        /// A number of CPUs, such as `"500m"`.
        Cpu "cpu",
        /// A name of lower-case letters, digits and `-`.
        Name "name",
        /// The value of a label.
        Label "label",
        /// The name of an image.
        Image "image",
        /// An absolute path.
        Path "path",
        /// A number of a port.
        Port "port",
        /// A count, or a percentage such as `"25%"`.
        Share "share",
        /// Any value.
        Any "any",
    }
}

/// The name of a template or of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParameterName(pub String);

impl FromScalar for ParameterName {
    const LOOKS: &'static str = "a name: lower-case letters, digits and `-`, at most 63";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        WorkloadName::from_scalar(scalar).map(|name| Self(name.to_string()))
    }
}

impl FromScalar for Scalar {
    const LOOKS: &'static str = "a value";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match scalar {
            Self::Parameter(_) => {
                Err(Refusal::with("a plain value is needed here, this is a parameter", "write the value itself"))
            }
            Self::Text(_) | Self::Integer(_) | Self::Decimal(_) | Self::Bool(_) | Self::Null => Ok(scalar.clone()),
        }
    }
}

impl Kind {
    /// What a value looks like.
    pub fn looks(self) -> &'static str {
        match self {
            Self::Text => String::LOOKS,
            Self::Number => "a whole number",
            Self::Bool => bool::LOOKS,
            Self::Duration => Millis::LOOKS,
            Self::Size => Bytes::LOOKS,
            Self::Cpu => Cpu::LOOKS,
            Self::Name => WorkloadName::LOOKS,
            Self::Label => LabelValue::LOOKS,
            Self::Image => ImageName::LOOKS,
            Self::Path => AbsolutePath::LOOKS,
            Self::Port => PortNumber::LOOKS,
            Self::Share => Share::LOOKS,
            Self::Any => Scalar::LOOKS,
        }
    }

    /// Checks a value. Of what can be compared, the amount in its smallest unit.
    fn amount(self, scalar: &Scalar) -> Result<Option<i128>, Refusal> {
        match self {
            Self::Text => value::text(scalar).map(|_| None),
            Self::Number => whole(scalar).map(Some),
            Self::Bool => bool::from_scalar(scalar).map(|_| None),
            Self::Duration => Millis::from_scalar(scalar).map(|Millis(amount)| Some(amount.into())),
            Self::Size => Bytes::from_scalar(scalar).map(|Bytes(amount)| Some(amount.into())),
            Self::Cpu => Cpu::from_scalar(scalar).map(|Cpu(amount)| Some(amount.into())),
            Self::Name => WorkloadName::from_scalar(scalar).map(|_| None),
            Self::Label => LabelValue::from_scalar(scalar).map(|_| None),
            Self::Image => ImageName::from_scalar(scalar).map(|_| None),
            Self::Path => AbsolutePath::from_scalar(scalar).map(|_| None),
            Self::Port => PortNumber::from_scalar(scalar).map(|Whole(number)| Some(number.into())),
            Self::Share => Share::from_scalar(scalar).map(|_| None),
            Self::Any => Scalar::from_scalar(scalar).map(|_| None),
        }
    }

    /// Whether values have an order.
    fn is_ordered(self) -> bool {
        match self {
            Self::Number | Self::Duration | Self::Size | Self::Cpu | Self::Port => true,
            Self::Text | Self::Bool | Self::Name | Self::Label | Self::Image | Self::Path | Self::Share | Self::Any => {
                false
            }
        }
    }

    /// Whether values have a length: they are texts.
    fn is_text(self) -> bool {
        match self {
            Self::Text | Self::Name | Self::Label | Self::Image | Self::Path => true,
            Self::Number
            | Self::Bool
            | Self::Duration
            | Self::Size
            | Self::Cpu
            | Self::Port
            | Self::Share
            | Self::Any => false,
        }
    }
}

fn whole(scalar: &Scalar) -> Result<i128, Refusal> {
    match scalar {
        Scalar::Integer(number) => Ok(*number),
        Scalar::Text(text) if text.trim().parse::<i128>().is_ok() => {
            Err(Refusal::with("a number is needed here, this is a text", format!("write {}", text.trim())))
        }
        Scalar::Text(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
            Err(Refusal::kind("a whole number", scalar))
        }
    }
}

impl Parameter {
    /// Whether a use must give it.
    pub fn is_required(&self) -> bool {
        self.default.is_none() && !self.many.value
    }

    /// Checks a value that a use gives, or the default.
    pub(super) fn check(&self, scalar: &Scalar) -> Result<(), Refusal> {
        let amount = self.kind.value.amount(scalar)?;
        for (bound, wrong, more, most) in [(&self.min, Less, "less", "least"), (&self.max, Greater, "more", "most")] {
            let limit = bound.as_ref().and_then(|bound| self.kind.value.amount(&bound.value).ok().flatten());
            if let (Some(amount), Some(limit), Some(bound)) = (amount, limit, bound)
                && amount.cmp(&limit) == wrong
            {
                let bound = shown(&bound.value);
                let message = format!("`{}` is {more} than `{bound}`, the {most} that it takes", shown(scalar));
                return Err(Refusal::with(message, format!("write at {most} `{bound}`")));
            }
        }
        self.check_length(scalar)?;
        let Some(choices) = &self.choices else { return Ok(()) };
        if choices.value.iter().any(|choice| choice.value == *scalar) {
            return Ok(());
        }
        let known: Vec<String> = choices.value.iter().map(|choice| shown(&choice.value)).collect();
        let hint = suggest::hint(&shown(scalar), known.iter().map(String::as_str));
        Err(Refusal::with(format!("`{}` is none of its choices", shown(scalar)), hint))
    }
}

impl Parameter {
    /// Characters are counted as people see them written, not bytes.
    fn check_length(&self, scalar: &Scalar) -> Result<(), Refusal> {
        let Scalar::Text(text) = scalar else { return Ok(()) };
        let length = text.chars().count();
        let (min, max) = (&self.min_length, &self.max_length);
        if let Some(min) = min.as_ref().map(|min| min.value.0).filter(|min| length < *min as usize) {
            let message = format!("`{text}` has {}, and {min} are the least", counted(length, "character"));
            return Err(Refusal::with(message, "write a longer one"));
        }
        if let Some(max) = max.as_ref().map(|max| max.value.0).filter(|max| length > *max as usize) {
            let message = format!("a text of {} is too long, {max} are the most", counted(length, "character"));
            return Err(Refusal::with(message, "write a shorter one"));
        }
        Ok(())
    }
}

/// A value as it is written, without quotes.
pub fn shown(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text(text) | Scalar::Decimal(text) => text.clone(),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Bool(true) => "#true".to_owned(),
        Scalar::Bool(false) => "#false".to_owned(),
        Scalar::Null => "#null".to_owned(),
        Scalar::Parameter(name) => format!("(parameter)\"{name}\""),
    }
}

/// Checks what a template says about its parameters. Whether it can be used.
pub(super) fn check_declarations(head: &Head, problems: &mut Problems) -> bool {
    let before = problems.errors();
    for (index, parameter) in head.parameters.iter().enumerate() {
        let name = &parameter.name;
        if name.value.0 == NAME {
            let message = "every template has the parameter `name`";
            let diagnostic = Diagnostic::new(Code::DuplicateName, message, name.span, "declared again here");
            problems.add(diagnostic.hint("take it out: it is the first value behind the word of a use"));
        }
        if let Some(first) = head.parameters[..index].iter().find(|first| first.name.value == name.value) {
            let message = format!("parameter `{}` is declared twice", name.value.0);
            let diagnostic = Diagnostic::new(Code::DuplicateName, message, name.span, "declared again here");
            problems.add(diagnostic.also(first.name.span, "first declared here").hint("keep one of them"));
        }
        check_bounds(parameter, problems);
    }
    problems.errors() == before
}

fn check_bounds(parameter: &Parameter, problems: &mut Problems) {
    let kind = parameter.kind.value;
    for (word, bound) in [("min", &parameter.min), ("max", &parameter.max)] {
        let Some(bound) = bound else { continue };
        if !kind.is_ordered() {
            let message = format!("`{word}`: a value of type `{}` has no order", kind.word());
            let diagnostic = Diagnostic::new(Code::Contradiction, message, bound.span, "cannot be compared");
            let hint = "say a type that has one: `number`, `duration`, `size` or `cpu`";
            problems.add(diagnostic.also(parameter.kind.span, "its type").hint(hint));
        } else if let Err(refusal) = kind.amount(&bound.value) {
            problems.add(refused(word, kind, bound, refusal));
        }
    }
    for (word, bound) in [("min-length", &parameter.min_length), ("max-length", &parameter.max_length)] {
        let Some(bound) = bound.as_ref().filter(|_| !kind.is_text()) else { continue };
        let message = format!("`{word}`: a value of type `{}` is no text", kind.word());
        let diagnostic = Diagnostic::new(Code::Contradiction, message, bound.span, "has no length");
        let hint = "say a type that has one, such as `text` or `name`; or bound it by `min` and `max`";
        problems.add(diagnostic.also(parameter.kind.span, "its type").hint(hint));
    }
    crossed(parameter, problems);
    for choice in parameter.choices.iter().flat_map(|choices| &choices.value) {
        if let Err(refusal) = kind.amount(&choice.value) {
            problems.add(refused("choices", kind, choice, refusal));
        }
    }
    let default = parameter.default.as_ref().filter(|default| default.value != Scalar::Null);
    if let Some((default, refusal)) = default.and_then(|value| Some((value, parameter.check(&value.value).err()?))) {
        problems.add(refused("default", kind, default, refusal));
    }
}

/// A least above the most takes no value at all.
fn crossed(parameter: &Parameter, problems: &mut Problems) {
    let amount = |bound: &Option<Value>| {
        bound.as_ref().and_then(|bound| Some((parameter.kind.value.amount(&bound.value).ok()??, bound.span)))
    };
    let length =
        |bound: &Option<Spanned<Whole<0, 65_536>>>| bound.as_ref().map(|bound| (i128::from(bound.value.0), bound.span));
    let pairs = [
        (amount(&parameter.min), amount(&parameter.max)),
        (length(&parameter.min_length), length(&parameter.max_length)),
    ];
    for ((min, min_at), (max, max_at)) in pairs.into_iter().filter_map(|(min, max)| min.zip(max)) {
        if min > max {
            let message = format!("parameter `{}` takes no value: its least is above its most", parameter.name.value.0);
            let diagnostic = Diagnostic::new(Code::Contradiction, message, min_at, "the least");
            problems.add(diagnostic.also(max_at, "the most").hint("swap them, or take one out"));
        }
    }
}

/// The diagnostic of a value that a parameter does not take.
pub(super) fn refused(word: &str, kind: Kind, value: &Value, refusal: Refusal) -> Diagnostic {
    let Refusal { code, message, hint } = refusal;
    let diagnostic = Diagnostic::new(code, format!("`{word}`: {message}"), value.span, kind.looks());
    diagnostic.hint(hint.unwrap_or_else(|| format!("write {}", kind.looks())))
}

/// A default as a value.
pub(super) fn default_of(parameter: &Parameter) -> Vec<Value> {
    let default = parameter.default.iter().filter(|default| default.value != Scalar::Null);
    default.map(|default| Spanned::new(default.value.clone(), default.span)).collect()
}
