//! The whole path as an unprivileged user with a Podman of its own, without root. Run as root, the suite makes the user, runs
//! itself as that user, and removes everything of it again.

mod path;
mod refusals;
mod user;

use std::{env, fs, os::unix::fs::MetadataExt};

use wlc_tests::podman;

/// The variable that says that this is the run inside of the user.
const INSIDE: &str = "WLC_ROOTLESS";

/// Root makes a user and begins anew as that user; a user with a Podman tests what is here.
#[test]
fn without_root_the_whole_path_works() {
    let is_root = fs::metadata("/proc/self").expect("a process has a folder").uid() == 0;
    match (is_root, env::var_os(INSIDE)) {
        (true, _) => user::begin_as_user(),
        (false, None) if podman::socket().is_none() => {
            podman::socket_or_skip("rootless");
        }
        (false, _) => {
            path::builds_applies_updates_and_tells();
            refusals::what_cannot_be_is_named();
        }
    }
}
