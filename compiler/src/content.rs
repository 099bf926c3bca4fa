//! The content of a build: what every node must do, as files. A function of the repository, without number and time.
//!
//! Here the plans and the specs that they name become files with digests, and an index over them. Numbering, signing and
//! writing is [`crate::publish`]'s.

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{
    canonical::{self, CanonicalError},
    content::ConfigContent,
    digest::Digest,
    format::Format,
    head::FileRef,
    index::{Index, NodeFiles, Shard, ShardRef, shards},
    instance::Instance,
    limits,
    name::{FleetName, NodeName},
    node_plan::NodePlan,
    set::SetFile,
    spec::PodSpec,
    validate::{Finding, validate},
};

use crate::parallel;

/// What a build decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The fleet.
    pub fleet: FleetName,
    /// The plan of every node, also of those with nothing to do.
    pub plans: BTreeMap<NodeName, NodePlan>,
    /// The canonical bytes of pod specs by their digest.
    pub specs: BTreeMap<Digest, Vec<u8>>,
    /// The canonical bytes of contents of configs by their digest.
    pub contents: BTreeMap<Digest, Vec<u8>>,
}

/// Content as files, ready to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentFiles {
    /// The fleet.
    pub fleet: FleetName,
    /// The top of the index: it names everything else.
    pub index: FileRef,
    /// All files of the content.
    pub files: BTreeMap<SetFile, Vec<u8>>,
}

/// Content that obeys no format. Always a bug of wlc.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The bytes of a spec or content are not what its readers take.
    #[error("this is a bug of wlc: `{file}` cannot be read back: {source}")]
    Piece {
        /// The file.
        file: SetFile,
        /// What is wrong with it.
        source: CanonicalError,
    },
    /// The bytes of a spec or content stand under another digest.
    #[error("this is a bug of wlc: `{0}` has another digest than its name says")]
    Digest(SetFile),
    /// A plan that its node would refuse.
    #[error("this is a bug of wlc: the plan of node `{node}` breaks a rule of its format: {}", findings[0])]
    Plan {
        /// The node.
        node: NodeName,
        /// What it breaks; never empty.
        findings: Vec<Finding>,
    },
    /// More bytes than a file of its kind may have.
    #[error("`{file}` would have {size} bytes, and readers take at most {}", file.limit())]
    TooLarge {
        /// The file.
        file: SetFile,
        /// Its size in bytes.
        size: usize,
    },
    /// More nodes than a fleet may have.
    #[error("the fleet has {count} nodes, and at most {} are allowed", limits::NODES_PER_FLEET)]
    TooManyNodes {
        /// How many it has.
        count: usize,
    },
}

impl Content {
    /// All files of the content and the index over them. Every plan has passed the validator that its node runs.
    pub fn files(&self) -> Result<ContentFiles, ContentError> {
        if self.plans.len() > limits::NODES_PER_FLEET {
            return Err(ContentError::TooManyNodes { count: self.plans.len() });
        }
        let specs = decode_all::<PodSpec>(&self.specs)?;
        let contents = decode_all::<ConfigContent>(&self.contents)?;
        let plans: Vec<(&NodeName, &NodePlan)> = self.plans.iter().collect();
        let checked = parallel::map(&plans, (plans.len(), PLANS_FOR_A_THREAD), |(node, plan)| {
            let findings = validate(plan, &specs, &contents);
            if !findings.is_empty() {
                return Err(ContentError::Plan { node: (*node).clone(), findings });
            }
            let bytes = plan.encode();
            Ok((*node, FileRef::of(&bytes), bytes, Pieces::of(plan, &specs)))
        });
        let mut files = BTreeMap::new();
        let mut nodes = BTreeMap::new();
        for checked in checked {
            let (node, file, bytes, pieces) = checked?;
            files.insert(SetFile::Plan(node.clone(), file.sha256), bytes);
            nodes.insert(node.clone(), pieces.refs(file, self, &mut files));
        }
        let index = self.add_index(&nodes, &mut files);
        check_sizes(&files)?;
        Ok(ContentFiles { fleet: self.fleet.clone(), index, files })
    }

    fn add_index(&self, nodes: &BTreeMap<NodeName, NodeFiles>, files: &mut BTreeMap<SetFile, Vec<u8>>) -> FileRef {
        let mut add = |bytes: Vec<u8>| {
            let file = FileRef::of(&bytes);
            files.insert(SetFile::Index(file.sha256), bytes);
            file
        };
        let reference = |shard: &Shard| {
            let (first, _) = shard.nodes.first_key_value()?;
            Some(ShardRef { first: first.clone(), file: add(canonical::encode(shard)) })
        };
        let shards = shards(nodes).iter().filter_map(reference).collect();
        add(canonical::encode(&Index { format: Format::V1, fleet: self.fleet.clone(), shards }))
    }
}

/// So many plans are validated, and so many pieces read back, before another thread would have begun.
const PLANS_FOR_A_THREAD: usize = 64;

/// The digests of the specs and contents that a plan names.
#[derive(Default)]
struct Pieces {
    specs: BTreeSet<Digest>,
    contents: BTreeSet<Digest>,
}

impl Pieces {
    fn of(plan: &NodePlan, specs: &BTreeMap<Digest, PodSpec>) -> Self {
        let mut pieces = Self::default();
        let standbys = plan.standbys.iter().map(|standby| &standby.instance);
        for Instance { spec, older, contents, sources, .. } in plan.instances.iter().chain(standbys) {
            pieces.specs.extend(std::iter::once(spec).chain(older).map(|reference| reference.spec));
            pieces.contents.extend(contents.iter().map(|swapped| swapped.content));
            pieces.contents.extend(sources.iter().flat_map(|one| one.configs.values().copied()));
        }
        let mounted = pieces.specs.iter().filter_map(|digest| specs.get(digest)).flat_map(PodSpec::contents);
        pieces.contents.extend(mounted);
        pieces
    }

    /// What the index says of the node; the files of the pieces are added to `files`.
    fn refs(&self, plan: FileRef, content: &Content, files: &mut BTreeMap<SetFile, Vec<u8>>) -> NodeFiles {
        let mut add = |digests: &BTreeSet<Digest>, from: &BTreeMap<Digest, Vec<u8>>| {
            let reference = |digest: &Digest| {
                let bytes = from.get(digest).expect("the validator finds every piece that a plan names");
                files.entry(SetFile::Spec(*digest)).or_insert_with(|| bytes.clone());
                FileRef { sha256: *digest, size: bytes.len() as u64 }
            };
            digests.iter().map(reference).collect()
        };
        NodeFiles { plan, specs: add(&self.specs, &content.specs), contents: add(&self.contents, &content.contents) }
    }
}

fn decode_all<T>(pieces: &BTreeMap<Digest, Vec<u8>>) -> Result<BTreeMap<Digest, T>, ContentError>
where
    T: serde::Serialize + serde::de::DeserializeOwned + Send,
{
    let pieces: Vec<(&Digest, &Vec<u8>)> = pieces.iter().collect();
    let decoded = parallel::map(&pieces, (pieces.len(), PLANS_FOR_A_THREAD), |(digest, bytes)| {
        let file = SetFile::Spec(**digest);
        if Digest::of(bytes) != **digest {
            return Err(ContentError::Digest(file));
        }
        let value = canonical::decode(bytes).map_err(|source| ContentError::Piece { file, source })?;
        Ok((**digest, value))
    });
    decoded.into_iter().collect()
}

fn check_sizes(files: &BTreeMap<SetFile, Vec<u8>>) -> Result<(), ContentError> {
    match files.iter().find(|(file, bytes)| bytes.len() as u64 > file.limit()) {
        Some((file, bytes)) => Err(ContentError::TooLarge { file: file.clone(), size: bytes.len() }),
        None => Ok(()),
    }
}
