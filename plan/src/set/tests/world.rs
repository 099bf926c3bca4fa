//! A small set in memory, and ways to make it wrong while its digests and signatures stay right.

use std::{collections::BTreeMap, num::NonZeroU32};

use ssh_key::{PrivateKey, private::Ed25519Keypair};

use crate::{
    binding::Binding,
    canonical,
    content::{ConfigContent, FileBytes},
    digest::Digest,
    format::Format,
    head::{FileRef, Generation, Head, HeadPointer, SignatureRef},
    index::{Index, NodeFiles, Shard, ShardRef},
    instance::{Instance, SpecRef, WorkloadKind},
    name::{ConfigName, ContainerName, FileKey, FleetName, NodeName, ReplicaName, SignerName, WorkloadName},
    node_plan::{IpFamily, NodePlan},
    quantity::Millis,
    revision::{Revision, TemplateVersion},
    rollout::{OnFailure, Replacement, Rollout},
    set::{Accepted, Expectations, LastAccepted, SetFile, Verdict, read_node},
    signature::{SecretKey, sign},
    spec::*,
    time::Timestamp,
    trust::Trust,
};

#[derive(Clone)]
pub(super) struct World {
    pub(super) files: BTreeMap<SetFile, Vec<u8>>,
    pub(super) shard: FileRef,
    pub(super) last: Option<LastAccepted>,
    pub(super) now: Timestamp,
    pub(super) threshold: u32,
    fleet: FleetName,
    trust: Trust,
    head: Head,
    index: Index,
    nodes: BTreeMap<NodeName, NodeFiles>,
}

pub(super) fn name(text: &str) -> SignerName {
    SignerName::parse(text).unwrap()
}

pub(super) fn node(text: &str) -> NodeName {
    NodeName::parse(text).unwrap()
}

pub(super) fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Adds a file of these bytes that nothing names.
pub(super) fn digest_of(world: &mut World, bytes: &[u8]) -> Digest {
    let digest = Digest::of(bytes);
    world.files.insert(SetFile::Spec(digest), bytes.to_vec());
    digest
}

const SIGNERS: [(&str, u8); 2] = [("ci", 1), ("ops", 2)];

fn key(seed: u8) -> SecretKey {
    SecretKey::new(PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))).unwrap()
}

impl World {
    /// Fleet `example`, nodes `n1` and `n2`, one instance with a config on each; signed by `ci` and `ops`.
    pub(super) fn new() -> Self {
        let fleet = FleetName::parse("example").unwrap();
        let trust = Trust::of(SIGNERS.map(|(signer, seed)| (name(signer), key(seed).public()))).unwrap();
        let head = Head {
            format: Format::V1,
            fleet: fleet.clone(),
            generation: Generation::new(5).unwrap(),
            index: FileRef::of(b""),
            commit: None,
            signed_at: time("2026-11-20T00:00:00Z"),
            valid_until: None,
        };
        let index = Index { format: Format::V1, fleet: fleet.clone(), shards: Vec::new() };
        let now = time("2026-11-23T00:00:00Z");
        let mut world = Self {
            files: BTreeMap::new(),
            shard: FileRef::of(b""),
            last: None,
            now,
            threshold: 2,
            fleet,
            trust,
            head,
            index,
            nodes: BTreeMap::new(),
        };
        let content = canonical::encode(&content());
        let spec = spec(Digest::of(&content));
        for (at, replica) in [("n1", "web-1"), ("n2", "web-2")] {
            world.add_node(&node(at), replica, &spec, &content);
        }
        world.seal_index();
        world
    }

    pub(super) fn expectations(&self) -> Expectations<'_> {
        let threshold = NonZeroU32::new(self.threshold).unwrap();
        Expectations { fleet: &self.fleet, trust: &self.trust, threshold, last: self.last, now: self.now }
    }

    pub(super) fn read(&self, at: &str) -> Result<Accepted, Verdict> {
        read_node(&self.files, &node(at), &self.expectations())
    }

    pub(super) fn head_bytes(&self) -> Vec<u8> {
        self.files[&SetFile::Head(Generation::new(5).unwrap())].clone()
    }

    pub(super) fn change_head(&mut self, change: impl FnOnce(&mut Head)) {
        change(&mut self.head);
        self.sign_head(canonical::encode(&self.head));
    }

    pub(super) fn change_index(&mut self, change: impl FnOnce(&mut Index)) {
        change(&mut self.index);
        self.seal_head();
    }

    pub(super) fn change_plan(&mut self, at: &str, change: impl FnOnce(String) -> String) {
        let at = node(at);
        let old = SetFile::Plan(at.clone(), self.nodes[&at].plan.sha256);
        let text = String::from_utf8(self.files.remove(&old).unwrap()).unwrap();
        let bytes = change(text).into_bytes();
        self.nodes.get_mut(&at).unwrap().plan = FileRef::of(&bytes);
        self.files.insert(SetFile::Plan(at, Digest::of(&bytes)), bytes);
        self.seal_index();
    }

    /// Changes the spec's file and the name of its digest in the plan of `n1`.
    pub(super) fn change_spec(&mut self, change: impl FnOnce(String) -> String) {
        let old = self.nodes[&node("n1")].specs[0].sha256;
        let text = String::from_utf8(self.files[&SetFile::Spec(old)].clone()).unwrap();
        let bytes = change(text).into_bytes();
        let new = Digest::of(&bytes);
        self.nodes.get_mut(&node("n1")).unwrap().specs = vec![FileRef::of(&bytes)];
        self.files.insert(SetFile::Spec(new), bytes);
        self.change_plan("n1", |plan| plan.replace(&format!("\"spec\":\"{old}\""), &format!("\"spec\":\"{new}\"")));
    }

    pub(super) fn sign_head(&mut self, bytes: Vec<u8>) {
        let generation = Generation::new(5).unwrap();
        for (signer, seed) in SIGNERS {
            let signature = sign(&key(seed), &bytes).into_bytes();
            self.files.insert(SetFile::Signature(generation, name(signer)), signature);
        }
        self.files.insert(SetFile::Head(generation), bytes);
        self.point();
    }

    pub(super) fn unsign(&mut self, signer: &str) {
        self.files.remove(&SetFile::Signature(Generation::new(5).unwrap(), name(signer)));
        self.point();
    }

    pub(super) fn put_signature(&mut self, signer: &str, bytes: Vec<u8>) {
        self.files.insert(SetFile::Signature(Generation::new(5).unwrap(), name(signer)), bytes);
        self.point();
    }

    fn add_node(&mut self, at: &NodeName, replica: &str, spec: &PodSpec, content: &[u8]) {
        let spec_bytes = canonical::encode(spec);
        let plan = NodePlan {
            format: Format::V1,
            fleet: self.fleet.clone(),
            node: at.clone(),
            instances: vec![instance(replica, spec, Digest::of(&spec_bytes))],
            leaving: Vec::new(),
            volumes: Vec::new(),
            standbys: Vec::new(),
            ip_family: IpFamily::Ipv4,
        }
        .encode();
        let specs = vec![FileRef::of(&spec_bytes)];
        let files = NodeFiles { plan: FileRef::of(&plan), specs, contents: vec![FileRef::of(content)] };
        self.nodes.insert(at.clone(), files);
        self.files.insert(SetFile::Plan(at.clone(), Digest::of(&plan)), plan);
        self.files.insert(SetFile::Spec(Digest::of(&spec_bytes)), spec_bytes);
        self.files.insert(SetFile::Spec(Digest::of(content)), content.to_vec());
    }

    fn seal_index(&mut self) {
        let shard = canonical::encode(&Shard { format: Format::V1, nodes: self.nodes.clone() });
        self.files.remove(&SetFile::Index(self.shard.sha256));
        self.shard = FileRef::of(&shard);
        self.files.insert(SetFile::Index(self.shard.sha256), shard);
        self.index.shards = vec![ShardRef { first: node("n1"), file: self.shard }];
        self.seal_head();
    }

    fn seal_head(&mut self) {
        self.files.remove(&SetFile::Index(self.head.index.sha256));
        let index = canonical::encode(&self.index);
        self.head.index = FileRef::of(&index);
        self.files.insert(SetFile::Index(self.head.index.sha256), index);
        self.sign_head(canonical::encode(&self.head));
    }

    fn point(&mut self) {
        let generation = Generation::new(5).unwrap();
        let reference = |(file, bytes): (&SetFile, &Vec<u8>)| match file {
            SetFile::Signature(_, signer) => Some(SignatureRef { signer: signer.clone(), file: FileRef::of(bytes) }),
            SetFile::Pointer | SetFile::Head(_) | SetFile::Index(_) | SetFile::Plan(..) | SetFile::Spec(_) => None,
        };
        let signatures = self.files.iter().filter_map(reference).collect();
        let head = FileRef::of(&self.head_bytes());
        let pointer = HeadPointer { format: Format::V1, generation, head, signatures };
        self.files.insert(SetFile::Pointer, canonical::encode(&pointer));
    }
}

fn content() -> ConfigContent {
    let files = BTreeMap::from([(FileKey::parse("index.html").unwrap(), FileBytes(b"<p>hello".to_vec()))]);
    ConfigContent { format: Format::V1, files }
}

fn spec(content: Digest) -> PodSpec {
    let config =
        ConfigMount { config: ConfigName::parse("site").unwrap(), mode: 0o444, on_change: OnChange::Restart(content) };
    let mount = Mount {
        path: crate::name::AbsolutePath::parse("/site").unwrap(),
        source: MountSource::Config(config),
        access: Access::ReadOnly,
        view: crate::spec::View::default(),
    };
    let container = ContainerSpec {
        command: vec!["sleep".to_owned(), "inf".to_owned()],
        mounts: vec![mount],
        ..ContainerSpec::new(
            ContainerName::parse("main").unwrap(),
            Image { name: "localhost/busybox:1".to_owned(), digest: None, pull: PullPolicy::IfNotPresent },
        )
    };
    PodSpec::new(vec![container])
}

fn instance(replica: &str, spec: &PodSpec, digest: Digest) -> Instance {
    Instance {
        replica: ReplicaName::parse(replica).unwrap(),
        workload: WorkloadName::parse("web").unwrap(),
        kind: WorkloadKind::Deployment,
        labels: BTreeMap::new(),
        told: BTreeMap::new(),
        spec: SpecRef { number: 1, revision: Revision::of(TemplateVersion::NEWEST, spec), spec: digest },
        older: Vec::new(),
        contents: Vec::new(),
        sources: Vec::new(),
        leans_on: Vec::new(),
        flap_limit: None,
        binding: Binding::default(),
        rollout: Rollout {
            replacement: Replacement::StopFirst,
            min_ready: Millis(0),
            progress_deadline: Millis::from_seconds(600),
            on_failure: OnFailure::Stop,
        },
        gates: Vec::new(),
        work: None,
    }
}
