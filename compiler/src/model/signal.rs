//! Signals.

use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

/// A signal, without `SIG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal(pub String);

/// The signals that make sense to send to a service.
const SIGNALS: [&str; 9] = ["HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2", "WINCH", "CONT"];

impl FromScalar for Signal {
    const LOOKS: &'static str = "a signal, such as `\"HUP\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let name = text.strip_prefix("SIG").unwrap_or(text);
        if SIGNALS.contains(&name) { Ok(Self(name.to_owned())) } else { Err(Refusal::choice(name, &SIGNALS, &[])) }
    }
}
