//! Asks git which commit the sources are of (edge). A repository without git has no commit, and that is fine.
#![expect(clippy::disallowed_methods, reason = "edge: runs git")]

use std::{path::Path, process::Command};

use wlc_plan::head::Commit;

use crate::publish::Ancestry;

/// The commit that is checked out; none without git, or where files that git knows were changed since.
pub(super) fn commit(root: &Path) -> Option<Commit> {
    let changes = run(root, &["status", "--porcelain", "--untracked-files=no", "--", "."])?;
    if !changes.trim().is_empty() {
        return None;
    }
    Commit::parse(run(root, &["rev-parse", "--verify", "HEAD"])?.trim())
}

/// Whether a commit is an ancestor of what is checked out. Outside a repository and in a shallow clone nobody knows.
pub(super) fn is_ancestor(root: &Path, earlier: &Commit) -> Ancestry {
    let answer = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["merge-base", "--is-ancestor", earlier.as_str(), "HEAD"])
        .output();
    match answer.ok().and_then(|output| output.status.code()) {
        Some(0) => Ancestry::Ancestor,
        Some(1) => Ancestry::NotAncestor,
        Some(_) | None => Ancestry::Unknown,
    }
}

/// The way from the top of the repository to a folder, with `/` at its end; empty at the top and outside a repository.
pub(super) fn prefix(root: &Path) -> String {
    run(root, &["rev-parse", "--show-prefix"])
        .map(|prefix| prefix.trim_end_matches('\n').to_owned())
        .unwrap_or_default()
}

fn run(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
