//! The files of a plan set by name.

use std::fmt;

use crate::{
    digest::Digest,
    head::Generation,
    limits,
    name::{NodeName, SignerName},
};

/// A file of a plan set. `Display` gives its path below the folder of the set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetFile {
    /// `head`
    Pointer,
    /// `heads/<generation>.json`
    Head(Generation),
    /// `heads/<generation>.<signer>.sig`
    Signature(Generation, SignerName),
    /// `index/<sha256>.json`: the index, or one of its shards.
    Index(Digest),
    /// `nodes/<node>/<sha256>.json`
    Plan(NodeName, Digest),
    /// `specs/<sha256>.json`: a pod spec, or the content of a config.
    Spec(Digest),
}

impl SetFile {
    /// Reads the path of a file below the folder of the set; none where no file of a set has this path.
    pub fn parse(path: &str) -> Option<Self> {
        let file = match *path.split('/').collect::<Vec<_>>() {
            ["head"] => Self::Pointer,
            ["heads", name] => parse_below_heads(name)?,
            ["index", name] => Self::Index(parse_digest(name)?),
            ["nodes", node, name] => Self::Plan(NodeName::parse(node).ok()?, parse_digest(name)?),
            ["specs", name] => Self::Spec(parse_digest(name)?),
            _ => return None,
        };
        (file.to_string() == path).then_some(file)
    }

    /// The most bytes that the file may have.
    pub fn limit(&self) -> u64 {
        match self {
            Self::Pointer | Self::Head(_) | Self::Signature(..) => limits::HEAD_BYTES,
            Self::Index(_) => limits::INDEX_BYTES,
            Self::Plan(..) => limits::NODE_PLAN_BYTES,
            Self::Spec(_) => limits::SPEC_BYTES,
        }
    }
}

fn parse_below_heads(name: &str) -> Option<SetFile> {
    match *name.split('.').collect::<Vec<_>>() {
        [generation, "json"] => Some(SetFile::Head(parse_generation(generation)?)),
        [generation, signer, "sig"] => {
            Some(SetFile::Signature(parse_generation(generation)?, SignerName::parse(signer).ok()?))
        }
        _ => None,
    }
}

fn parse_generation(text: &str) -> Option<Generation> {
    text.parse().ok().and_then(Generation::new)
}

fn parse_digest(name: &str) -> Option<Digest> {
    Digest::parse(name.strip_suffix(".json")?).ok()
}

impl fmt::Display for SetFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pointer => formatter.write_str("head"),
            Self::Head(generation) => write!(formatter, "heads/{generation}.json"),
            Self::Signature(generation, signer) => write!(formatter, "heads/{generation}.{signer}.sig"),
            Self::Index(digest) => write!(formatter, "index/{digest}.json"),
            Self::Plan(node, digest) => write!(formatter, "nodes/{node}/{digest}.json"),
            Self::Spec(digest) => write!(formatter, "specs/{digest}.json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        let digest = Digest::of(b"");
        let generation = Generation::new(12).unwrap();
        let signer = SignerName::parse("ci").unwrap();
        let node = NodeName::parse("n1").unwrap();
        for file in [
            SetFile::Pointer,
            SetFile::Head(generation),
            SetFile::Signature(generation, signer),
            SetFile::Index(digest),
            SetFile::Plan(node, digest),
            SetFile::Spec(digest),
        ] {
            assert_eq!(SetFile::parse(&file.to_string()), Some(file));
        }
        for other in
            ["", "head/", "heads/012.json", "heads/+1.json", "heads/0.json", "heads/1.CI.sig", "specs/x.json", "a"]
        {
            assert_eq!(SetFile::parse(other), None, "{other}");
        }
    }
}
