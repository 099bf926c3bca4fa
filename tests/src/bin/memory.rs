//! How much memory the sources of a fleet of 1,000 files take as blocks, for each byte of their text; `tests/bench parse`
//! runs it. It is a program of its own, since an allocator that counts takes time.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use peak_alloc::PeakAlloc;
use wlc::{
    diagnostics::Problems,
    sources::Sources,
    syntax::{self, Reader},
};
use wlc_tests::fleet::{self, Size};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn main() {
    let made = fleet::Sources::new(Size::MANY_WORKLOADS);
    let mut sources = Sources::default();
    for (path, text) in &made.files {
        sources.add(path, text);
    }
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let blocks = syntax::read_all(Reader::Both, sources.iter(), &mut Problems::default());
    let (kept, most) = (ALLOCATOR.current_usage() - before, ALLOCATOR.peak_usage() - before);
    assert_eq!(blocks.len(), made.files.len(), "every file can be read");
    let ratio = |bytes: usize| bytes as f64 / made.bytes() as f64;
    println!("parse: {:.1} bytes of memory for each byte of the sources, {:.1} at the most", ratio(kept), ratio(most));
}
