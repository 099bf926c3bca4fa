//! The macros that declare blocks, and what each shape of field means as a type and as a step of reading.

/// Declares a block of the language.
///
/// ```text
/// block! {
///     /// What the block is.
///     Port "port" ("ports[]") {
///         /// The port's name.
///         name: [required argument] PortName, "name" ("name");
///         /// Its protocol.
///         protocol: [default property] Protocol, "protocol" ("protocol"), default "tcp";
///         /// What is read and checked, and refused by a build.
///         cpus: [optional property] String, "cpus" (""), not carried out;
///         absent "app-protocol";
///     }
///     /// A block of which nothing is carried out.
///     Hook "post-start" ("lifecycle.postStart") not carried out { }
/// }
/// ```
#[macro_export]
macro_rules! block {
    ($(
        $(#[doc = $doc:literal])+
        $type:ident $word:literal ($kubernetes:literal) $(not $block_carried:ident out)? {
            $(
                $(#[doc = $field_doc:literal])+
                $field:ident: [$($shape:ident)+] $value:ty, $field_word:literal ($field_kubernetes:literal)
                    $(, default $default:literal)? $(, not $carried:ident out)?;
            )*
            $(absent $($absent:literal),+;)?
        }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $type {
            /// Where the block stands: from its word to the last value behind it.
            pub span: $crate::span::Span,
            /// All of it, its children included.
            pub extent: $crate::span::Span,
            $(
                $(#[doc = $field_doc])+
                pub $field: $crate::field_type!([$($shape)+] $value),
            )*
        }

        impl $crate::fields::FromBlock for $type {
            const SCHEMA: &'static $crate::fields::Schema = &$crate::fields::Schema {
                word: $word,
                kubernetes: $kubernetes,
                doc: concat!($($doc, "\n"),+),
                carried: $crate::field_carried!($($block_carried)?),
                fields: &[$(
                    $crate::fields::Field {
                        word: $field_word,
                        kubernetes: $field_kubernetes,
                        shape: $crate::field_shape!([$($shape)+]),
                        value: $crate::field_looks!([$($shape)+] $value),
                        default: $crate::field_default!($($default)?),
                        doc: concat!($($field_doc, "\n"),+),
                        carried: $crate::field_carried!($($carried)?),
                        refused: $crate::field_refused!([$($shape)+] $value),
                        block: $crate::field_block!([$($shape)+] $value),
                    },
                )*],
                absent: &[$($($absent),+)?],
            };

            fn from_reader(reader: &mut $crate::fields::Reader<'_>) -> Option<Self> {
                let (span, extent) = (reader.span(), reader.extent());
                $(let $field = $crate::field_read!(reader, [$($shape)+] $value, $field_word $(, $default)?);)*
                Some(Self { span, extent, $($field: $field?,)* })
            }
        }
    )+};
}

/// Whether a field or a block is carried out.
#[doc(hidden)]
#[macro_export]
macro_rules! field_carried {
    () => {
        $crate::fields::Carried::Out
    };
    (carried) => {
        $crate::fields::Carried::NotInThisVersion
    };
}

/// The type that holds a field.
#[doc(hidden)]
#[macro_export]
macro_rules! field_type {
    ([required argument] $value:ty) => { $crate::span::Spanned<$value> };
    ([optional argument] $value:ty) => { Option<$crate::span::Spanned<$value>> };
    ([rest] $value:ty) => { Vec<$crate::span::Spanned<$value>> };
    ([required property] $value:ty) => { $crate::span::Spanned<$value> };
    ([optional property] $value:ty) => { Option<$crate::span::Spanned<$value>> };
    ([some property] $value:ty) => { Vec<$crate::span::Spanned<$value>> };
    ([default property] $value:ty) => { $crate::span::Spanned<$value> };
    ([flag] $value:ty) => { $crate::span::Spanned<$value> };
    ([list] $value:ty) => { $crate::fields::List<$value> };
    ([child] $value:ty) => { Option<$value> };
    ([children] $value:ty) => { Vec<$value> };
    ([checked] $value:ty) => { $crate::fields::Checked };
    ([either] $value:ty) => { Vec<$value> };
    ([entries] $value:ty) => { Vec<$value> };
    ([word] $value:ty) => { $crate::span::Spanned<$value> };
    ([part] $value:ty) => { $value };
}

/// How a field is written.
#[doc(hidden)]
#[macro_export]
macro_rules! field_shape {
    ([$($need:ident)? argument]) => {
        $crate::fields::Shape::Argument
    };
    ([rest]) => {
        $crate::fields::Shape::Rest
    };
    ([$($need:ident)? property]) => {
        $crate::fields::Shape::Property
    };
    ([flag]) => {
        $crate::fields::Shape::Flag
    };
    ([list]) => {
        $crate::fields::Shape::List
    };
    ([child]) => {
        $crate::fields::Shape::Child
    };
    ([children]) => {
        $crate::fields::Shape::Children
    };
    ([checked]) => {
        $crate::fields::Shape::Children
    };
    ([either]) => {
        $crate::fields::Shape::Either
    };
    ([entries]) => {
        $crate::fields::Shape::Entries
    };
    ([word]) => {
        $crate::fields::Shape::Word
    };
    ([part]) => {
        $crate::fields::Shape::Part
    };
}

/// What a value of a field looks like.
#[doc(hidden)]
#[macro_export]
macro_rules! field_looks {
    ([child] $value:ty) => {
        "a block"
    };
    ([children] $value:ty) => {
        "a block, any number of times"
    };
    ([checked] $value:ty) => {
        "a block, any number of times"
    };
    ([either] $value:ty) => {
        "a name, or blocks that begin with it"
    };
    ([entries] $value:ty) => {
        "a block for each name of your own"
    };
    ([part] $value:ty) => {
        "a group of fields"
    };
    ([flag] $value:ty) => {
        "nothing, or `#true` or `#false`"
    };
    ([$($shape:ident)+] $value:ty) => {
        <$value as $crate::fields::FromScalar>::LOOKS
    };
}

/// The words of a closed set that no build carries out.
#[doc(hidden)]
#[macro_export]
macro_rules! field_refused {
    ([child] $value:ty) => {
        &[]
    };
    ([children] $value:ty) => {
        &[]
    };
    ([checked] $value:ty) => {
        &[]
    };
    ([either] $value:ty) => {
        &[]
    };
    ([entries] $value:ty) => {
        &[]
    };
    ([part] $value:ty) => {
        &[]
    };
    ([$($shape:ident)+] $value:ty) => {
        <$value as $crate::fields::FromScalar>::REFUSED
    };
}

/// The default of a field as it would be written.
#[doc(hidden)]
#[macro_export]
macro_rules! field_default {
    () => {
        None
    };
    ($default:literal) => {
        Some(stringify!($default))
    };
}

/// The schema of the block that a field is.
#[doc(hidden)]
#[macro_export]
macro_rules! field_block {
    ([child] $value:ty) => {
        Some(<$value as $crate::fields::FromBlock>::SCHEMA)
    };
    ([children] $value:ty) => {
        Some(<$value as $crate::fields::FromBlock>::SCHEMA)
    };
    ([checked] $value:ty) => {
        Some(<$value as $crate::fields::FromBlock>::SCHEMA)
    };
    ([either] $value:ty) => {
        Some(<$value as $crate::fields::FromBlock>::SCHEMA)
    };
    ([entries] $value:ty) => {
        Some(<$value as $crate::fields::FromBlock>::SCHEMA)
    };
    ([part] $value:ty) => {
        Some(<$value as $crate::fields::FromBlock>::SCHEMA)
    };
    ([$($shape:ident)+] $value:ty) => {
        None
    };
}

/// The step that reads a field: an option that is none where the block cannot be held.
#[doc(hidden)]
#[macro_export]
macro_rules! field_read {
    ($reader:ident, [required argument] $value:ty, $word:literal) => {
        $reader.required::<$value>($crate::fields::Part::Argument, $word)
    };
    ($reader:ident, [optional argument] $value:ty, $word:literal) => {
        $reader.optional::<$value>($crate::fields::Part::Argument, $word)
    };
    ($reader:ident, [rest] $value:ty, $word:literal) => {
        $reader.rest::<$value>()
    };
    ($reader:ident, [required property] $value:ty, $word:literal) => {
        $reader.required::<$value>($crate::fields::Part::Property, $word)
    };
    ($reader:ident, [optional property] $value:ty, $word:literal) => {
        $reader.optional::<$value>($crate::fields::Part::Property, $word)
    };
    ($reader:ident, [some property] $value:ty, $word:literal) => {
        $reader.some::<$value>($word)
    };
    ($reader:ident, [default property] $value:ty, $word:literal, $default:literal) => {
        $reader.with_default::<$value>($word, $crate::fields::default_scalar($default))
    };
    ($reader:ident, [flag] $value:ty, $word:literal) => {
        $reader.flag($word)
    };
    ($reader:ident, [list] $value:ty, $word:literal) => {
        $reader.list::<$value>($word)
    };
    ($reader:ident, [child] $value:ty, $word:literal) => {
        $reader.child::<$value>($word)
    };
    ($reader:ident, [children] $value:ty, $word:literal) => {
        $reader.children::<$value>($word)
    };
    ($reader:ident, [checked] $value:ty, $word:literal) => {
        $reader.checked::<$value>($word)
    };
    ($reader:ident, [either] $value:ty, $word:literal) => {
        $reader.either::<$value>($word)
    };
    ($reader:ident, [entries] $value:ty, $word:literal) => {
        $reader.entries::<$value>()
    };
    ($reader:ident, [word] $value:ty, $word:literal) => {
        $reader.word::<$value>()
    };
    ($reader:ident, [part] $value:ty, $word:literal) => {
        <$value as $crate::fields::FromBlock>::from_reader($reader)
    };
}
