//! Whether a new generation is written, for every state of the last head.

use std::num::NonZeroU32;

use ssh_key::{PrivateKey, private::Ed25519Keypair};
use wlc_plan::{head::FileRef, name::FleetName, trust::Trust};

use super::{
    last::{KeyAge, PublishedBefore},
    *,
};

fn key(seed: u8) -> SecretKey {
    SecretKey::new(PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))).unwrap()
}

fn name(text: &str) -> SignerName {
    SignerName::parse(text).unwrap()
}

fn signers(threshold: u32) -> Signers {
    let signer = |text, seed| Signer { name: name(text), key: key(seed).public(), was: None };
    Signers::new(NonZeroU32::new(threshold).unwrap(), vec![signer("ci", 1), signer("ops", 2)]).unwrap()
}

fn time(days: u64) -> Timestamp {
    Timestamp::parse("2026-11-01T00:00:00Z").unwrap().plus(Millis::from_seconds(days * 86_400))
}

fn commit(digit: char) -> Commit {
    Commit::parse(&digit.to_string().repeat(40)).unwrap()
}

fn days(count: u64) -> Option<Millis> {
    Some(Millis::from_seconds(count * 86_400))
}

fn generation(number: u64) -> Generation {
    Generation::new(number).unwrap()
}

/// Generation 7 of the content `old`, published on day 0 from the commit `aaa…` and signed by `ci`.
fn last() -> LastHead {
    let head = Head {
        format: Format::V1,
        fleet: FleetName::parse("example").unwrap(),
        generation: generation(7),
        index: FileRef::of(b"old"),
        commit: Some(commit('a')),
        signed_at: time(0),
        valid_until: Some(time(30)),
    };
    let signed = [(name("ci"), KeyAge::Current)].into();
    LastHead { head, bytes: Vec::new(), before: PublishedBefore::Yes, signed }
}

struct Case {
    last: Option<LastHead>,
    content: &'static [u8],
    signers: Signers,
    signer: &'static str,
    change: fn(&mut PublishOptions<'_>),
}

fn case() -> Case {
    Case { last: Some(last()), content: b"old", signers: signers(1), signer: "ci", change: |_| {} }
}

fn run(case: Case) -> Result<Decision, String> {
    let mut options = PublishOptions {
        out: Path::new("plans"),
        key: None,
        signers: &case.signers,
        valid_for: days(30),
        now: time(1),
        commit: Some(commit('b')),
        expect_head: ExpectedHead::Any,
        generation_after: None,
        anyway: Anyway::No,
        is_ancestor: &|_| Ancestry::Ancestor,
    };
    (case.change)(&mut options);
    let fleet = FleetName::parse("example").unwrap();
    let signer = name(case.signer);
    let index = FileRef::of(case.content);
    let wanted = Wanted { fleet: &fleet, index, signer: Some(&signer), options: &options };
    let last = Last { newest: case.last.as_ref().map(|last| last.head.generation), head: case.last };
    decide(&last, &wanted).map_err(|error| error.to_string())
}

#[test]
fn the_same_content_keeps_its_number() {
    assert_eq!(run(case()), Ok(Decision::Keep(generation(7))));
    assert_eq!(run(Case { signer: "ops", ..case() }), Ok(Decision::Keep(generation(7))));
}

#[test]
fn another_content_gets_the_next_number() {
    let write = |number, reason| Ok(Decision::Write(generation(number), reason));
    assert_eq!(run(Case { content: b"new", ..case() }), write(8, Reason::Content));
    assert_eq!(run(Case { last: None, ..case() }), write(1, Reason::First));
    let change: fn(&mut PublishOptions<'_>) = |options| options.generation_after = Generation::new(41);
    assert_eq!(run(Case { last: None, change, ..case() }), write(42, Reason::First));
    assert_eq!(run(Case { content: b"new", change, ..case() }), write(42, Reason::Content));
    let change: fn(&mut PublishOptions<'_>) = |options| options.generation_after = Generation::new(3);
    assert_eq!(run(Case { content: b"new", change, ..case() }), write(8, Reason::Content));
}

#[test]
fn a_head_is_renewed_when_half_of_its_time_is_over() {
    let at = |change| run(Case { change, ..case() });
    let renewed = Ok(Decision::Write(generation(8), Reason::Freshness));
    assert_eq!(at(|options| options.now = time(15)), Ok(Decision::Keep(generation(7))));
    assert_eq!(at(|options| options.now = time(16)), renewed);
    assert_eq!(at(|options| options.valid_for = days(59)), renewed);
    assert_eq!(at(|options| options.valid_for = days(10)), Ok(Decision::Keep(generation(7))));
    assert_eq!(at(|options| options.valid_for = None), renewed);
}

#[test]
fn other_signers_get_a_new_number() {
    let mut former = last();
    former.signed.insert(name("ci"), KeyAge::Former);
    let renewed = Ok(Decision::Write(generation(8), Reason::Signers));
    assert_eq!(run(Case { last: Some(former), ..case() }), renewed);
    assert_eq!(run(Case { signers: signers(2), ..case() }), renewed);
}

#[test]
fn a_head_that_waits_gets_the_missing_signature() {
    let waiting = || Some(LastHead { before: PublishedBefore::No, ..last() });
    let sign = Ok(Decision::Sign(generation(7)));
    assert_eq!(run(Case { last: waiting(), signer: "ops", signers: signers(2), ..case() }), sign);
    let keep = Ok(Decision::Keep(generation(7)));
    assert_eq!(run(Case { last: waiting(), signers: signers(2), ..case() }), keep);
    let mut for_ever = waiting().unwrap();
    for_ever.head.valid_until = Some(time(3_000));
    let not_ours = Ok(Decision::Write(generation(8), Reason::Freshness));
    assert_eq!(run(Case { last: Some(for_ever), signer: "ops", ..case() }), not_ours);
}

#[test]
fn an_older_commit_does_not_replace_a_newer_one() {
    let at = |change| run(Case { content: b"new", change, ..case() });
    let written = Ok(Decision::Write(generation(8), Reason::Content));
    let refused = |part: &str, result: Result<Decision, String>| {
        let error = result.unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    refused("no ancestor", at(|options| options.is_ancestor = &|_| Ancestry::NotAncestor));
    refused("cannot be told", at(|options| options.is_ancestor = &|_| Ancestry::Unknown));
    assert_eq!(at(|options| options.commit = None), written, "uncommitted changes follow a commit too");
    assert_eq!(at(|options| options.commit = Some(commit('a'))), written);
    let anyway = at(|options| {
        options.is_ancestor = &|_| Ancestry::NotAncestor;
        options.anyway = Anyway::Yes;
    });
    assert_eq!(anyway, written);
}

#[test]
fn an_unexpected_head_is_named() {
    let at = |change| run(Case { change, ..case() });
    assert!(at(|options| options.expect_head = ExpectedHead::Generation(generation(7))).is_ok());
    let error = at(|options| options.expect_head = ExpectedHead::Generation(generation(6))).unwrap_err();
    assert_eq!(error, "this build expects generation 6 as the last head, and found generation 7");
    assert!(at(|options| options.expect_head = ExpectedHead::None).is_err());
}

#[test]
fn signers_must_be_able_to_work_together() {
    let signer = |text, seed, was: Option<u8>| Signer {
        name: name(text),
        key: key(seed).public(),
        was: was.map(|seed| key(seed).public()),
    };
    let new = |need, list| Signers::new(NonZeroU32::new(need).unwrap(), list);
    assert!(matches!(new(2, vec![signer("a", 1, None)]), Err(SignersError::Threshold { .. })));
    assert!(matches!(new(1, vec![signer("a", 1, None), signer("a", 2, None)]), Err(SignersError::Twice(_))));
    assert!(matches!(new(1, vec![signer("a", 1, None), signer("b", 1, None)]), Err(SignersError::Keys(_))));
    assert!(matches!(new(1, vec![signer("a", 1, None), signer("b", 2, Some(1))]), Err(SignersError::Keys(_))));
    let rotated = new(1, vec![signer("a", 1, Some(2))]).unwrap();
    assert_eq!(rotated.owner(&key(1)).unwrap(), name("a"));
    assert!(matches!(rotated.owner(&key(2)), Err(PublishError::FormerKey { .. })));
    assert!(matches!(rotated.owner(&key(3)), Err(PublishError::UnknownKey { .. })));
    assert_eq!(rotated.current(), &Trust::of([(name("a"), key(1).public())]).unwrap());
}
