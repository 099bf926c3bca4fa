//! Every verdict once, over sets in memory that are signed and yet wrong.

mod world;

use std::collections::BTreeSet;

use self::world::{World, digest_of, name, node, time};
use super::*;
use crate::{
    head::{FileRef, Head},
    index::Shard,
    name::ReplicaName,
};

/// The code of the verdict on `world`, read by node `n1`.
fn code(world: &World) -> String {
    match world.read("n1") {
        Ok(_) => "accepted".to_owned(),
        Err(verdict) => {
            assert!(!verdict.to_string().is_empty());
            verdict.code().to_owned()
        }
    }
}

#[test]
fn a_good_set_is_accepted_and_its_files_are_a_set_again() {
    let world = World::new();
    let accepted = world.read("n1").unwrap();
    assert_eq!(accepted.head.generation.number(), 5);
    assert_eq!(accepted.signers, [name("ci"), name("ops")]);
    assert_eq!((accepted.clock, accepted.novelty), (Clock::Plausible, Novelty::New));
    assert_eq!(accepted.content.plan.plan.instances.len(), 1);
    assert_eq!((accepted.content.specs.len(), accepted.content.contents.len()), (1, 1));
    let again = read_node(&accepted.files, &node("n1"), &world.expectations()).unwrap();
    assert_eq!(again.content, accepted.content);
    assert_eq!(again.files, accepted.files);
}

#[test]
fn a_set_that_is_being_copied_is_waited_for() {
    let whole = World::new();
    let mut empty = whole.clone();
    empty.files.clear();
    assert_eq!(code(&empty), "no-set");
    for file in whole.read("n1").unwrap().files.keys() {
        for part in [0, 1, whole.files[file].len() - 1] {
            let mut world = whole.clone();
            world.files.get_mut(file).unwrap().truncate(part);
            assert_eq!(code(&world), "incomplete", "{file} with {part} bytes");
        }
        let mut world = whole.clone();
        world.files.remove(file);
        let expected = if *file == SetFile::Pointer { "no-set" } else { "incomplete" };
        assert_eq!(code(&world), expected, "{file} is absent");
    }
}

#[test]
fn a_longer_or_another_file_is_refused() {
    let whole = World::new();
    for file in whole.read("n1").unwrap().files.keys() {
        let mut world = whole.clone();
        world.files.get_mut(file).unwrap().push(b'\n');
        let expected = match file {
            SetFile::Pointer => "not-canonical",
            SetFile::Head(_) | SetFile::Signature(..) => "pointer-disagrees",
            SetFile::Index(_) | SetFile::Plan(..) | SetFile::Spec(_) => "digest-mismatch",
        };
        assert_eq!(code(&world), expected, "{file}");
    }
    let mut world = whole;
    world.files.insert(SetFile::Pointer, vec![b' '; 1 << 17]);
    assert_eq!(code(&world), "too-large");
}

#[test]
fn heads_that_say_the_wrong_thing_are_refused_though_they_are_signed() {
    type Change = fn(&mut Head);
    let cases: [(Change, &str); 3] = [
        (|head| head.fleet = crate::name::FleetName::parse("other").unwrap(), "another-fleet"),
        (|head| head.generation = Generation::new(6).unwrap(), "pointer-disagrees"),
        (|head| head.valid_until = Some(time("2026-11-22T00:00:00Z")), "expired"),
    ];
    for (change, expected) in cases {
        let mut world = World::new();
        world.change_head(change);
        assert_eq!(code(&world), expected);
    }
    let mut world = World::new();
    let head = String::from_utf8(world.head_bytes()).unwrap();
    world.sign_head(head.replacen("{\"format\":1", "{\"format\":2", 1).into_bytes());
    assert_eq!(code(&world), "unknown-format");
    world.sign_head(head.replacen('{', "{ ", 1).into_bytes());
    assert_eq!(code(&world), "not-canonical");
    world.sign_head(head.replacen("\"commit\"", "\"comet\"", 1).replacen("\"signed_at\"", "\"at\"", 1).into_bytes());
    assert_eq!(code(&world), "malformed");
}

#[test]
fn generations_only_go_up() {
    let mut world = World::new();
    let head = Digest::of(&world.head_bytes());
    let last = |number, head| Some(LastAccepted { generation: Generation::new(number).unwrap(), head });
    for (last, expected) in [
        (last(4, Digest::of(b"")), "accepted"),
        (last(5, head), "accepted"),
        (last(5, Digest::of(b"")), "same-generation-other-bytes"),
        (last(6, head), "older-generation"),
    ] {
        world.last = last;
        assert_eq!(code(&world), expected, "{last:?}");
    }
}

/// Expiry is judged at acceptance only, and not by a clock that is plainly wrong.
#[test]
fn expiry_is_judged_once_and_by_a_plausible_clock() {
    let mut world = World::new();
    world.change_head(|head| head.valid_until = Some(time("2026-12-01T00:00:00Z")));
    world.now = time("2026-12-01T00:00:00Z");
    assert_eq!(code(&world), "accepted");
    world.now = time("2026-12-01T00:00:01Z");
    assert_eq!(code(&world), "expired");
    let head = Digest::of(&world.head_bytes());
    world.last = Some(LastAccepted { generation: Generation::new(5).unwrap(), head });
    assert_eq!(world.read("n1").unwrap().novelty, Novelty::SameAsLast);
    world.now = time("1970-01-01T00:00:00Z");
    world.last = None;
    assert_eq!(world.read("n1").unwrap().clock, Clock::BeforeSigning);
}

#[test]
fn signatures_decide_before_anything_of_the_head_is_read() {
    let mut world = World::new();
    world.unsign("ops");
    assert_eq!(code(&world), "too-few-signers");
    world.threshold = 1;
    assert_eq!(code(&world), "accepted");
    world.put_signature("ops", b"no signature\n".to_vec());
    assert_eq!(code(&world), "bad-signature");
    let mut world = World::new();
    world.put_signature("stranger", b"no signature\n".to_vec());
    assert_eq!(code(&world), "accepted");
    world.files.remove(&SetFile::Signature(Generation::new(5).unwrap(), name("stranger")));
    assert_eq!(code(&world), "accepted", "the file of an unknown signer is not even read");
}

#[test]
fn content_that_says_the_wrong_thing_is_refused_though_it_is_signed() {
    type Change = fn(String) -> String;
    let cases: [(Change, &str); 6] = [
        (|plan| plan.replacen("\"node\":\"n1\"", "\"node\":\"n2\"", 1), "another-node"),
        (|plan| plan.replacen("\"fleet\":\"example\"", "\"fleet\":\"other\"", 1), "another-fleet"),
        (|plan| plan.replacen("\"format\":1", "\"format\":9", 1), "unknown-format"),
        (|plan| plan.replacen(',', ", ", 1), "not-canonical"),
        (|plan| plan.replacen("\"instances\"", "\"instance\"", 1), "malformed"),
        (|plan| plan.replacen("\"workload\":\"web\"", "\"workload\":\"api\"", 1), "plan-invalid"),
    ];
    for (change, expected) in cases {
        let mut world = World::new();
        world.change_plan("n1", change);
        assert_eq!(code(&world), expected);
        let others = world.read("n2");
        assert!(others.is_ok(), "{expected}: {others:?}");
    }
}

#[test]
fn an_instance_that_is_not_understood_is_refused_alone() {
    let add = |text: String| text.replacen("\"kind\":\"deployment\"", "\"kind\":\"deployment\",\"mood\":\"good\"", 1);
    let mut world = World::new();
    world.change_plan("n1", add);
    let plan = world.read("n1").unwrap().content.plan;
    assert_eq!(plan.plan.instances.len(), 0);
    assert_eq!(plan.unreadable[0].replica, ReplicaName::parse("web-1").unwrap());
    assert!(plan.unreadable[0].why.contains("mood"), "{}", plan.unreadable[0].why);
    let mut world = World::new();
    world.change_spec(|text| text.replacen("\"grace\"", "\"hue\":1,\"grace\"", 1));
    let plan = world.read("n1").unwrap().content.plan;
    assert_eq!((plan.plan.instances.len(), plan.unreadable.len()), (0, 1));
    assert!(plan.unreadable[0].why.contains("hue"), "{}", plan.unreadable[0].why);
}

#[test]
fn an_index_out_of_order_is_refused() {
    let mut world = World::new();
    world.change_index(|index| {
        let shard = index.shards[0].clone();
        index.shards.push(shard);
    });
    assert_eq!(code(&world), "index-broken");
    let mut world = World::new();
    world.change_index(|index| index.fleet = crate::name::FleetName::parse("other").unwrap());
    assert_eq!(code(&world), "another-fleet");
    let mut world = World::new();
    world.change_index(|index| index.shards[0].file.size = 1 << 40);
    assert_eq!(code(&world), "too-large");
}

#[test]
fn a_node_that_is_not_in_the_set_is_told_so() {
    let world = World::new();
    for absent in ["a", "n3"] {
        let verdict = world.read(absent).unwrap_err();
        assert_eq!(verdict.code(), "node-not-in-set", "{absent}");
    }
    let mut world = World::new();
    world.change_index(|index| index.shards.clear());
    assert_eq!(code(&world), "node-not-in-set");
}

#[test]
fn a_whole_set_is_read_with_its_orphans_and_problems() {
    let mut world = World::new();
    let listed = |world: &World| world.files.keys().map(ToString::to_string).collect::<Vec<_>>();
    let whole = read_all(&world.files, &listed(&world), &world.expectations()).unwrap();
    assert_eq!(whole.nodes.keys().map(|node| node.as_str()).collect::<Vec<_>>(), ["n1", "n2"]);
    assert_eq!(whole.files, world.files.keys().cloned().collect::<BTreeSet<_>>());
    assert!(whole.orphans.is_empty() && whole.problems.is_empty());
    let orphan = digest_of(&mut world, b"left over");
    let mut paths = listed(&world);
    paths.push("notes.txt".to_owned());
    let whole = read_all(&world.files, &paths, &world.expectations()).unwrap();
    assert_eq!(whole.orphans, [SetFile::Spec(orphan).to_string(), "notes.txt".to_owned()]);
    let plan_of_n2 = world.files.keys().find(|file| matches!(file, SetFile::Plan(of, _) if *of == node("n2"))).cloned();
    world.files.remove(&plan_of_n2.unwrap());
    let whole = read_all(&world.files, &listed(&world), &world.expectations()).unwrap();
    assert_eq!(whole.problems.len(), 1);
    assert_eq!(whole.problems[0].node, Some(node("n2")));
    assert_eq!(whole.problems[0].verdict.code(), "incomplete");
}

#[test]
fn shards_hold_the_nodes_that_the_index_says() {
    let mut world = World::new();
    world.change_index(|index| index.shards[0].first = node("a"));
    let whole = read_all(&world.files, &[], &world.expectations()).unwrap();
    assert_eq!(whole.problems[0].verdict.code(), "index-broken");
    let shard: Shard = crate::canonical::decode(&world.files[&SetFile::Index(world.shard.sha256)]).unwrap();
    assert_eq!(shard.nodes.len(), 2);
    assert_eq!(world.shard, FileRef::of(&world.files[&SetFile::Index(world.shard.sha256)]));
}
