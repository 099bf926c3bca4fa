//! The lock's files as text: a header with the format, then one fact on each line, sorted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use wlc_plan::{
    binding::HostPorts,
    digest::Digest,
    instance::{SpecRef, WorkloadKind},
    name::{ContainerName, NodeName, PortName, ReplicaName, VolumeName, WorkloadName},
    quantity::Bytes,
    revision::Revision,
};

use super::{ClaimLock, ClaimState, ImageLock, Immutable, ReplicaLock, RevisionLock, State, WorkloadLock};

use crate::{fields::FromScalar, model::stateful_set::Retention, syntax::Scalar};

/// The first line of each file.
pub const HEADER: &str = "wlc-lock 1";

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LockError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: LockProblem,
}

/// What is wrong with a lock file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockProblem {
    /// Another format, or no lock file at all.
    #[error("the file does not begin with `wlc-lock 1`")]
    Header,
    /// A line of a merge conflict.
    #[error("a merge conflict")]
    Conflict,
    /// A fact of unknown form.
    #[error("`{0}` is no fact of a lock")]
    Fact(String),
    /// A fact that contradicts an earlier one.
    #[error("`{0}` stands there twice")]
    Twice(String),
    /// No line says what kind of workload it is.
    #[error("no line says the kind")]
    NoKind,
    /// A replica without a node.
    #[error("replica `{0}` has no node")]
    NoNode(ReplicaName),
}

/// The text of a file.
pub fn write(lock: &WorkloadLock) -> String {
    let mut lines = vec![format!("kind {}", lock.kind.word())];
    if lock.state == State::Tombstone {
        lines.push("tombstone".to_owned());
    }
    if lock.newest().is_none_or(|newest| newest.reference.number < lock.highest) && lock.highest > 0 {
        lines.push(format!("highest {:06}", lock.highest));
    }
    lines.extend(lock.left.iter().map(|(replica, node)| format!("left {replica} {node}")));
    lines.extend(lock.waves.iter().map(|value| format!("wave {value}")));
    lines.extend(lock.base.iter().map(|number| format!("base {number:06}")));
    lines.extend(lock.promoted.iter().map(|revision| format!("promoted {revision}")));
    lines.extend(lock.pinned.iter().map(|revision| format!("pinned {revision}")));
    for (name, digest) in &lock.images {
        let digest = match digest {
            ImageLock::Digest(digest) => digest,
            ImageLock::Unresolved => "unresolved",
        };
        lines.push(format!("image {name} {digest}"));
    }
    lines.extend(lock.immutable.iter().map(|(field, value)| format!("immutable {field} = {value}")));
    for ((replica, claim), one) in &lock.claims {
        let ClaimLock { node, size, when_scaled, when_deleted, state, before_remove } = one;
        let (scaled, deleted, size) = (when_scaled.word(), when_deleted.word(), size.0);
        let job = before_remove.as_ref().map_or(String::new(), |job| format!(" {job}"));
        lines.push(format!("claim {replica} {claim} {node} {size} {scaled} {deleted} {}{job}", state.word()));
    }
    for (name, replica) in &lock.replicas {
        lines.push(format!("replica {name} node {}", replica.node));
        for ((container, port), host) in &replica.ports {
            let host: Vec<String> = host.all().map(|port| port.to_string()).collect();
            lines.push(format!("replica {name} port {container} {port} {}", host.join(" ")));
        }
    }
    for revision in &lock.revisions {
        let SpecRef { number, revision: digest, spec } = &revision.reference;
        lines.push(format!("revision {number:06} {digest} spec {spec}"));
        lines.extend(revision.contents.iter().map(|content| format!("revision {number:06} content {content}")));
    }
    lines.sort_unstable();
    let mut text = format!("{HEADER}\n");
    for line in lines {
        writeln!(text, "{line}").expect("writing to a string cannot fail");
    }
    text
}

/// Reads a file.
pub fn read(text: &str) -> Result<WorkloadLock, LockError> {
    let at = |line: usize, problem| LockError { line, problem };
    let mut facts = Facts::default();
    let mut lines = text.lines().enumerate();
    if lines.next().map(|(_, line)| line) != Some(HEADER) {
        return Err(at(1, LockProblem::Header));
    }
    for (number, line) in lines {
        if is_conflict(line) {
            return Err(at(number + 1, LockProblem::Conflict));
        }
        facts.take(line).map_err(|problem| at(number + 1, problem))?;
    }
    facts.finish().map_err(|problem| at(1, problem))
}

/// Whether git wrote this line to mark a conflict.
pub fn is_conflict(line: &str) -> bool {
    ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark))
}

/// Facts while they are read.
#[derive(Default)]
struct Facts {
    kind: Option<WorkloadKind>,
    tombstone: bool,
    highest: Option<u32>,
    pinned: Option<Revision>,
    base: Option<u32>,
    promoted: Option<Revision>,
    waves: BTreeSet<String>,
    left: BTreeMap<ReplicaName, NodeName>,
    images: BTreeMap<String, ImageLock>,
    immutable: Immutable,
    claims: BTreeMap<(ReplicaName, VolumeName), ClaimLock>,
    nodes: BTreeMap<ReplicaName, NodeName>,
    ports: BTreeMap<(ReplicaName, ContainerName, PortName), HostPorts>,
    revisions: BTreeMap<u32, SpecRef>,
    contents: BTreeMap<u32, Vec<Digest>>,
}

impl Facts {
    fn take(&mut self, line: &str) -> Result<(), LockProblem> {
        let unknown = || LockProblem::Fact(line.to_owned());
        let words: Vec<&str> = line.split(' ').collect();
        let new = match words[..] {
            ["kind", word] => self.kind.replace(kind(word).ok_or_else(unknown)?).is_none(),
            ["highest", number] => self.highest.replace(highest(number).ok_or_else(unknown)?).is_none(),
            ["pinned", revision] => self.pinned.replace(Revision::parse(revision).map_err(|_| unknown())?).is_none(),
            ["left", name, node] => {
                let (name, node) = (ReplicaName::parse(name), NodeName::parse(node));
                self.left.insert(name.map_err(|_| unknown())?, node.map_err(|_| unknown())?).is_none()
            }
            ["wave", value] => self.waves.insert(value.to_owned()),
            ["base", number] => self.base.replace(highest(number).ok_or_else(unknown)?).is_none(),
            ["promoted", revision] => {
                self.promoted.replace(Revision::parse(revision).map_err(|_| unknown())?).is_none()
            }
            ["immutable", ..] => {
                let (field, value) = immutable(line).ok_or_else(unknown)?;
                self.immutable.insert(field.to_owned(), value.to_owned()).is_none()
            }
            ["tombstone"] => !std::mem::replace(&mut self.tombstone, true),
            ["image", name, digest] => {
                self.images.insert(name.to_owned(), image(digest).ok_or_else(unknown)?).is_none()
            }
            ["claim", replica, claim, ref words @ ..] => {
                let key = claim_key(replica, claim).ok_or_else(unknown)?;
                self.claims.insert(key, claim_lock(words).ok_or_else(unknown)?).is_none()
            }
            ["replica", name, "node", node] => {
                let (name, node) = (ReplicaName::parse(name), NodeName::parse(node));
                self.nodes.insert(name.map_err(|_| unknown())?, node.map_err(|_| unknown())?).is_none()
            }
            ["replica", name, "port", container, port, ref host @ ..] => {
                let key = port_key(name, container, port).ok_or_else(unknown)?;
                self.ports.insert(key, host_ports(host).ok_or_else(unknown)?).is_none()
            }
            ["revision", number, revision, "spec", spec] => {
                let reference = spec_ref(number, revision, spec).ok_or_else(unknown)?;
                self.revisions.insert(reference.number, reference).is_none()
            }
            ["revision", number, "content", content] => {
                let number = number.parse().map_err(|_| unknown())?;
                self.contents.entry(number).or_default().push(Digest::parse(content).map_err(|_| unknown())?);
                true
            }
            _ => return Err(unknown()),
        };
        if new { Ok(()) } else { Err(LockProblem::Twice(line.to_owned())) }
    }

    fn finish(self) -> Result<WorkloadLock, LockProblem> {
        let mut replicas: BTreeMap<ReplicaName, ReplicaLock> = BTreeMap::new();
        for (name, node) in self.nodes {
            replicas.insert(name, ReplicaLock { node, ports: BTreeMap::new() });
        }
        for ((name, container, port), host) in self.ports {
            let replica = replicas.get_mut(&name).ok_or(LockProblem::NoNode(name))?;
            replica.ports.insert((container, port), host);
        }
        let mut contents = self.contents;
        let with_contents = |reference: SpecRef| {
            let contents = contents.remove(&reference.number).unwrap_or_default();
            RevisionLock { reference, contents }
        };
        let revisions: Vec<RevisionLock> = self.revisions.into_values().map(with_contents).collect();
        let newest = revisions.last().map_or(0, |newest| newest.reference.number);
        Ok(WorkloadLock {
            kind: self.kind.ok_or(LockProblem::NoKind)?,
            state: if self.tombstone { State::Tombstone } else { State::Live },
            images: self.images,
            immutable: self.immutable,
            replicas,
            revisions,
            highest: self.highest.unwrap_or(0).max(newest),
            pinned: self.pinned,
            base: self.base,
            promoted: self.promoted,
            waves: self.waves,
            left: self.left,
            claims: self.claims,
        })
    }
}

fn kind(word: &str) -> Option<WorkloadKind> {
    use WorkloadKind::{CronJob, DaemonSet, Deployment, Job, StatefulSet};
    [Deployment, StatefulSet, DaemonSet, Job, CronJob].into_iter().find(|kind| kind.word() == word)
}

fn claim_key(replica: &str, claim: &str) -> Option<(ReplicaName, VolumeName)> {
    Some((ReplicaName::parse(replica).ok()?, VolumeName::parse(claim).ok()?))
}

fn claim_lock(words: &[&str]) -> Option<ClaimLock> {
    let [node, size, when_scaled, when_deleted, state, rest @ ..] = words else { return None };
    let before_remove = match rest {
        [] => None,
        [job] => Some(WorkloadName::parse(job).ok()?),
        [..] => return None,
    };
    let word = |word: &str| Scalar::Text(word.to_owned());
    Some(ClaimLock {
        node: NodeName::parse(node).ok()?,
        size: Bytes(size.parse().ok()?),
        when_scaled: Retention::from_scalar(&word(when_scaled)).ok()?,
        when_deleted: Retention::from_scalar(&word(when_deleted)).ok()?,
        state: ClaimState::from_scalar(&word(state)).ok()?,
        before_remove,
    })
}

/// A number that still has one after it.
fn highest(number: &str) -> Option<u32> {
    number.parse().ok().filter(|number| *number < u32::MAX)
}

/// `immutable FIELD = VALUE`: the field is words of the language, and the value what is left of the line.
fn immutable(line: &str) -> Option<(&str, &str)> {
    let (field, value) = line.strip_prefix("immutable ")?.split_once(" = ")?;
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    (field.split(' ').all(is_word) && !value.is_empty()).then_some((field, value))
}

fn image(text: &str) -> Option<ImageLock> {
    match text.strip_prefix("sha256:") {
        Some(hex) => Digest::parse(hex).ok().map(|_| ImageLock::Digest(text.to_owned())),
        None => (text == "unresolved").then_some(ImageLock::Unresolved),
    }
}

fn port_key(name: &str, container: &str, port: &str) -> Option<(ReplicaName, ContainerName, PortName)> {
    Some((ReplicaName::parse(name).ok()?, ContainerName::parse(container).ok()?, PortName::parse(port).ok()?))
}

fn host_ports(host: &[&str]) -> Option<HostPorts> {
    let ports: Result<Vec<u16>, _> = host.iter().map(|port| port.parse()).collect();
    HostPorts::try_from(ports.ok()?).ok()
}

fn spec_ref(number: &str, revision: &str, spec: &str) -> Option<SpecRef> {
    Some(SpecRef {
        number: highest(number)?,
        revision: Revision::parse(revision).ok()?,
        spec: Digest::parse(spec).ok()?,
    })
}
