//! Names of images, and when images are pulled.

use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

crate::choice! {
    /// When an image is pulled.
    PullWord { Always "always", IfNotPresent "if-not-present", Never "never" }
}

/// Registries take paths of 255 characters, tags of 128, and a digest has 71.
const LONGEST_IMAGE: usize = 512;

/// The name of an image, with a tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// All of it, as written.
    pub written: String,
    /// The digest in it, `sha256:…`.
    pub digest: Option<String>,
    /// Its tag; `latest` where it has neither tag nor digest.
    pub tag: Option<String>,
}

impl FromScalar for ImageName {
    const LOOKS: &'static str = "the name of an image, such as `\"registry.example/nginx:1.27\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let written = value::text(scalar)?;
        Self::parse(written).map_err(|why| {
            Refusal::with(format!("`{written}` is no image: {why}"), "write it as `\"registry.example/nginx:1.27\"`")
        })
    }

    fn placeholder() -> Option<Self> {
        Some(Self { written: String::new(), digest: Some(String::new()), tag: None })
    }
}

impl ImageName {
    fn parse(written: &str) -> Result<Self, &'static str> {
        if written.len() > LONGEST_IMAGE {
            return Err("it is longer than 512 characters");
        }
        let (name, digest) = match written.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (written, None),
        };
        if digest.is_some_and(|digest| {
            digest.strip_prefix("sha256:").is_none_or(|hex| wlc_plan::digest::Digest::parse(hex).is_err())
        }) {
            return Err("a digest has the form `sha256:` and 64 hexadecimal digits");
        }
        let last = name.rfind('/').map_or(0, |at| at + 1);
        let (repository, tag) = match name[last..].split_once(':') {
            Some((_, tag)) => (&name[..name.len() - tag.len() - 1], Some(tag)),
            None => (name, None),
        };
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
        };
        let parts: Vec<&str> = repository.split('/').collect();
        let (host, path) = if parts.len() > 1 { (Some(parts[0]), &parts[1..]) } else { (None, &parts[..]) };
        if !path.iter().all(|part| word(part))
            || !host.is_none_or(|host| host.split(':').all(|part| word(&part.to_lowercase())))
        {
            return Err("its path consists of lower-case letters, digits, `.`, `_`, `-` and `/`");
        }
        let tag_fits = |tag: &str| {
            (1..=128).contains(&tag.len())
                && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        if tag.is_some_and(|tag| !tag_fits(tag)) {
            return Err("its tag consists of at most 128 letters, digits, `.`, `_` and `-`");
        }
        let tag = tag.map(str::to_owned).or_else(|| digest.is_none().then(|| "latest".to_owned()));
        Ok(Self { written: written.to_owned(), digest: digest.map(str::to_owned), tag })
    }
}
