//! Devices of the node that a container may use.

use wlc_plan::name::AbsolutePath;

use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

crate::block! {
    /// A device of the node: its file below `/dev`, or its CDI name such as `vendor.example/gpu=0`.
    Device "device" ("devices[]") {
        /// The file or the CDI name.
        name: [required argument] DeviceName, "name" ("");
        /// Where it appears in the container; without it, at the same path.
        as_path: [optional property] AbsolutePath, "as" ("");
        /// What may be done with it: read, write, make nodes.
        permissions: [optional property] Permissions, "permissions" ("");
    }
}

/// A device of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceName {
    /// A file below `/dev`.
    File(AbsolutePath),
    /// A name of the Container Device Interface, `vendor/class=name`.
    Cdi(String),
}

impl DeviceName {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::File(path) => path.as_str(),
            Self::Cdi(name) => name,
        }
    }
}

impl FromScalar for DeviceName {
    const LOOKS: &'static str = "a file below `/dev`, or a CDI name such as `\"vendor.example/gpu=0\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let bad = || {
            let message = format!("`{text}` is neither a file below `/dev` nor a CDI name");
            Refusal::with(message, "write it as `\"/dev/fuse\"` or `\"vendor.example/gpu=0\"`")
        };
        if text.starts_with('/') {
            let path = AbsolutePath::parse(text).ok().filter(|path| path.as_str().starts_with("/dev/"));
            return path.map(Self::File).ok_or_else(bad);
        }
        let (kind, name) = text.split_once('=').ok_or_else(bad)?;
        let (vendor, class) = kind.split_once('/').ok_or_else(bad)?;
        let word = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
        };
        if [vendor, class, name].into_iter().all(word) { Ok(Self::Cdi(text.to_owned())) } else { Err(bad()) }
    }
}

/// What may be done with a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions(pub String);

impl FromScalar for Permissions {
    const LOOKS: &'static str = "some of the letters `r`, `w` and `m`, such as `\"rw\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let once = |letter: char| text.matches(letter).count() <= 1;
        let known = !text.is_empty() && text.chars().all(|letter| "rwm".contains(letter));
        if known && "rwm".chars().all(once) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::with(format!("`{text}` are no permissions of a device"), "write them as `\"rwm\"`"))
        }
    }
}
