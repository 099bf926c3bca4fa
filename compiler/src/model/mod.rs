//! What the files say, block by block, checked in its parts and not yet against each other.

pub mod after;
pub mod amount;
pub mod budget;
pub mod config;
pub mod container;
pub mod cron_job;
pub mod daemon_set;
pub mod deployment;
pub mod device;
mod elsewhere;
pub mod env;
pub mod facts;
pub mod fleet;
pub mod hook;
pub mod image;
pub mod indexes;
pub mod job;
pub mod mount;
pub mod network;
pub mod node;
pub mod place;
pub mod pod;
pub mod port;
pub mod probe;
pub mod range;
pub mod removed;
pub mod secret;
pub mod security;
pub mod share;
pub mod signal;
pub mod stateful_set;
pub mod system;
pub mod update;
pub mod volume;
pub mod workload;

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use wlc_plan::name::{ConfigName, NodeName, ReplicaName, SecretName, WorkloadName};

use self::{
    config::Config,
    cron_job::CronJob,
    daemon_set::DaemonSet,
    deployment::Deployment,
    facts::{EarlyFacts, Facts},
    fleet::Fleet,
    job::Job,
    node::Node,
    removed::{Released, Removed},
    secret::Secret,
    stateful_set::StatefulSet,
    workload::Workload,
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    fields::{self, FromBlock, Schema, report_missing_end},
    parallel,
    span::Span,
    syntax::{Block, Scalar},
};

/// Everything that the files of a repository declare.
#[derive(Debug, Default)]
pub struct Repository {
    /// The fleet.
    pub fleet: Option<Fleet>,
    /// The machines, as people describe them.
    pub nodes: BTreeMap<NodeName, Node>,
    /// The machines, as `wlagent facts` found them.
    pub facts: BTreeMap<NodeName, Box<Facts>>,
    /// Configs.
    pub configs: BTreeMap<ConfigName, Config>,
    /// Secrets.
    pub secrets: BTreeMap<SecretName, Secret>,
    /// Workloads of all kinds.
    pub workloads: BTreeMap<WorkloadName, Workload>,
    /// Words for workloads that are gone.
    pub removed: BTreeMap<WorkloadName, Removed>,
    /// Words for replicas that have left their nodes.
    pub released: BTreeMap<ReplicaName, Released>,
    /// Kind and name of everything that is declared, what is misspelt inside included.
    pub declared: BTreeMap<(&'static str, String), Span>,
    /// The names of templates, which begin blocks too.
    pub templates: BTreeSet<String>,
}

/// The blocks that may stand at the top of a file.
pub const TOP: [&Schema; 12] = [
    Fleet::SCHEMA,
    Node::SCHEMA,
    Facts::SCHEMA,
    Config::SCHEMA,
    Secret::SCHEMA,
    Deployment::SCHEMA,
    StatefulSet::SCHEMA,
    DaemonSet::SCHEMA,
    Job::SCHEMA,
    CronJob::SCHEMA,
    Removed::SCHEMA,
    Released::SCHEMA,
];

/// So many nodes or workloads are read before another thread would have begun.
const BLOCKS_FOR_A_THREAD: usize = 32;

/// The kinds of workloads, whose names are one space.
pub const WORKLOADS: [&str; 5] = ["deployment", "stateful-set", "daemon-set", "job", "cron-job"];

impl Repository {
    /// Reads blocks, of which some facts may have been read before.
    pub fn read(&mut self, blocks: &[Block], mut early: EarlyFacts, problems: &mut Problems) {
        let mut many = Vec::new();
        for block in blocks {
            let is_one_of_many = self.read_block(block, &mut early, problems);
            many.extend(is_one_of_many.then_some(block));
        }
        let read = parallel::map(&many, (many.len(), BLOCKS_FOR_A_THREAD), |block| {
            let mut found = Problems::default();
            (OneOfMany::read(block, &mut found), found)
        });
        for (read, found) in read {
            problems.append(found);
            match read {
                OneOfMany::Node(node) => put(&mut self.nodes, *node, |node| node.name.value.clone()),
                OneOfMany::Workload(workload) => {
                    put(&mut self.workloads, *workload, |workload| workload.name().value.clone());
                }
            }
        }
    }

    /// Reads a block, but for a new node or workload: whether it is one.
    fn read_block(&mut self, block: &Block, early: &mut EarlyFacts, problems: &mut Problems) -> bool {
        let Some(schema) = TOP.iter().find(|schema| schema.word == block.word.value) else {
            let meant = report_unknown(block, &self.templates, problems);
            if let Some(schema) = meant {
                self.declare(schema.word, block, problems);
            }
            return false;
        };
        let begins_line = |word: &str| TOP.iter().any(|schema| schema.word == word);
        report_missing_end(block, schema, &begins_line, problems);
        if !self.declare(schema.word, block, problems) {
            return false;
        }
        match schema.word {
            "fleet" => self.fleet = Fleet::from_block(block, problems),
            "facts" => put(&mut self.facts, early.read(block, problems), |facts| facts.node.value.clone()),
            "config" => put(&mut self.configs, Config::from_block(block, problems), |config| config.name.value.clone()),
            "secret" => put(&mut self.secrets, Secret::from_block(block, problems), |secret| secret.name.value.clone()),
            "removed" => put(&mut self.removed, Removed::from_block(block, problems), |word| word.name.value.clone()),
            "released" => {
                put(&mut self.released, Released::from_block(block, problems), |word| word.replica.value.clone());
            }
            _ => return true,
        }
        false
    }

    /// Notes a name; the second of two equal names is reported and not read.
    fn declare(&mut self, kind: &'static str, block: &Block, problems: &mut Problems) -> bool {
        let (name, span) = match block.arguments.first() {
            Some(value) => match &value.value {
                Scalar::Text(name) => (name, value.span),
                Scalar::Integer(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                    return true;
                }
            },
            None => return true,
        };
        let space = if WORKLOADS.contains(&kind) { "workload" } else { kind };
        let name_in_space = if kind == "fleet" { String::new() } else { name.clone() };
        let first = match self.declared.entry((space, name_in_space)) {
            Entry::Vacant(place) => {
                place.insert(span);
                return true;
            }
            Entry::Occupied(place) => *place.get(),
        };
        let diagnostic = if kind == "fleet" {
            let diagnostic = Diagnostic::new(Code::OneFleet, "a repository has one fleet", span, "a second one");
            diagnostic.also(first, "the first one").hint("another fleet is another repository")
        } else {
            let message = format!("{space} `{name}` is declared twice");
            let diagnostic = Diagnostic::new(Code::DuplicateName, message, span, "declared again here");
            diagnostic.also(first, "first declared here").hint("give one of them another name")
        };
        problems.add(diagnostic);
        false
    }

    /// Whether something of this kind and name is declared, even if it cannot be held.
    pub fn is_declared(&self, space: &'static str, name: &str) -> bool {
        self.declared.contains_key(&(space, name.to_owned()))
    }

    /// What the agent found on a node; none where nobody has told.
    pub fn facts_of(&self, node: &NodeName) -> Option<&Facts> {
        self.facts.get(node).map(Box::as_ref)
    }

    /// The files of a config; none where the config is not held.
    pub fn config_files(&self, name: &str) -> Option<BTreeSet<&str>> {
        let config = self.configs.get(name)?;
        Some(config.files.iter().map(|file| file.name.value.as_str()).collect())
    }

    /// The keys of a secret; none where the secret is not held.
    pub fn secret_keys(&self, name: &str) -> Option<BTreeSet<&str>> {
        let secret = self.secrets.get(name)?;
        Some(secret.keys.iter().map(|key| key.name.value.as_str()).collect())
    }

    /// All declared names of a kind.
    pub fn names(&self, space: &'static str) -> BTreeSet<&str> {
        self.declared.keys().filter(|(kind, _)| *kind == space).map(|(_, name)| name.as_str()).collect()
    }
}

/// What a large fleet has many of, if it can be held.
enum OneOfMany {
    Node(Box<Option<Node>>),
    Workload(Box<Option<Workload>>),
}

impl OneOfMany {
    fn read(block: &Block, problems: &mut Problems) -> Self {
        match block.word.value.as_str() {
            "node" => Self::Node(Box::new(Node::from_block(block, problems))),
            _ => Self::Workload(Box::new(workload(block, problems))),
        }
    }
}

/// Reads a workload of any kind.
fn workload(block: &Block, problems: &mut Problems) -> Option<Workload> {
    match block.word.value.as_str() {
        "deployment" => Deployment::from_block(block, problems).map(Workload::Deployment),
        "stateful-set" => StatefulSet::from_block(block, problems).map(Workload::StatefulSet),
        "daemon-set" => DaemonSet::from_block(block, problems).map(Workload::DaemonSet),
        "job" => Job::from_block(block, problems).map(|job| Workload::Job(Box::new(job))),
        "cron-job" => CronJob::from_block(block, problems).map(|cron_job| Workload::CronJob(Box::new(cron_job))),
        other => unreachable!("`{other}` is in the list of top-level blocks and has no place in the repository"),
    }
}

fn put<Name: Ord, Value>(map: &mut BTreeMap<Name, Value>, value: Option<Value>, name: impl Fn(&Value) -> Name) {
    if let Some(value) = value {
        map.insert(name(&value), value);
    }
}

/// Reports a word that begins no block. Gives the block that was meant: what is misspelt counts as declared.
fn report_unknown(
    block: &Block,
    templates: &BTreeSet<String>,
    problems: &mut Problems,
) -> Option<&'static &'static Schema> {
    let word = &block.word;
    let diagnostic =
        Diagnostic::new(Code::UnknownWord, format!("unknown block `{}`", word.value), word.span, "not known here");
    let is_kubernetes = |schema: &&&Schema| {
        schema.kubernetes.rsplit(' ').next().is_some_and(|kind| kind.eq_ignore_ascii_case(&word.value))
    };
    let known = TOP.iter().map(|schema| schema.word).chain(templates.iter().map(String::as_str));
    let near = suggest::nearest(&word.value, known.clone());
    let elsewhere = fields::sign(&word.value).or_else(|| elsewhere::block(&word.value));
    let hint = match (TOP.iter().find(is_kubernetes), elsewhere) {
        (Some(schema), _) if near.is_none() => {
            format!("what Kubernetes calls `{}` is `{}` here", word.value, schema.word)
        }
        (_, Some(elsewhere)) if near.is_none() => elsewhere.to_owned(),
        _ => suggest::hint(&word.value, known),
    };
    problems.add(diagnostic.hint(hint));
    TOP.iter().find(|schema| near == Some(schema.word)).or_else(|| TOP.iter().find(is_kubernetes))
}
