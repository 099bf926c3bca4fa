//! What `publish` and `sign` leave in the folder of a set, and what the agents then say.

use std::{fs, path::Path, process::Command};

use wlc::publish::{
    Ancestry, Anyway, ExpectedHead, Outcome, PublishError, Reason, SignOptions, Signed, Signer, Signers, Standing,
    Warning, list, sign,
};
use wlc_plan::{
    head::{Commit, Generation},
    set::{Expectations, LastAccepted, SetFile, read_all},
};

use crate::world::{Build, Judgement, World, content, days, fleet, last_of, name, need, now, publish_into};

fn generation(number: u64) -> Generation {
    Generation::new(number).unwrap()
}

fn heads(world: &World) -> Vec<String> {
    list(&world.plans()).unwrap().into_iter().filter(|path| path.starts_with("heads/")).collect()
}

fn sign_as(world: &World, signer: &str, signers: &Signers) -> Result<Signed, PublishError> {
    let key = world.secret(signer);
    sign(&SignOptions { out: &world.plans(), key: Some(&key), signers, fleet: &fleet() })
}

/// Asserts that the folder holds one whole set and nothing that belongs to none.
fn assert_whole(world: &World, signers: &Signers) {
    let fleet = fleet();
    let trust = signers.current();
    let expectations = Expectations { fleet: &fleet, trust, threshold: signers.threshold(), last: None, now: now() };
    let folder = wlc::publish::Folder::new(&world.plans());
    let whole = read_all(&folder, &list(&world.plans()).unwrap(), &expectations).unwrap();
    assert!(whole.problems.is_empty(), "{:?}", whole.problems);
    assert!(whole.orphans.is_empty(), "{:?}", whole.orphans);
    assert_eq!(whole.nodes.len(), 2);
}

#[test]
fn numbers_grow_with_the_content_and_old_files_go() {
    let world = World::new(&["ci"]);
    let build = world.build();
    let first = world.publish("one", &build).unwrap();
    assert_eq!((first.generation, first.outcome), (generation(1), Outcome::Written(Reason::First)));
    assert!(first.warnings[0].to_string().contains("--generation-after N"), "{}", first.warnings[0]);
    let again = world.publish("one", &build).unwrap();
    assert_eq!((again.generation, again.outcome, again.written), (generation(1), Outcome::Unchanged, 0));
    assert_eq!(again.warnings, []);
    let old_files = world.files();
    let second = world.publish("two", &build).unwrap();
    assert_eq!((second.generation, second.outcome), (generation(2), Outcome::Written(Reason::Content)));
    assert!(old_files.keys().all(|file| world.files().contains_key(file)), "the set before stays");
    let third = world.publish("three", &build).unwrap();
    assert_eq!(third.standing, Standing::Published);
    assert!(third.removed > 0);
    assert_eq!(heads(&world), ["heads/2.ci.sig", "heads/2.json", "heads/3.ci.sig", "heads/3.json"]);
    assert_whole(&world, &build.signers);
}

/// The same content has the same bytes, whoever builds it and when.
#[test]
fn content_is_a_function_of_the_sources() {
    let (one, two) = (World::new(&["ci"]), World::new(&["ci"]));
    one.publish("one", &one.build()).unwrap();
    let other_build = Build { now: now().plus(days(3)), generation_after: Some(70), ..two.build() };
    two.publish("one", &other_build).unwrap();
    let content_of = |world: &World| {
        let is_content = |file: &SetFile| matches!(file, SetFile::Index(_) | SetFile::Plan(..) | SetFile::Spec(_));
        world.files().into_iter().filter(|(file, _)| is_content(file)).collect::<Vec<_>>()
    };
    assert_eq!(content_of(&one), content_of(&two));
    assert!(two.files().contains_key(&SetFile::Head(generation(71))));
}

#[test]
fn a_second_signer_moves_the_head() {
    let world = World::new(&["ci", "ops", "eve"]);
    let signers = world.signers(2, &["ci", "ops"]);
    let build = Build { signers: signers.clone(), ..world.build() };
    let published = world.publish("one", &build).unwrap();
    assert_eq!(published.standing, Standing::Waiting { have: 1, need: 2 });
    assert!(!world.plans().join("head").exists());
    assert!(matches!(sign_as(&world, "eve", &signers), Err(PublishError::UnknownKey { .. })));
    let signed = sign_as(&world, "ops", &signers).unwrap();
    assert_eq!((signed.signer, signed.standing, signed.nodes), (Some(name("ops")), Standing::Published, 2));
    let trust = world.trust(&["ci", "ops"]);
    assert_eq!(world.judge("n1", &trust, 2, None).code(), "accepted");
    assert_eq!(world.judge("n1", &trust, 3, None).code(), "too-few-signers");
    let second = world.publish("two", &build).unwrap();
    assert_eq!(second.standing, Standing::Waiting { have: 1, need: 2 });
    let Judgement::New(seen) = world.judge("n1", &trust, 2, None) else { panic!("the set before is still whole") };
    assert_eq!(seen.head.generation, generation(1));
    let by_ops = world.publish("two", &Build { key: Some("ops"), ..build }).unwrap();
    assert_eq!((by_ops.generation, by_ops.outcome), (generation(2), Outcome::SignedLast));
    assert_eq!(by_ops.standing, Standing::Published);
    assert_whole(&world, &signers);
}

#[test]
fn a_build_without_a_key_waits_for_signatures_made_elsewhere() {
    let world = World::new(&["ci"]);
    let build = world.build();
    let unsigned = world.publish("one", &Build { key: None, signers: build.signers.clone(), ..world.build() }).unwrap();
    assert_eq!(unsigned.standing, Standing::Waiting { have: 0, need: 1 });
    let again = world.publish("one", &Build { key: None, signers: build.signers.clone(), ..world.build() }).unwrap();
    assert_eq!((again.generation, again.outcome), (generation(1), Outcome::Unchanged));
    let head = world.plans().join("heads/1.json");
    let by_hand = wlc_plan::signature::sign(&world.secret("ci"), &fs::read(&head).unwrap());
    fs::write(world.plans().join("heads/1.ci.sig"), by_hand).unwrap();
    let plans = world.plans();
    let counted = sign(&SignOptions { out: &plans, key: None, signers: &build.signers, fleet: &fleet() }).unwrap();
    assert_eq!((counted.signer, counted.standing), (None, Standing::Published));
    assert_eq!(world.judge("n2", &world.trust(&["ci"]), 1, None).code(), "accepted");
}

#[test]
fn a_damaged_set_is_not_signed_and_the_next_build_mends_it() {
    let world = World::new(&["ci", "ops"]);
    let signers = world.signers(2, &["ci", "ops"]);
    let build = Build { signers: signers.clone(), ..world.build() };
    world.publish("one", &build).unwrap();
    let spec = list(&world.plans()).unwrap().into_iter().find(|path| path.starts_with("specs/")).unwrap();
    let path = world.plans().join(&spec);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, "damaged").unwrap();
    assert!(matches!(sign_as(&world, "ops", &signers), Err(PublishError::SetBroken { .. })));
    let mended = world.publish("one", &build).unwrap();
    assert_eq!((mended.outcome, mended.written), (Outcome::Unchanged, 1));
    assert_eq!(fs::read(&path).unwrap(), whole);
    assert_eq!(sign_as(&world, "ops", &signers).unwrap().standing, Standing::Published);
    fs::remove_file(world.plans().join("head")).unwrap();
    assert_eq!(world.publish("one", &build).unwrap().standing, Standing::Published, "a lost pointer comes back");
}

/// Nodes' trust first, `fleet.kdl` second.
#[test]
fn keys_are_rotated_with_was() {
    let world = World::new(&["old", "new"]);
    let (old, new) = (&world.keys["old"], &world.keys["new"]);
    let signer = |key, was| Signer { name: name("ci"), key, was };
    let before = Signers::new(need(1), vec![signer(old.public.clone(), None)]).unwrap();
    let during = Signers::new(need(1), vec![signer(new.public.clone(), Some(old.public.clone()))]).unwrap();
    let after = Signers::new(need(1), vec![signer(new.public.clone(), None)]).unwrap();
    let trust_line = |key: &str| world.keys[key].trust_line.replacen(key, "ci", 1) + "\n";
    let both = wlc_plan::trust::Trust::parse(&[trust_line("old"), trust_line("new")].concat()).unwrap();
    world.publish("one", &Build { key: Some("old"), signers: before, ..world.build() }).unwrap();
    let first = world.judge("n1", &both, 1, None);
    assert_eq!(first.code(), "accepted");
    let refused = world.publish("one", &Build { key: Some("new"), signers: after.clone(), ..world.build() });
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("`was` names the old one"), "{error}");
    let refused = world.publish("one", &Build { key: Some("old"), signers: during.clone(), ..world.build() });
    assert!(matches!(refused, Err(PublishError::FormerKey { .. })));
    let rotated = world.publish("one", &Build { key: Some("new"), signers: during.clone(), ..world.build() }).unwrap();
    assert_eq!((rotated.generation, rotated.outcome), (generation(2), Outcome::Written(Reason::Signers)));
    assert_eq!(world.judge("n1", &both, 1, last_of(&first)).code(), "accepted");
    let new_only = wlc_plan::trust::Trust::parse(&trust_line("new")).unwrap();
    assert_eq!(world.judge("n1", &new_only, 1, last_of(&first)).code(), "accepted");
    let old_only = wlc_plan::trust::Trust::parse(&trust_line("old")).unwrap();
    assert_eq!(world.judge("n1", &old_only, 1, last_of(&first)).code(), "bad-signature");
    for signers in [during, after] {
        let same = world.publish("one", &Build { key: Some("new"), signers, ..world.build() }).unwrap();
        assert_eq!((same.generation, same.outcome), (generation(2), Outcome::Unchanged));
    }
}

#[test]
fn a_head_near_its_expiry_is_renewed_and_an_expired_one_is_not_accepted() {
    let world = World::new(&["ci"]);
    let trust = world.trust(&["ci"]);
    let at = |day| Build { valid_for: Some(days(30)), now: now().plus(days(day)), ..world.build() };
    world.publish("one", &at(0)).unwrap();
    assert_eq!(world.publish("one", &at(15)).unwrap().outcome, Outcome::Unchanged);
    let judge = |day, last| world.judge_at("n1", &trust, 1, last, now().plus(days(day)));
    let accepted = judge(30, None);
    assert_eq!(accepted.code(), "accepted");
    assert_eq!(judge(31, None).code(), "expired");
    assert_eq!(judge(31, last_of(&accepted)).code(), "accepted", "what was accepted is not judged again");
    let renewed = world.publish("one", &at(16)).unwrap();
    assert_eq!((renewed.generation, renewed.outcome), (generation(2), Outcome::Written(Reason::Freshness)));
    assert_eq!(judge(31, last_of(&accepted)).code(), "accepted");
}

#[test]
fn a_lost_folder_is_numbered_on_by_word_and_nodes_refuse_it_without() {
    let world = World::new(&["ci"]);
    let trust = world.trust(&["ci"]);
    for text in ["one", "two", "three"] {
        world.publish(text, &world.build()).unwrap();
    }
    let last = last_of(&world.judge("n1", &trust, 1, None));
    fs::remove_dir_all(world.plans()).unwrap();
    let warnings = world.publish("four", &world.build()).unwrap().warnings;
    assert!(matches!(warnings[..], [Warning::FirstGeneration { .. }]));
    assert_eq!(world.judge("n1", &trust, 1, last).code(), "older-generation");
    fs::remove_dir_all(world.plans()).unwrap();
    let numbered = world.publish("four", &Build { generation_after: Some(3), ..world.build() }).unwrap();
    assert_eq!((numbered.generation, numbered.warnings), (generation(4), Vec::new()));
    assert_eq!(world.judge("n1", &trust, 1, last).code(), "accepted");
}

#[test]
fn replays_and_forks_are_refused() {
    let (world, fork) = (World::new(&["ci"]), World::new(&["other"]));
    let trust = world.trust(&["ci"]);
    world.publish("one", &world.build()).unwrap();
    let old = fs::read(world.plans().join("head")).unwrap();
    world.publish("two", &world.build()).unwrap();
    let last = last_of(&world.judge("n1", &trust, 1, None));
    fs::write(world.plans().join("head"), old).unwrap();
    assert_eq!(world.judge("n1", &trust, 1, last).code(), "older-generation");
    let ci = world.secret("ci");
    let key = Signer { name: name("ci"), key: ci.public(), was: None };
    let signers = Signers::new(need(1), vec![key]).unwrap();
    fs::copy(&world.keys["ci"].secret_file, &fork.keys["other"].secret_file).unwrap();
    let build = Build { key: Some("other"), signers, generation_after: Some(1), ..fork.build_with("other") };
    publish_into(&fork.plans(), &content("three"), &fork, &build).unwrap();
    assert_eq!(fork.judge("n1", &trust, 1, last).code(), "same-generation-other-bytes");
    let other_head = Some(LastAccepted { head: wlc_plan::digest::Digest::of(b""), ..last.unwrap() });
    assert_eq!(fork.judge("n1", &trust, 1, other_head).code(), "same-generation-other-bytes");
}

#[test]
fn a_build_that_comes_too_late_fails_by_name() {
    let world = World::new(&["ci"]);
    let commit = |digit: char| Commit::parse(&digit.to_string().repeat(40));
    let at = |digit, ancestry| Build { commit: commit(digit), ancestry, ..world.build() };
    world.publish("one", &at('a', Ancestry::Ancestor)).unwrap();
    let expect =
        |number| Build { expect_head: ExpectedHead::Generation(generation(number)), ..at('b', Ancestry::Ancestor) };
    world.publish("two", &expect(1)).unwrap();
    let before = world.files();
    let late = world.publish("three", &expect(1)).unwrap_err();
    assert_eq!(late.to_string(), "this build expects generation 1 as the last head, and found generation 2");
    let older = world.publish("one", &at('a', Ancestry::NotAncestor)).unwrap_err();
    assert!(matches!(older, PublishError::NotAncestor { .. }), "{older}");
    assert_eq!(world.files(), before, "nothing was touched");
    let anyway = Build { anyway: Anyway::Yes, ..at('a', Ancestry::NotAncestor) };
    assert_eq!(world.publish("one", &anyway).unwrap().generation, generation(3));
}

#[test]
fn a_last_head_that_does_not_verify_is_not_built_upon() {
    let world = World::new(&["ci", "eve"]);
    world.publish("one", &world.build()).unwrap();
    let head = world.plans().join("heads/1.json");
    let forged = fs::read_to_string(&head).unwrap().replace("\"generation\":1", "\"generation\":9");
    fs::write(world.plans().join("heads/9.json"), &forged).unwrap();
    let by_eve = wlc_plan::signature::sign(&world.secret("eve"), forged.as_bytes());
    fs::write(world.plans().join("heads/9.ci.sig"), by_eve).unwrap();
    let error = world.publish("two", &world.build()).unwrap_err();
    assert!(matches!(error, PublishError::LastHead { .. }), "{error}");
    let anyway = world.publish("two", &Build { anyway: Anyway::Yes, ..world.build() }).unwrap();
    assert_eq!(anyway.generation, generation(10));
    assert!(matches!(anyway.warnings[..], [Warning::LastHeadPassedOver(_)]));
    assert_eq!(world.judge("n1", &world.trust(&["ci"]), 1, None).code(), "accepted");
}

#[test]
fn what_an_interrupted_build_left_is_cleared_and_strangers_files_stay() {
    let world = World::new(&["ci"]);
    world.publish("one", &world.build()).unwrap();
    let half = world.plans().join("specs/.abc.json.wlc-new");
    fs::write(&half, "half").unwrap();
    fs::write(world.plans().join("README"), "of the branch").unwrap();
    for text in ["two", "three", "four"] {
        world.publish(text, &world.build()).unwrap();
    }
    assert!(!half.exists());
    assert!(world.plans().join("README").exists());
}

/// A file system that is full, made of a small tmpfs.
#[test]
fn a_full_disk_leaves_the_old_set_whole() {
    let world = World::new(&["ci"]);
    fs::create_dir(world.plans()).unwrap();
    let plans = world.plans();
    let Some(mounted) = SmallDisk::mount(&plans) else {
        eprintln!("SKIPPED: a tmpfs cannot be mounted here, so no disk can be filled");
        return;
    };
    world.publish("one", &world.build()).unwrap();
    let before = world.files();
    let fill = fs::write(world.plans().join(".fill"), vec![0; 1 << 20]);
    assert!(fill.is_err(), "the disk is full");
    let error = world.publish("two", &world.build()).unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    assert_eq!(world.judge("n1", &world.trust(&["ci"]), 1, None).code(), "accepted");
    assert!(before.iter().all(|(file, bytes)| world.files().get(file) == Some(bytes)));
    fs::remove_file(world.plans().join(".fill")).unwrap();
    assert_eq!(world.publish("two", &world.build()).unwrap().generation, generation(2));
    drop(mounted);
}

struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(at).status();
        status.is_ok_and(|status| status.success()).then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let status = Command::new("umount").arg("-l").arg(self.0).status();
        assert!(status.is_ok_and(|status| status.success()), "the small disk is taken away again");
    }
}
