//! Comparisons in one text: `">=40GiB"`, `">=550 <560"`, `"6.12.9"`.

use wlc_plan::quantity::Bytes;
pub use wlc_plan::range::{Compared, Comparison, Range, Speed, Version};

use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

/// A value that a file may compare.
pub trait Written: Compared {
    /// What a comparison of it looks like.
    const LOOKS: &'static str;

    /// What is wrong with a text that is no such value.
    fn refusal(text: &str) -> Refusal;
}

impl<T: Written> FromScalar for Range<T> {
    const LOOKS: &'static str = T::LOOKS;

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = match scalar {
            Scalar::Integer(number) => number.to_string(),
            Scalar::Decimal(written) => written.clone(),
            Scalar::Text(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => value::text(scalar)?.to_owned(),
        };
        if text.trim().is_empty() {
            return Err(Refusal::new("an empty comparison"));
        }
        Self::parse(&text).map_err(T::refusal)
    }
}

impl Written for Bytes {
    const LOOKS: &'static str = "a comparison of bytes, such as `\">=40GiB\"`";

    fn refusal(text: &str) -> Refusal {
        Self::parse(text).map_or_else(Refusal::from, |_| Refusal::new(format!("`{text}` is no amount of bytes")))
    }
}

impl Written for u64 {
    const LOOKS: &'static str = "a comparison of numbers, such as `\">=8\"`";

    fn refusal(text: &str) -> Refusal {
        Refusal::with(format!("`{text}` is no whole number"), "write it as `\">=8\"`")
    }
}

impl Written for Version {
    const LOOKS: &'static str = "a comparison of versions, such as `\">=550 <560\"`";

    fn refusal(text: &str) -> Refusal {
        Refusal::with(format!("`{text}` is no version"), "write it as `\">=550 <560\"`")
    }
}

impl Written for Speed {
    const LOOKS: &'static str = "a comparison of speeds, such as `\">=25Gbps\"`";

    fn refusal(text: &str) -> Refusal {
        Refusal::with(format!("`{text}` is no speed"), "write it as `\"25Gbps\"`")
    }
}

impl FromScalar for Speed {
    const LOOKS: &'static str = "a speed, such as `\"25Gbps\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        Self::parse(text).ok_or_else(|| <Self as Written>::refusal(text))
    }
}
