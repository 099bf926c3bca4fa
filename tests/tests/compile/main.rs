//! Sources → plans and lock: folders of data below `tests/compile/`, and what each of them shows.
//!
//! A case is a row of steps, `1`, `2` and so on. The files of a step lie over those of the step before (an empty file takes
//! a block away), and each step is built with the lock of the step before. What comes out lies in `expected/STEP/`: the plan
//! of each node, the spec of each revision, the lock. A file `overlay` names the overlay that is
//! chosen. Every step is built twice: the second build changes nothing.
#![allow(clippy::unwrap_used, reason = "tests")]

mod build;
mod defaults;
mod determinism;
mod everything;
mod given;
mod kinds;
mod placement;
mod requests;
mod reuse;
mod revisions;
mod rollouts;

use wlc_tests::{folder, golden, running};

#[test]
fn every_case_gives_what_it_gave() {
    let cases = folder::folders(&running::workspace().join("tests/compile"));
    assert!(!cases.is_empty());
    let different: Vec<String> = cases.iter().flat_map(|case| compare(case)).collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

fn compare(case: &str) -> Vec<String> {
    let expected = running::workspace().join("tests/compile").join(case).join("expected");
    golden::compare_folder(&expected, &build::files(&build::case(case)))
}
