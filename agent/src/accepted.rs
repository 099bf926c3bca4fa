//! The plan set that was accepted last, on disk (edge): with it the agent starts when no source can be reached.
//!
//! Below the agent's state lies `accepted/`: the files of the set under their own names, so that `wlagent verify` can read
//! them too, and `record.json`, which says what was accepted and is replaced last. The record has a version and a checksum,
//! and names every file with its digest: what does not match is named as torn and never used. Specs and contents of older
//! revisions stay as long as the caller says that something still needs them.

mod record;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use wlc_plan::{
    canonical,
    content::ConfigContent,
    digest::Digest,
    head::{FileRef, Generation, Head},
    index::{NodeFiles, Shard},
    name::{FleetName, NodeName, SignerName},
    set::{Accepted, LastAccepted, NodeContent, Piece, SetFile, assemble},
    spec::PodSpec,
    time::Timestamp,
};

use self::record::Record;
use crate::disk::{Disk, replace};

/// The folder in which the last accepted set is kept.
#[derive(Debug, Clone)]
pub struct AcceptedFolder {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
}

/// What was found in the folder.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Which set was accepted last; none where the record is missing or torn: then an older set would be accepted again.
    pub last: Option<LastAccepted>,
    /// The set, as far as its files are whole. Instances whose spec or content is torn are set aside in its plan.
    pub set: Option<KeptSet>,
    /// Specs of older revisions.
    pub older_specs: BTreeMap<Digest, PodSpec>,
    /// Contents of older revisions.
    pub older_contents: BTreeMap<Digest, ConfigContent>,
    /// Files that are not what they were when they were written.
    pub torn: Vec<Torn>,
}

/// The set that was accepted last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSet {
    /// Its generation.
    pub generation: Generation,
    /// Its head.
    pub head: Head,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Who had signed it.
    pub signers: Vec<SignerName>,
    /// What the node must do.
    pub content: NodeContent,
}

/// A file that cannot be trusted any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` of the last accepted set is torn: {why}")]
pub struct Torn {
    /// Its path below the folder.
    pub path: String,
    /// What is wrong with it.
    pub why: String,
}

/// The folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`: {source}", path.display())]
pub struct AcceptedError {
    /// What was to be done, as in `write`.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl AcceptedFolder {
    /// The folder `accepted` below the agent's state.
    pub fn below(disk: Arc<dyn Disk>, state: &Path) -> Self {
        Self { disk, folder: state.join("accepted") }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Writes a set as the last accepted one. Of older revisions the specs and contents in `keep` stay.
    ///
    /// When this fails, what was accepted before is still whole.
    pub fn save(
        &self,
        node: &NodeName,
        accepted: &Accepted,
        at: Timestamp,
        keep: &BTreeSet<Digest>,
    ) -> Result<(), AcceptedError> {
        let (pointer, files): (Vec<_>, Vec<_>) =
            accepted.files.iter().partition(|(file, _)| matches!(file, SetFile::Pointer));
        for (file, bytes) in &files {
            self.write_if_needed(&file.to_string(), bytes)?;
        }
        let record = Record {
            fleet: accepted.head.fleet.clone(),
            node: node.clone(),
            generation: accepted.head.generation,
            head: accepted.digest,
            accepted_at: at,
            signers: accepted.signers.clone(),
            files: files.iter().map(|(file, bytes)| (file.to_string(), FileRef::of(bytes))).collect(),
        };
        self.write_if_needed(record::FILE, &record.encode())?;
        // The pointer is no authority; it is here for those who verify the folder as a set.
        for (file, bytes) in &pointer {
            self.write_if_needed(&file.to_string(), bytes)?;
        }
        self.remove_unneeded(&record, keep)
    }

    /// Removes specs and contents of older revisions that are not in `keep`.
    pub fn forget_older(&self, keep: &BTreeSet<Digest>) -> Result<(), AcceptedError> {
        match self.read_record()? {
            Some(Ok(record)) => self.remove_unneeded(&record, keep),
            Some(Err(_)) | None => Ok(()),
        }
    }

    /// Reads what was accepted last. Files that are torn are named and left out.
    pub fn load(&self, fleet: &FleetName, node: &NodeName) -> Result<Loaded, AcceptedError> {
        let mut loaded = Loaded::default();
        let record = self.read_record()?.transpose().and_then(|record| match record {
            Some(record) if record.fleet != *fleet || record.node != *node => {
                Err(format!("it belongs to the node `{}` of the fleet `{}`", record.node, record.fleet))
            }
            Some(_) | None => Ok(record),
        });
        let named = match record {
            Ok(Some(record)) => {
                loaded.last = Some(LastAccepted { generation: record.generation, head: record.head });
                loaded.set = self.load_set(&record, &mut loaded.torn)?;
                record.files.into_keys().collect()
            }
            Ok(None) => BTreeSet::new(),
            Err(why) => {
                loaded.torn.push(Torn { path: record::FILE.to_owned(), why });
                BTreeSet::new()
            }
        };
        self.load_older(&named, &mut loaded)?;
        Ok(loaded)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, AcceptedError> {
        let path = self.folder.join(path);
        self.disk.read(&path).map_err(failed("read", &path))
    }

    fn list(&self) -> Result<Vec<String>, AcceptedError> {
        self.disk.list(&self.folder).map_err(failed("list", &self.folder))
    }

    /// Writes a file unless it has these bytes already. When this returns it has reached the disk.
    fn write_if_needed(&self, path: &str, bytes: &[u8]) -> Result<(), AcceptedError> {
        if self.read(path)?.as_deref() == Some(bytes) {
            return Ok(());
        }
        let path = self.folder.join(path);
        let parent = path.parent().unwrap_or(&self.folder);
        self.disk.make_folder(parent).map_err(failed("make", parent))?;
        replace(self.disk.as_ref(), &path, bytes).map_err(failed("write", &path))?;
        self.disk.sync(&self.folder).map_err(failed("sync", &self.folder))
    }

    /// Removes a file, and the folder that it leaves empty.
    fn remove(&self, path: &str) -> Result<(), AcceptedError> {
        let path = self.folder.join(path);
        self.disk.remove(&path).map_err(failed("remove", &path))?;
        let parent = path.parent().unwrap_or(&self.folder);
        self.disk.remove_folder(parent).map_err(failed("remove", parent))
    }

    fn read_record(&self) -> Result<Option<Result<Record, String>>, AcceptedError> {
        Ok(self.read(record::FILE)?.map(|bytes| Record::decode(&bytes)))
    }

    fn load_set(&self, record: &Record, torn: &mut Vec<Torn>) -> Result<Option<KeptSet>, AcceptedError> {
        let mut files = BTreeMap::new();
        for (path, promised) in &record.files {
            let piece = self.read_whole(path, *promised)?;
            if let Err(why) = &piece {
                torn.push(Torn { path: path.clone(), why: why.clone() });
            }
            files.extend(SetFile::parse(path).map(|file| (file, piece)));
        }
        match put_together(record, &files) {
            Ok(set) => Ok(Some(set)),
            Err(why) => {
                torn.push(Torn { path: record::FILE.to_owned(), why });
                Ok(None)
            }
        }
    }

    fn read_whole(&self, path: &str, promised: FileRef) -> Result<Piece, AcceptedError> {
        Ok(match self.read(path)? {
            None => Err("it is missing".to_owned()),
            Some(bytes) if FileRef::of(&bytes) != promised => Err("its bytes have changed".to_owned()),
            Some(bytes) => Ok(bytes),
        })
    }

    fn load_older(&self, named: &BTreeSet<String>, loaded: &mut Loaded) -> Result<(), AcceptedError> {
        for path in self.list()?.into_iter().filter(|path| !named.contains(path)) {
            let Some(SetFile::Spec(digest)) = SetFile::parse(&path) else {
                continue;
            };
            let bytes = self.read(&path)?.unwrap_or_default();
            if Digest::of(&bytes) != digest {
                loaded.torn.push(Torn { path, why: "its bytes have changed".to_owned() });
            } else if let Ok(spec) = canonical::decode::<PodSpec>(&bytes) {
                loaded.older_specs.insert(digest, spec);
            } else if let Ok(content) = canonical::decode::<ConfigContent>(&bytes) {
                loaded.older_contents.insert(digest, content);
            }
        }
        Ok(())
    }

    fn remove_unneeded(&self, record: &Record, keep: &BTreeSet<Digest>) -> Result<(), AcceptedError> {
        let is_kept = |path: &str| match SetFile::parse(path) {
            Some(SetFile::Spec(digest)) => keep.contains(&digest),
            Some(SetFile::Pointer) => true,
            Some(SetFile::Head(_) | SetFile::Signature(..) | SetFile::Index(_) | SetFile::Plan(..)) | None => false,
        };
        for path in self.list()? {
            if path != record::FILE && !record.files.contains_key(&path) && !is_kept(&path) {
                self.remove(&path)?;
            }
        }
        Ok(())
    }
}

/// The set that the record names, from files of which some may be torn.
fn put_together(record: &Record, files: &BTreeMap<SetFile, Piece>) -> Result<KeptSet, String> {
    let whole = |file: &SetFile| match files.get(file) {
        Some(Ok(bytes)) => Ok(bytes),
        Some(Err(why)) => Err(format!("`{file}`: {why}")),
        None => Err(format!("`{file}` is not named")),
    };
    let head = canonical::decode(whole(&SetFile::Head(record.generation))?).map_err(|error| error.to_string())?;
    let node_files = files_of_node(record, files).ok_or("no part of the index names this node")?;
    let plan = whole(&SetFile::Plan(record.node.clone(), node_files.plan.sha256))?;
    let piece = |reference: &FileRef| {
        let file = SetFile::Spec(reference.sha256);
        (reference.sha256, whole(&file).cloned())
    };
    let specs = node_files.specs.iter().map(piece).collect();
    let contents = node_files.contents.iter().map(piece).collect();
    let content = assemble(&record.fleet, &record.node, plan, &specs, &contents).map_err(|error| error.to_string())?;
    let (accepted_at, signers) = (record.accepted_at, record.signers.clone());
    Ok(KeptSet { generation: record.generation, head, accepted_at, signers, content })
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AcceptedError {
    let path = path.to_owned();
    move |source| AcceptedError { action, path, source }
}

fn files_of_node(record: &Record, files: &BTreeMap<SetFile, Piece>) -> Option<NodeFiles> {
    let shards = files.iter().filter_map(|(file, piece)| match (file, piece) {
        (SetFile::Index(_), Ok(bytes)) => canonical::decode::<Shard>(bytes).ok(),
        (SetFile::Index(_), Err(_))
        | (SetFile::Pointer | SetFile::Head(_) | SetFile::Signature(..) | SetFile::Plan(..) | SetFile::Spec(_), _) => {
            None
        }
    });
    shards.into_iter().find_map(|mut shard| shard.nodes.remove(&record.node))
}
