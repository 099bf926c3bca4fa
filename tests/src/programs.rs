//! The programs under test, as cargo built them.

use std::{env, path::PathBuf};

/// The compiler.
pub fn wlc() -> PathBuf {
    program("wlc")
}

/// The agent.
pub fn wlagent() -> PathBuf {
    program("wlagent")
}

/// The program that counts memory.
pub fn memory() -> PathBuf {
    program("memory")
}

/// The program that stands where the agent should, and fails.
pub fn broken() -> PathBuf {
    program("broken")
}

/// Beside the running test, one folder up. `tests/run` builds all programs before it runs the tests.
fn program(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own file");
    let folder = test.parent().expect("a file has a folder");
    let folder = if folder.ends_with("deps") { folder.parent().expect("deps has a folder") } else { folder };
    let found = folder.join(name);
    assert!(found.exists(), "{} is missing: run `cargo build --workspace` first, as tests/run does", found.display());
    found
}
