use super::*;
use crate::{diagnostics::Problems, expand::How, pipeline, sources::Sources};

fn facts(number: usize) -> String {
    format!(
        "// é\nfacts \"n{number}\" {{\n capacity cpu=64 memory=\"2GiB\" storage=\"3TiB\"\n cpu arch=\"x86_64\" cores=32 {{ \
         features \"avx2\" \"sse\" }}\n numa 0 cpus=\"0-31\"\n gpu \"0000:17:00.0\" vendor=\"nvidia\" memory=\"141GiB\" \
         mig=#true uuid=\"GPU-6f000000-0000-0000-0000-000000000000\"\n disk \"sda\" size=\"3TiB\" encrypted=#true\n nic \"eth0\" \
         speed=\"25Gbps\" numa=1\n pci \"0000:00:1f.0\" id=\"1022:14a0\" class=\"0604\" virtual-of=\"0000:00:1f.1\"\n kernel \
         \"6.1é\"\n podman \"4.3.1\" rootless=#false cgroups=\"v2\"\n agent \"0.1.0\" formats=1\n machine \"sha256:0\"\n}}\n"
    )
}

/// When the files of these tests were changed.
const CHANGED: Duration = Duration::from_secs(1_000_000);
/// When checks of them begin, long after that.
const LONG: Duration = Duration::from_secs(2_000_000);

fn program() -> Digest {
    Digest::of(b"a program")
}

fn stamp(number: usize) -> Stamp {
    let changed = CHANGED.as_nanos() as u64;
    Stamp { file: (1, number as u64), length: facts(number).len() as u64, modified: 7, changed }
}

/// Machines' facts, behind so many other files.
fn sources(others: usize) -> Sources {
    let mut sources = Sources::default();
    for number in 0..others {
        sources.add(&format!("a{number}.kdl"), &format!("config \"a{number}\" {{ file \"a\" text=\"b\" }}\n"));
    }
    for number in 0..LEAST_FACTS {
        sources.add_stamped(&format!("n{number}.facts.kdl"), facts(number).into(), stamp(number));
    }
    sources
}

/// The same, as a cache knows them.
fn known(cache: &Cache) -> Sources {
    let mut sources = Sources::default();
    for number in 0..LEAST_FACTS {
        let path = format!("n{number}.facts.kdl");
        let seen = cache.seen(&path).expect("the cache has seen all");
        assert_eq!(*seen, Seen { text: Digest::of(facts(number).as_bytes()), stamp: stamp(number) });
        sources.add_known(&path, seen.text, seen.stamp);
    }
    sources
}

fn read(sources: &Sources, cache: Option<&Cache>) -> pipeline::Front {
    pipeline::read_by(How { cache, ..How::default() }, sources.clone(), Problems::default())
}

fn shown(front: &pipeline::Front) -> String {
    format!("{:#?}\n{:#?}", front.repository, front.problems.sorted())
}

/// The bytes of a cache of all facts.
fn full() -> Vec<u8> {
    let empty = Cache::new(program(), Vec::new());
    let front = read(&sources(0), Some(&empty));
    assert!(front.repository.facts.len() == LEAST_FACTS && front.problems.is_empty(), "{}", shown(&front));
    empty.renewed(&front.keep, LONG).expect("everything is new")
}

#[test]
fn what_is_kept_is_what_is_read_at_its_place_in_another_file() {
    let cache = Cache::new(program(), full());
    let (with, without) = (read(&sources(3), Some(&cache)), read(&sources(3), None));
    assert_eq!(shown(&with), shown(&without));
    assert!(with.keep.len() == LEAST_FACTS && with.keep.iter().all(|keep| keep.fresh.is_none()));
    assert_eq!(cache.renewed(&with.keep, LONG), None, "nothing is new");
}

#[test]
fn what_is_kept_is_what_is_read_of_files_that_nobody_opens() {
    let cache = Cache::new(program(), full());
    let with = read(&known(&cache), Some(&cache));
    assert_eq!(shown(&with), shown(&read(&sources(0), None)));
    assert!(!with.sources.misses_a_text());
    assert_eq!(cache.renewed(&with.keep, LONG), None, "nothing is new");
}

#[test]
fn a_text_that_is_needed_and_was_not_read_is_missed() {
    let cache = Cache::new(program(), full());
    let mut twice = known(&cache);
    twice.add("x.kdl", &facts(0));
    let front = read(&twice, Some(&cache));
    let twice = front.problems.sorted();
    let first = twice[0].labels[1].span;
    assert!(!front.sources.file(first.file).is_read() && !front.sources.misses_a_text());
    assert_eq!(front.sources.text(first), "");
    assert!(front.sources.misses_a_text());

    let empty = Cache::new(program(), Vec::new());
    assert!(read(&known(&cache), Some(&empty)).sources.misses_a_text(), "a cache that has lost its facts");
}

#[test]
fn files_that_may_still_change_are_read_again() {
    let empty = Cache::new(program(), Vec::new());
    let front = read(&sources(0), Some(&empty));
    let soon = empty.renewed(&front.keep, CHANGED + UNSETTLED).expect("everything is new");
    let soon = Cache::new(program(), soon);
    assert_eq!(soon.seen("n1.facts.kdl"), None);
    let front = read(&sources(0), Some(&soon));
    assert!(front.keep.iter().all(|keep| keep.fresh.is_none()));
    assert_eq!(soon.renewed(&front.keep, CHANGED + UNSETTLED), None);
    let settled = soon.renewed(&front.keep, LONG).expect("all files have settled");
    known(&Cache::new(program(), settled));
    assert_eq!(soon.renewed(&front.keep[1..], LONG), None, "a few files are read as fast");
}

#[test]
fn what_is_damaged_is_read_anew() {
    let (bytes, without) = (full(), shown(&read(&sources(0), None)));
    let step = bytes.len() / 61;
    for at in (0..bytes.len()).step_by(step) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x41;
        let torn = bytes[..at].to_vec();
        let doubled = [&bytes[..at], &bytes[at / 2..]].concat();
        for bytes in [changed, torn, doubled] {
            let cache = Cache::new(program(), bytes);
            let front = read(&sources(0), Some(&cache));
            assert_eq!(shown(&front), without, "at {at}");
            let renewed = Cache::new(program(), cache.renewed(&front.keep, LONG).unwrap_or(cache.bytes.clone()));
            assert!(read(&sources(0), Some(&renewed)).keep.iter().all(|keep| keep.fresh.is_none()), "at {at}");
        }
    }
}

#[test]
fn another_program_keeps_nothing_for_this_one() {
    let cache = Cache::new(Digest::of(b"another program"), full());
    assert!(read(&sources(0), Some(&cache)).keep.iter().all(|keep| keep.fresh.is_some()));
}

#[test]
fn only_whole_files_without_a_word_to_say_are_kept() {
    let mut sources = sources(0);
    let good = facts(900);
    for (number, text) in [
        format!("{good}node \"x\"\n"),
        good.replace("cpu=64", "cpu=\"many\""),
        good.replace("facts \"n900\"", "facts \"n900\" kernel=\"6.2\"").replace("kernel \"6.1é\"", ""),
        good.replace("facts \"n900\"", "\"facts\" n900"),
        good.replace("kernel \"6.1é\"", "kernel (parameter)\"k\""),
        good.replace("kernel \"6.1é\"", "kernell \"6\""),
        good[..good.len() - 2].to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        sources.add(&format!("x{number}.facts.kdl"), &text);
    }
    let empty = Cache::new(program(), Vec::new());
    let front = read(&sources, Some(&empty));
    assert_eq!(front.keep.len(), LEAST_FACTS);
    assert_eq!(shown(&front), shown(&read(&sources, None)));
}

#[test]
fn few_facts_are_not_worth_a_cache() {
    let mut sources = Sources::default();
    sources.add("n1.facts.kdl", &facts(1));
    let empty = Cache::new(program(), Vec::new());
    assert_eq!(empty.renewed(&read(&sources, Some(&empty)).keep, LONG), None);
}
