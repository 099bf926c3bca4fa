//! The set that nodes see, as far as a new content differs from it: only files that are not the same are read.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};
use wlc_plan::{
    canonical,
    digest::Digest,
    head::{FileRef, Head},
    index::{Index, NodeFiles, Shard},
    name::{NodeName, SignerName},
    node_plan::NodePlan,
    set::SetFile,
};

use super::{
    Folder, PublishError, Signers,
    folder::list,
    last::{read_file, read_pointer, read_signatures},
};
use crate::content::ContentFiles;

/// The set that nodes see, as far as a new content differs from it.
#[derive(Debug)]
pub struct PublishedSet {
    /// Its head. Nothing here has judged who signed it.
    pub head: Head,
    /// Nodes whose plans are the same in the new content.
    pub same: BTreeSet<NodeName>,
    /// The plans of all others.
    pub plans: BTreeMap<NodeName, NodePlan>,
    /// The specs and contents that these plans use.
    pub pieces: BTreeMap<Digest, Vec<u8>>,
    /// Its signatures.
    signatures: BTreeMap<SignerName, Vec<u8>>,
    bytes: Vec<u8>,
}

/// How the signatures of a set fit the signers of today.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignedBy {
    /// Those who have signed it with their key of today.
    pub current: Vec<SignerName>,
    /// Those who have signed it with another key.
    pub other_key: Vec<SignerName>,
    /// Those who have signed it and sign no more.
    pub former: Vec<SignerName>,
}

/// Reads the set that nodes see, as far as `new` differs from it. None where nothing was published.
pub fn published(out: &Path, new: &ContentFiles) -> Result<Option<PublishedSet>, PublishError> {
    let reader = Reader { folder: Folder::new(out), new };
    let Some(pointer) = read_pointer(&reader.folder)? else { return Ok(None) };
    let file = SetFile::Head(pointer.generation);
    let bytes = reader.bytes(&file, Some(pointer.head))?;
    let head: Head = decode(&file, &bytes)?;
    let files: Vec<_> = list(out)?.iter().filter_map(|path| SetFile::parse(path)).collect();
    let signatures = read_signatures(&reader.folder, &files, head.generation)?;
    let mut set = PublishedSet {
        same: BTreeSet::new(),
        plans: BTreeMap::new(),
        pieces: BTreeMap::new(),
        signatures,
        bytes,
        head,
    };
    for (node, files) in reader.nodes(set.head.index)? {
        reader.node(node, &files, &mut set)?;
    }
    Ok(Some(set))
}

impl PublishedSet {
    /// How its signatures fit the signers of today.
    pub fn signed_by(&self, signers: &Signers) -> SignedBy {
        let mut found = SignedBy::default();
        for (name, signature) in &self.signatures {
            let list = match signers.list().iter().find(|signer| signer.name == *name) {
                Some(signer) if wlc_plan::signature::verify(signature, &signer.key, &self.bytes).is_ok() => {
                    &mut found.current
                }
                Some(_) => &mut found.other_key,
                None => &mut found.former,
            };
            list.push(name.clone());
        }
        found
    }
}

/// Reads files of the set; those that the new content has too are taken from there, since their names are digests.
struct Reader<'a> {
    folder: Folder,
    new: &'a ContentFiles,
}

impl Reader<'_> {
    fn bytes(&self, file: &SetFile, named: Option<FileRef>) -> Result<Vec<u8>, PublishError> {
        if let Some(bytes) = self.new.files.get(file) {
            return Ok(bytes.clone());
        }
        let broken = |why: &str| PublishError::LastSet { file: file.clone(), why: why.to_owned() };
        let bytes = read_file(&self.folder, file)?.ok_or_else(|| broken("it is missing"))?;
        match named {
            Some(named) if FileRef::of(&bytes) != named => {
                Err(broken("its bytes do not have the digest that names them"))
            }
            Some(_) | None => Ok(bytes),
        }
    }

    fn nodes(&self, index: FileRef) -> Result<BTreeMap<NodeName, NodeFiles>, PublishError> {
        let file = SetFile::Index(index.sha256);
        let index: Index = decode(&file, &self.bytes(&file, Some(index))?)?;
        let mut nodes = BTreeMap::new();
        for shard in &index.shards {
            let file = SetFile::Index(shard.file.sha256);
            let shard: Shard = decode(&file, &self.bytes(&file, Some(shard.file))?)?;
            nodes.extend(shard.nodes);
        }
        Ok(nodes)
    }

    fn node(&self, node: NodeName, files: &NodeFiles, set: &mut PublishedSet) -> Result<(), PublishError> {
        let file = SetFile::Plan(node.clone(), files.plan.sha256);
        if self.new.files.contains_key(&file) {
            set.same.insert(node);
            return Ok(());
        }
        let bytes = self.bytes(&file, Some(files.plan))?;
        let read = NodePlan::decode(&bytes).map_err(|error| PublishError::LastSet { file, why: error.to_string() })?;
        for piece in files.specs.iter().chain(&files.contents) {
            if let Entry::Vacant(place) = set.pieces.entry(piece.sha256) {
                place.insert(self.bytes(&SetFile::Spec(piece.sha256), Some(*piece))?);
            }
        }
        set.plans.insert(node, read.plan);
        Ok(())
    }
}

fn decode<T: Serialize + DeserializeOwned>(file: &SetFile, bytes: &[u8]) -> Result<T, PublishError> {
    canonical::decode(bytes).map_err(|error| PublishError::LastSet { file: file.clone(), why: error.to_string() })
}
