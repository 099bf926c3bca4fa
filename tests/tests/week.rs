//! The short form of `tests/slow week`: some hours of one world, in which nothing grows that nobody needs; and how much the
//! agent remembers of very many replicas.

use peak_alloc::PeakAlloc;
use wlc_tests::simulation::{Span, live_long};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

#[test]
fn nothing_grows_in_a_long_life() {
    let life = match live_long(Span::SHORT, || ALLOCATOR.current_usage()) {
        Ok(life) => life,
        Err(failure) => panic!("{}\n{}", failure.what, failure.journal.join("\n")),
    };
    eprintln!("{life}");
    assert!(life.fires >= 30 && life.plans >= 10 && life.faults >= 10, "it is a life: {life}");
    assert!(life.growth().is_empty(), "{:?}\n{life}", life.growth());
}
