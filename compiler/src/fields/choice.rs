//! Closed sets of words.

/// Declares a closed set: an enumeration of which each value is written as one word.
///
/// ```text
/// choice! {
///     /// The protocol of a port.
///     Protocol { Tcp "tcp", Udp "udp"; not carried out Sctp "sctp" }
/// }
/// ```
#[macro_export]
macro_rules! choice {
    ($($(#[$doc:meta])* $type:ident { $($(#[$value_doc:meta])* $value:ident $word:literal),+ $(,)?
        $(; not carried out $($(#[$refused_doc:meta])* $refused:ident $refused_word:literal),+ $(,)?)?
        $(; absent $($absent:literal),+)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the words say it")]
        pub enum $type { $($(#[$value_doc])* $value,)+ $($($(#[$refused_doc])* $refused),+)? }

        impl $type {
            /// All words of the set.
            pub const WORDS: &'static [&'static str] = &[$($word,)+ $($($refused_word),+)?];

            /// The word of a value.
            pub fn word(self) -> &'static str {
                match self { $(Self::$value => $word,)+ $($(Self::$refused => $refused_word),+)? }
            }
        }

        impl $crate::fields::FromScalar for $type {
            const LOOKS: &'static str = concat!("one of" $(, " `\"", $word, "\"`")+ $($(, " `\"", $refused_word, "\"`")+)?);

            const REFUSED: &'static [&'static str] = &[$($($refused_word),+)?];

            fn from_scalar(scalar: &$crate::syntax::Scalar) -> Result<Self, $crate::fields::Refusal> {
                match $crate::fields::value::text(scalar)? {
                    $($word => Ok(Self::$value),)+
                    $($($refused_word => Ok(Self::$refused),)+)?
                    other => Err($crate::fields::Refusal::choice(other, Self::WORDS, &[$($($absent),+)?])),
                }
            }

            fn carried(&self) -> $crate::fields::Carried {
                match self {
                    $(Self::$value => $crate::fields::Carried::Out,)+
                    $($(Self::$refused => $crate::fields::Carried::NotInThisVersion,)+)?
                }
            }
        }
    )+};
}
