//! The last accepted set on the agent's disk: read back whole, or named as torn.

use std::{collections::BTreeSet, fs, sync::Arc};

use wlagent::{
    accepted::{AcceptedFolder, Loaded},
    clock,
    disk::MachineDisk,
    plans::Plans,
    settings::Settings,
    source::DirectorySource,
};
use wlc_plan::{
    digest::Digest,
    set::{Accepted, Expectations, LastAccepted, SetFile, read_node},
};

use crate::world::{Judgement, World, fleet, need, node, now};

struct Agent {
    world: World,
    state: tempfile::TempDir,
}

impl Agent {
    fn new() -> Self {
        Self { world: World::new(&["ci"]), state: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> AcceptedFolder {
        AcceptedFolder::below(Arc::new(MachineDisk), self.state.path())
    }

    /// Publishes a set, accepts it and keeps it.
    fn accept(&self, text: &str, keep: &BTreeSet<Digest>) -> Box<Accepted> {
        self.world.publish(text, &self.world.build()).unwrap();
        let last = self.load().last;
        let Judgement::New(set) = self.world.judge("n1", &self.world.trust(&["ci"]), 1, last) else {
            panic!("the set is accepted");
        };
        self.folder().save(&node("n1"), &set, now(), keep).unwrap();
        set
    }

    fn load(&self) -> Loaded {
        self.folder().load(&fleet(), &node("n1")).unwrap()
    }
}

fn digests(set: &Accepted) -> BTreeSet<Digest> {
    set.content.specs.keys().chain(set.content.contents.keys()).copied().collect()
}

#[test]
fn what_was_accepted_is_read_back() {
    let agent = Agent::new();
    let empty = agent.load();
    assert!(empty.last.is_none() && empty.set.is_none() && empty.torn.is_empty());
    let accepted = agent.accept("one", &BTreeSet::new());
    let loaded = agent.load();
    let last = LastAccepted { generation: accepted.head.generation, head: accepted.digest };
    assert_eq!((loaded.last, loaded.torn), (Some(last), Vec::new()));
    let set = loaded.set.unwrap();
    assert_eq!((set.content, set.head, set.accepted_at), (accepted.content, accepted.head, now()));
    let again = agent.world.judge("n1", &agent.world.trust(&["ci"]), 1, loaded.last);
    assert!(matches!(again, Judgement::Same(_)));
}

/// The folder is a set for its node, so that anyone can verify it with the usual tools.
#[test]
fn the_folder_is_a_set_itself() {
    let agent = Agent::new();
    let accepted = agent.accept("one", &BTreeSet::new());
    let reader = wlagent::source::directory::Directory::new(agent.folder().path()).open().unwrap().unwrap();
    let (fleet, trust) = (fleet(), agent.world.trust(&["ci"]));
    let expectations = Expectations { fleet: &fleet, trust: &trust, threshold: need(1), last: None, now: now() };
    assert_eq!(read_node(&reader, &node("n1"), &expectations).unwrap().content, accepted.content);
}

#[test]
fn specs_of_older_revisions_stay_while_they_are_needed() {
    let agent = Agent::new();
    let first = agent.accept("one", &BTreeSet::new());
    let needed = digests(&first);
    agent.accept("two", &needed);
    let third = agent.accept("three", &needed);
    let loaded = agent.load();
    assert_eq!((&loaded.older_specs, &loaded.older_contents), (&first.content.specs, &first.content.contents));
    assert_eq!(loaded.set.unwrap().content, third.content);
    agent.folder().forget_older(&BTreeSet::new()).unwrap();
    let loaded = agent.load();
    assert!(loaded.older_specs.is_empty() && loaded.older_contents.is_empty());
    assert_eq!(loaded.set.unwrap().content, third.content);
}

/// Each file of the kept set in turn: emptied, cut, changed, removed.
#[test]
fn torn_files_are_named_and_never_trusted() {
    type Tear = fn(Vec<u8>) -> Option<Vec<u8>>;
    let tears: [Tear; 4] = [
        |_| Some(Vec::new()),
        |bytes| Some(bytes[..bytes.len() / 2].to_vec()),
        |mut bytes| {
            bytes[10] ^= 1;
            Some(bytes)
        },
        |_| None,
    ];
    let agent = Agent::new();
    let accepted = agent.accept("one", &BTreeSet::new());
    let whole = agent.load().set.unwrap();
    let paths = accepted.files.keys().filter(|file| **file != SetFile::Pointer).map(ToString::to_string);
    for path in paths.chain(["record.json".to_owned()]) {
        let file = agent.folder().path().join(&path);
        let bytes = fs::read(&file).unwrap();
        for tear in tears {
            match tear(bytes.clone()) {
                Some(torn) => fs::write(&file, torn).unwrap(),
                None => fs::remove_file(&file).unwrap(),
            }
            let loaded = agent.load();
            let is_lost_record = path == "record.json" && !file.exists();
            assert_eq!(loaded.torn.iter().any(|torn| torn.path == path), !is_lost_record, "{path}: {:?}", loaded.torn);
            assert_eq!(loaded.last.is_some(), path != "record.json", "{path}");
            if let Some(set) = loaded.set {
                let plan = &set.content.plan;
                let is_whole = set == whole;
                let is_set_aside = plan.plan.instances.is_empty() && plan.unreadable.len() == 1;
                let is_signature_or_index = path.starts_with("heads/") || path.starts_with("index/");
                assert!(is_set_aside || (is_whole && is_signature_or_index), "{path}");
            }
        }
        fs::write(&file, &bytes).unwrap();
        assert_eq!(agent.load().set.unwrap(), whole, "{path} is whole again");
    }
}

#[test]
fn the_set_of_another_node_is_not_taken() {
    let agent = Agent::new();
    agent.accept("one", &BTreeSet::new());
    let loaded = agent.folder().load(&fleet(), &node("n2")).unwrap();
    assert!(loaded.last.is_none() && loaded.set.is_none());
    assert!(loaded.torn[0].to_string().contains("node `n1` of the fleet `example`"), "{}", loaded.torn[0]);
}

/// A crash between two files of a new set leaves the old one whole: the record is replaced last.
#[test]
fn a_crash_while_a_set_is_kept_leaves_the_old_one() {
    let agent = Agent::new();
    agent.accept("one", &BTreeSet::new());
    let record = agent.folder().path().join("record.json");
    let old_record = fs::read(&record).unwrap();
    let old = agent.load().set.unwrap();
    let kept = digests_of(&old);
    agent.accept("two", &kept);
    // As if the crash had come before the record: the files of both sets are there, with the old record.
    agent.world.files().iter().for_each(|(file, bytes)| {
        let path = agent.folder().path().join(file.to_string());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    });
    fs::write(&record, old_record).unwrap();
    fs::write(agent.folder().path().join("specs/.half.wlc-new"), "half").unwrap();
    let loaded = agent.load();
    assert_eq!((loaded.set, loaded.torn), (Some(old), Vec::new()));
    agent.folder().forget_older(&BTreeSet::new()).unwrap();
    assert!(!agent.folder().path().join("specs/.half.wlc-new").exists());
}

fn digests_of(set: &wlagent::accepted::KeptSet) -> BTreeSet<Digest> {
    set.content.specs.keys().chain(set.content.contents.keys()).copied().collect()
}

/// A full disk is such a case.
#[test]
fn a_set_that_cannot_be_kept_is_told_and_not_carried_out() {
    let agent = Agent::new();
    let folder = agent.world.folder.path().to_owned();
    fs::write(folder.join("trust"), agent.world.trust_text(&["ci"])).unwrap();
    let settings = Arc::new(Settings {
        node: node("n1"),
        fleet: fleet(),
        source: agent.world.plans(),
        signers: need(1),
        trust: folder.join("trust"),
        secrets: folder.join("secrets"),
        auth_file: folder.join("auth.json"),
        podman: folder.join("podman.sock"),
        state: agent.state.path().to_owned(),
        listen: folder.join("agent.sock"),
        http: None,
    });
    let mut plans =
        Plans::load(&settings, Arc::new(MachineDisk), Arc::new(DirectorySource::new(&settings)), Arc::default())
            .unwrap();
    agent.world.publish("one", &agent.world.build()).unwrap();
    assert!(plans.look(None, clock::now()));
    assert_eq!(plans.not_taken(), None);
    agent.world.publish("two", &agent.world.build()).unwrap();
    let heads = settings.fleet_state().join("accepted/heads");
    fs::rename(&heads, heads.with_extension("away")).unwrap();
    fs::write(&heads, "in the way").unwrap();
    assert!(!plans.look(None, clock::now()));
    let told = plans.not_taken().unwrap();
    assert_eq!((told.code.as_str(), told.is_refusal), ("not-kept", true));
    assert_eq!(plans.generation().map(|generation| generation.number()), Some(1));
    fs::remove_file(&heads).unwrap();
    assert!(plans.look(None, clock::now()));
    assert_eq!(plans.not_taken(), None);
}
