//! Values: from what KDL can write to checked types.
//!
//! A type says what its values look like and reads one scalar. It knows nothing of places; the reader adds them.

use smol_str::SmolStr;
use wlc_plan::{
    binding::{DeviceUuid, PciAddress},
    name::{
        AbsolutePath, ClaimName, ConfigName, ContainerName, EnvName, FileKey, FleetName, LabelKey, LabelValue,
        NameError, NodeName, PortName, ReplicaName, SecretName, SignerName, VolumeName, WorkloadName,
    },
    quantity::{Bytes, Cpu, Millis, QuantityError},
};

use super::Carried;
use crate::{
    diagnostics::{Code, suggest},
    syntax::Scalar,
};

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of mistake it is.
    pub code: Code,
    /// What is wrong, as the end of the sentence that names the field.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// A type that is read from one value.
pub trait FromScalar: Sized {
    /// What a value of it looks like, as `wlc explain` says it.
    const LOOKS: &'static str;
    /// Of a closed set: the words that are read and checked, and that no build carries out.
    const REFUSED: &'static [&'static str] = &[];

    /// Reads a value.
    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal>;

    /// What stands for a value that must be there and cannot be held, so that the block around it is checked all the same.
    /// It lasts until the errors are reported.
    fn placeholder() -> Option<Self> {
        None
    }

    /// Whether a build carries out what the value says.
    fn carried(&self) -> Carried {
        Carried::Out
    }
}

impl Refusal {
    /// The value is of another kind than asked for.
    pub fn kind(wanted: &str, found: &Scalar) -> Self {
        Self::new(format!("{} is needed here, this is {}", wanted, found.kind()))
    }

    /// A value that cannot be.
    pub fn new(message: impl Into<String>) -> Self {
        Self { code: Code::BadValue, message: message.into(), hint: None }
    }

    /// A refusal with a hint.
    pub fn with(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..Self::new(message) }
    }

    /// A word that is none of a closed set.
    pub fn choice(given: &str, known: &[&'static str], absent: &[&'static str]) -> Self {
        if absent.contains(&given) {
            let refusal = Self::with(
                format!("`{given}` is not in this version of wlc"),
                suggest::hint("", known.iter().copied()),
            );
            return Self { code: Code::NotInThisVersion, ..refusal };
        }
        let spelt = suggest::kebab(given);
        let begins =
            |word: &&&str| spelt.strip_prefix(**word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        let hint = match known.iter().find(begins) {
            Some(word) => format!("did you mean `{word}`?"),
            None => suggest::hint(given, known.iter().copied()),
        };
        Self::with(format!("`{given}` is not known here"), hint)
    }
}

/// The text of a value, or the refusal that says that a text is needed.
pub fn text(scalar: &Scalar) -> Result<&str, Refusal> {
    match scalar {
        Scalar::Text(text) => Ok(text),
        Scalar::Integer(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
            Err(Refusal { hint: Some("put it in quotes".to_owned()), ..Refusal::kind("a text", scalar) })
        }
    }
}

/// Whether a text is a path below some directory: relative, without `.`, `..`, `//` and control characters.
pub fn is_relative_path(text: &str) -> bool {
    let part = |part: &str| !matches!(part, "" | "." | "..");
    text.len() <= 4096 && text.split('/').all(part) && !text.contains(|c: char| c.is_control() || c == ':')
}

impl FromScalar for String {
    const LOOKS: &'static str = "a text";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        text(scalar).map(str::to_owned)
    }
}

/// A short text, of which there are so many that each would be worth no piece of memory of its own.
impl FromScalar for SmolStr {
    const LOOKS: &'static str = String::LOOKS;

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        text(scalar).map(Self::new)
    }
}

impl FromScalar for bool {
    const LOOKS: &'static str = "`#true` or `#false`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match scalar {
            Scalar::Bool(flag) => Ok(*flag),
            Scalar::Text(_) | Scalar::Integer(_) | Scalar::Decimal(_) | Scalar::Null | Scalar::Parameter(_) => {
                let hint = match scalar {
                    Scalar::Text(text) if ["true", "yes", "on"].contains(&&*text.to_lowercase()) => "write `#true`",
                    Scalar::Text(text) if ["false", "no", "off"].contains(&&*text.to_lowercase()) => "write `#false`",
                    Scalar::Integer(1) => "write `#true`",
                    Scalar::Integer(0) => "write `#false`",
                    Scalar::Text(_)
                    | Scalar::Integer(_)
                    | Scalar::Decimal(_)
                    | Scalar::Bool(_)
                    | Scalar::Null
                    | Scalar::Parameter(_) => "write `#true` or `#false`",
                };
                Err(Refusal { hint: Some(hint.to_owned()), ..Refusal::kind("`#true` or `#false`", scalar) })
            }
        }
    }
}

/// A whole number from `LEAST` to `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole<const LEAST: u32, const MOST: u32>(pub u32);

impl<const LEAST: u32, const MOST: u32> Whole<LEAST, MOST> {
    const LOOKS_BYTES: (usize, [u8; 64]) = bounds(LEAST, MOST);
}

/// `a whole number from 1 to 9`, made when the program is: the length, and the text with room behind it.
const fn bounds(least: u32, most: u32) -> (usize, [u8; 64]) {
    let text = append((0, [0; 64]), b"a whole number from ");
    append_number(append(append_number(text, least), b" to "), most)
}

const fn append((mut length, mut text): (usize, [u8; 64]), more: &[u8]) -> (usize, [u8; 64]) {
    let mut at = 0;
    while at < more.len() {
        text[length] = more[at];
        length += 1;
        at += 1;
    }
    (length, text)
}

const fn append_number(text: (usize, [u8; 64]), number: u32) -> (usize, [u8; 64]) {
    let text = if number >= 10 { append_number(text, number / 10) } else { text };
    append(text, &[b'0' + (number % 10) as u8])
}

impl<const LEAST: u32, const MOST: u32> FromScalar for Whole<LEAST, MOST> {
    const LOOKS: &'static str = match std::str::from_utf8(Self::LOOKS_BYTES.1.split_at(Self::LOOKS_BYTES.0).0) {
        Ok(text) => text,
        Err(_) => panic!("digits and letters are UTF-8"),
    };

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let number = match scalar {
            Scalar::Integer(number) => *number,
            Scalar::Decimal(written) => {
                whole_decimal(written).ok_or_else(|| Refusal::kind("a whole number", scalar))?
            }
            Scalar::Text(text) if text.trim().parse::<i128>().is_ok() => {
                return Err(Refusal::with("a number is needed here, this is a text", format!("write {}", text.trim())));
            }
            Scalar::Text(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                return Err(Refusal::kind("a whole number", scalar));
            }
        };
        match u32::try_from(number) {
            Ok(number) if (LEAST..=MOST).contains(&number) => Ok(Self(number)),
            _ => Err(Refusal::with(
                format!("{number} is outside {LEAST} to {MOST}"),
                format!("write a number from {LEAST} to {MOST}"),
            )),
        }
    }
}

impl FromScalar for i64 {
    const LOOKS: &'static str = "a whole number";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let number = match scalar {
            Scalar::Integer(number) => i64::try_from(*number).ok(),
            Scalar::Decimal(written) => whole_decimal(written).and_then(|number| i64::try_from(number).ok()),
            Scalar::Text(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => None,
        };
        number.ok_or_else(|| Refusal::kind("a whole number", scalar))
    }
}

/// `1.0` is a whole number too.
fn whole_decimal(written: &str) -> Option<i128> {
    let (whole, fraction) = written.split_once('.')?;
    fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok()).flatten()
}

macro_rules! named {
    ($($type:ty, $looks:literal;)*) => {$(
        impl FromScalar for $type {
            const LOOKS: &'static str = $looks;

            fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
                <$type>::parse(text(scalar)?).map_err(Refusal::from)
            }
        }
    )*};
}

named! {
    FleetName, "a name: lower-case letters, digits and `-`, at most 63";
    NodeName, "a name: lower-case letters, digits and `-`, at most 63";
    WorkloadName, "a name: lower-case letters, digits and `-`, at most 63";
    ReplicaName, "a name: lower-case letters, digits and `-`, at most 63";
    ContainerName, "a name: lower-case letters, digits and `-`, at most 63";
    VolumeName, "a name: lower-case letters, digits and `-`, at most 63";
    ConfigName, "a name: lower-case letters, digits and `-`, at most 63";
    SecretName, "a name: lower-case letters, digits and `-`, at most 63";
    ClaimName, "a name: lower-case letters, digits and `-`, at most 63";
    SignerName, "a name: lower-case letters, digits and `-`, at most 63";
    LabelKey, "a label key: letters, digits, `-`, `_` and `.`, with an optional `prefix/`";
    LabelValue, "a label value: letters, digits, `-`, `_` and `.`, at most 63";
    EnvName, "a name of a variable";
    FileKey, "a file name: letters, digits, `-`, `_` and `.`";
    AbsolutePath, "an absolute path";
    PciAddress, "a PCI address, such as `\"0000:17:00.0\"`";
    DeviceUuid, "a device's UUID";
}

impl FromScalar for PortName {
    const LOOKS: &'static str = "a name: lower-case letters, digits and `-`, at most 15, with a letter";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        if let Scalar::Integer(number) = scalar {
            let hint = format!("write `port \"http\" {number}` in the container, and its name here: `\"http\"`");
            return Err(Refusal::with("ports are known by their names", hint));
        }
        Self::parse(text(scalar)?).map_err(Refusal::from)
    }
}

impl From<NameError> for Refusal {
    /// Names of lower-case letters, digits and `-` get the nearest such name as a hint; other kinds have no nearest.
    fn from(error: NameError) -> Self {
        let lower = error.given.to_lowercase().replace(['_', ' ', '.'], "-");
        let is_near = lower != error.given && error.kind.ends_with(" name") && WorkloadName::parse(&lower).is_ok();
        let hint = is_near.then(|| format!("perhaps `{lower}`"));
        Self { hint, ..Self::new(error.to_string()) }
    }
}

impl From<&'static str> for Refusal {
    fn from(message: &'static str) -> Self {
        Self::new(message)
    }
}

impl From<QuantityError> for Refusal {
    fn from(error: QuantityError) -> Self {
        let hint = match &error {
            QuantityError::NoUnit { .. } => Some("write a unit behind the number".to_owned()),
            QuantityError::Unit { unit, known } => Some(match meant_unit(unit, known) {
                Some(near) => format!("did you mean `{near}`? Units are {known}"),
                None => format!("units are {known}"),
            }),
            QuantityError::Shape(_) => Some("write a number and a unit, such as `\"256MiB\"` or `\"10s\"`".to_owned()),
            QuantityError::NotWhole { .. } | QuantityError::TooLarge(_) => None,
        };
        let message = match &error {
            QuantityError::Unit { unit, .. } => format!("`{unit}` is no unit"),
            QuantityError::Shape(_)
            | QuantityError::NoUnit { .. }
            | QuantityError::NotWhole { .. }
            | QuantityError::TooLarge(_) => error.to_string(),
        };
        Self { hint, ..Self::new(message) }
    }
}

/// The unit that someone meant who wrote it in another case, or in full.
fn meant_unit(unit: &str, known: &'static str) -> Option<&'static str> {
    const IN_FULL: [(&str, &str); 5] = [("sec", "s"), ("min", "m"), ("hour", "h"), ("day", "d"), ("cpu", "m")];
    let lower = unit.to_lowercase();
    let lower = lower.trim();
    let units = || known.split('`').skip(1).step_by(2);
    let full = || IN_FULL.iter().find(|(full, _)| lower.starts_with(full)).map(|(_, unit)| *unit);
    units()
        .find(|known| known.eq_ignore_ascii_case(lower))
        .or_else(|| full().filter(|unit| units().any(|it| it == *unit)))
}

impl FromScalar for Millis {
    const LOOKS: &'static str = "a duration, such as `\"10s\"` or `\"1h30m\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match scalar {
            Scalar::Integer(number) => Err(Refusal::with(
                format!("`{number}` has no unit"),
                format!("write a unit behind the number, such as `\"{number}s\"`"),
            )),
            Scalar::Text(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                Self::parse(text(scalar)?).map_err(Refusal::from)
            }
        }
    }
}

impl FromScalar for Bytes {
    const LOOKS: &'static str = "an amount of bytes, such as `\"256MiB\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match scalar {
            Scalar::Integer(number) => Err(Refusal::with(
                format!("`{number}` has no unit"),
                format!("write a unit behind the number, such as `\"{number}MiB\"`"),
            )),
            Scalar::Text(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                Self::parse(text(scalar)?).map_err(Refusal::from)
            }
        }
    }
}

impl FromScalar for Cpu {
    const LOOKS: &'static str = "a number of CPUs, such as `2`, `0.5` or `\"500m\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let parsed = match scalar {
            Scalar::Integer(number) => Self::parse(&number.to_string()),
            Scalar::Decimal(written) => Self::parse(written),
            Scalar::Text(text) => Self::parse(text),
            Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                return Err(Refusal::kind("a number of CPUs", scalar));
            }
        };
        parsed.map_err(Refusal::from)
    }
}
