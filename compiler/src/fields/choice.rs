//! Closed sets of words.

/// Declares a closed set: an enumeration of which each value is written as one word.
///
/// ```text
/// choice! {
///     /// The protocol of a port.
///     Protocol { Tcp "tcp", Udp "udp" }
/// }
/// ```
#[macro_export]
macro_rules! choice {
    ($($(#[$doc:meta])* $type:ident { $($(#[$value_doc:meta])* $value:ident $word:literal),+ $(,)? $(; absent $($absent:literal),+)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the words say it")]
        pub enum $type { $($(#[$value_doc])* $value),+ }

        impl $type {
            /// All words of the set.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word of a value.
            pub fn word(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }
        }

        impl $crate::fields::FromScalar for $type {
            const LOOKS: &'static str = concat!("one of" $(, " `\"", $word, "\"`")+);

            fn from_scalar(scalar: &$crate::syntax::Scalar) -> Result<Self, $crate::fields::Refusal> {
                match $crate::fields::value::text(scalar)? {
                    $($word => Ok(Self::$value),)+
                    other => Err($crate::fields::Refusal::choice(other, Self::WORDS, &[$($($absent),+)?])),
                }
            }
        }
    )+};
}
