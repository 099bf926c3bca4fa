//! A small fleet: two nodes, one replica with a config on each, and signers whose keys `wlc keygen` made.

use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use wlagent::{accept::judge, source::directory::Directory};
use wlc::{
    content::Content,
    publish::{
        Ancestry, Anyway, ExpectedHead, PublishError, PublishOptions, Published, Signer, Signers,
        keygen::{MadeKey, make_key},
        list, publish,
    },
};
use wlc_plan::{
    binding::Binding,
    canonical,
    content::{ConfigContent, FileBytes},
    digest::Digest,
    format::Format,
    head::Commit,
    instance::{Instance, SpecRef, WorkloadKind},
    name::{
        AbsolutePath, ConfigName, ContainerName, FileKey, FleetName, NodeName, ReplicaName, SignerName, WorkloadName,
    },
    node_plan::{IpFamily, NodePlan},
    quantity::Millis,
    revision::{Revision, TemplateVersion},
    rollout::{OnFailure, Replacement, Rollout},
    set::{Expectations, LastAccepted, SetFile},
    signature::SecretKey,
    spec::{Access, ConfigMount, ContainerSpec, Image, Mount, MountSource, OnChange, PodSpec, PullPolicy},
    time::Timestamp,
    trust::Trust,
};

pub(crate) use wlagent::accept::Judgement;

pub(crate) const NODES: [&str; 2] = ["n1", "n2"];

/// A folder with the keys of some signers and a place for a plan set.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) keys: BTreeMap<String, MadeKey>,
}

/// What a build is given, with sensible values for a test that does not care.
pub(crate) struct Build<'a> {
    pub(crate) key: Option<&'a str>,
    pub(crate) signers: Signers,
    pub(crate) valid_for: Option<Millis>,
    pub(crate) now: Timestamp,
    pub(crate) commit: Option<Commit>,
    pub(crate) expect_head: ExpectedHead,
    pub(crate) generation_after: Option<u64>,
    pub(crate) anyway: Anyway,
    pub(crate) ancestry: Ancestry,
}

impl World {
    pub(crate) fn new(signers: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let make = |signer: &&str| {
            let made = make_key(&folder.path().join(format!("{signer}.key")), &name(signer)).unwrap();
            ((*signer).to_owned(), made)
        };
        let keys = signers.iter().map(make).collect();
        Self { folder, keys }
    }

    pub(crate) fn plans(&self) -> PathBuf {
        self.folder.path().join("plans")
    }

    pub(crate) fn secret(&self, signer: &str) -> SecretKey {
        SecretKey::parse(&fs::read_to_string(&self.keys[signer].secret_file).unwrap()).unwrap()
    }

    /// The signers of `fleet.kdl`: these of the keys, `threshold` of them needed.
    pub(crate) fn signers(&self, threshold: u32, names: &[&str]) -> Signers {
        let signer = |text: &&str| Signer { name: name(text), key: self.keys[*text].public.clone(), was: None };
        Signers::new(need(threshold), names.iter().map(signer).collect()).unwrap()
    }

    /// The text of a node's trust file.
    pub(crate) fn trust_text(&self, names: &[&str]) -> String {
        names.iter().map(|signer| format!("{}\n", self.keys[*signer].trust_line)).collect()
    }

    pub(crate) fn trust(&self, names: &[&str]) -> Trust {
        Trust::parse(&self.trust_text(names)).unwrap()
    }

    /// A build signed by the first of the keys alone.
    pub(crate) fn build(&self) -> Build<'static> {
        let first = if self.keys.contains_key("ci") { "ci" } else { "old" };
        self.build_with(first)
    }

    /// A build signed by one of the keys alone.
    pub(crate) fn build_with(&self, signer: &'static str) -> Build<'static> {
        Build {
            key: Some(signer),
            signers: self.signers(1, &[signer]),
            valid_for: None,
            now: now(),
            commit: None,
            expect_head: ExpectedHead::Any,
            generation_after: None,
            anyway: Anyway::No,
            ancestry: Ancestry::Ancestor,
        }
    }

    pub(crate) fn publish(&self, text: &str, build: &Build<'_>) -> Result<Published, PublishError> {
        publish_into(&self.plans(), &content(text), self, build)
    }

    /// What the agent of `node` says of the set in `plans`.
    pub(crate) fn judge(&self, node: &str, trust: &Trust, threshold: u32, last: Option<LastAccepted>) -> Judgement {
        self.judge_at(node, trust, threshold, last, now())
    }

    pub(crate) fn judge_at(
        &self,
        node: &str,
        trust: &Trust,
        threshold: u32,
        last: Option<LastAccepted>,
        now: Timestamp,
    ) -> Judgement {
        let directory = Directory::new(&self.plans()).open().unwrap().expect("plans are there");
        let fleet = fleet();
        let expectations = Expectations { fleet: &fleet, trust, threshold: need(threshold), last, now };
        judge(&directory, &self::node(node), &expectations, None)
    }

    /// The set as it lies in `plans`.
    pub(crate) fn files(&self) -> BTreeMap<SetFile, Vec<u8>> {
        read_files(&self.plans())
    }
}

pub(crate) fn publish_into(
    out: &Path,
    content: &Content,
    world: &World,
    build: &Build<'_>,
) -> Result<Published, PublishError> {
    let key = build.key.map(|signer| world.secret(signer));
    let options = PublishOptions {
        out,
        key: key.as_ref(),
        signers: &build.signers,
        valid_for: build.valid_for,
        now: build.now,
        commit: build.commit.clone(),
        expect_head: build.expect_head,
        generation_after: build.generation_after.and_then(wlc_plan::head::Generation::new),
        anyway: build.anyway,
        is_ancestor: &|_| build.ancestry,
    };
    publish(content, &options)
}

pub(crate) fn read_files(plans: &Path) -> BTreeMap<SetFile, Vec<u8>> {
    let read = |path: String| (SetFile::parse(&path).expect("a file of a set"), fs::read(plans.join(&path)).unwrap());
    list(plans).unwrap().into_iter().map(read).collect()
}

pub(crate) fn name(text: &str) -> SignerName {
    SignerName::parse(text).unwrap()
}

pub(crate) fn node(text: &str) -> NodeName {
    NodeName::parse(text).unwrap()
}

pub(crate) fn fleet() -> FleetName {
    FleetName::parse("example").unwrap()
}

pub(crate) fn need(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T03:00:00Z").unwrap()
}

pub(crate) fn days(count: u64) -> Millis {
    Millis::from_seconds(count * 86_400)
}

/// The last accepted set, as the agent remembers it.
pub(crate) fn last_of(judgement: &Judgement) -> Option<LastAccepted> {
    match judgement {
        Judgement::New(set) | Judgement::Same(set) => {
            Some(LastAccepted { generation: set.head.generation, head: set.digest })
        }
        Judgement::NoSet
        | Judgement::Waiting(_)
        | Judgement::NodeNotInSet { .. }
        | Judgement::Refused(_)
        | Judgement::Unreadable { .. } => None,
    }
}

/// The content of a build in which the site says `text`.
pub(crate) fn content(text: &str) -> Content {
    let files = BTreeMap::from([(FileKey::parse("index.html").unwrap(), FileBytes(text.as_bytes().to_vec()))]);
    let config = canonical::encode(&ConfigContent { format: Format::V1, files });
    let spec = spec(Digest::of(&config));
    let spec_bytes = canonical::encode(&spec);
    let plan = |(at, number): (&str, usize)| {
        let plan = NodePlan {
            format: Format::V1,
            fleet: fleet(),
            node: node(at),
            instances: vec![instance(&format!("web-{number}"), &spec)],
            leaving: Vec::new(),
            volumes: Vec::new(),
            standbys: Vec::new(),
            ip_family: IpFamily::Ipv4,
        };
        (node(at), plan)
    };
    Content {
        fleet: fleet(),
        plans: NODES.into_iter().zip(0..).map(plan).collect(),
        specs: BTreeMap::from([(Digest::of(&spec_bytes), spec_bytes)]),
        contents: BTreeMap::from([(Digest::of(&config), config)]),
    }
}

fn spec(config: Digest) -> PodSpec {
    let mount = Mount {
        path: AbsolutePath::parse("/site").unwrap(),
        source: MountSource::Config(ConfigMount {
            config: ConfigName::parse("site").unwrap(),
            mode: 0o444,
            on_change: OnChange::Restart(config),
        }),
        access: Access::ReadOnly,
        view: wlc_plan::spec::View::default(),
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

fn instance(replica: &str, spec: &PodSpec) -> Instance {
    let revision = Revision::of(TemplateVersion::NEWEST, spec);
    Instance {
        replica: ReplicaName::parse(replica).unwrap(),
        workload: WorkloadName::parse("web").unwrap(),
        kind: WorkloadKind::Deployment,
        labels: BTreeMap::new(),
        told: BTreeMap::new(),
        spec: SpecRef { number: 1, revision, spec: Digest::of(&canonical::encode(spec)) },
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
