//! Podman as the tests look at it: through its own command, never through the agent's code.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The socket to test with.
pub fn socket() -> Option<PathBuf> {
    env::var_os("WLC_PODMAN_SOCKET").map(PathBuf::from)
}

/// The socket to test with, or a line that says that this test is skipped.
pub fn socket_or_skip(test: &str) -> Option<PathBuf> {
    let found = socket();
    if found.is_none() {
        skip(&format!("{test}: WLC_PODMAN_SOCKET names no Podman; tests/run brings one"));
    }
    found
}

/// Says aloud that a test is skipped, and notes it for the count of `tests/run`.
pub fn skip(why: &str) {
    eprintln!("SKIP {why}");
    if let Some(path) = env::var_os("WLC_SKIP_LOG") {
        let log = fs::File::options().create(true).append(true).open(path);
        log.and_then(|mut log| writeln!(log, "SKIP {why}")).expect("the log of skipped tests can be written");
    }
}

/// Whether the kernel and the tools of this machine let pods have addresses of IPv6.
pub fn has_ipv6() -> bool {
    let tool = Command::new("ip6tables").args(["-t", "nat", "-S"]).output();
    Path::new("/proc/sys/net/ipv6").exists() && tool.is_ok_and(|output| output.status.success())
}

/// Runs Podman's command in the tests' storage.
pub fn podman(arguments: &[&str]) -> Output {
    Command::new("podman").args(arguments).output().expect("podman can be run")
}

/// What Podman's command prints; it must succeed.
pub fn text(arguments: &[&str]) -> String {
    let output = podman(arguments);
    assert!(output.status.success(), "podman {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The lines that a list of Podman's prints, sorted. A list may fail while something in it is removed; then it is asked again.
pub fn lines(arguments: &[&str]) -> Vec<String> {
    let answer = (0..3).map(|_| podman(arguments)).find(|output| output.status.success());
    let answer = answer.unwrap_or_else(|| panic!("podman {arguments:?} failed three times"));
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines
}

/// Whether a container exists and runs.
pub fn runs(container: &str) -> bool {
    let output = podman(&["inspect", "--type", "container", "--format", "{{.State.Running}}", container]);
    String::from_utf8_lossy(&output.stdout).trim() == "true"
}

/// Ends the main process of a container with SIGKILL, past Podman.
pub fn kill_process(container: &str) {
    let process = text(&["inspect", "--type", "container", "--format", "{{.State.Pid}}", container]);
    assert_ne!(process, "0", "{container} does not run");
    let killed = Command::new("kill").args(["-KILL", &process]).status().expect("kill can be run");
    assert!(killed.success(), "process {process} of {container} cannot be killed");
}

/// Removes every pod, container, volume and network of a fleet of the tests.
pub fn remove_fleet(fleet: &str) {
    let label = format!("label=dev.wlc.fleet={fleet}");
    for (list, remove) in [
        (&["pod", "ps", "-q"][..], &["pod", "rm", "-f", "-t", "0"][..]),
        (&["ps", "-aq"], &["rm", "-f", "-t", "0"]),
        (&["volume", "ls", "-q"], &["volume", "rm", "-f"]),
        (&["network", "ls", "-q"], &["network", "rm", "-f"]),
    ] {
        let found = podman(&[list, &["--filter", &label]].concat());
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        let names: Vec<&str> = found.split_whitespace().collect();
        if !names.is_empty() {
            podman(&[remove, &names].concat());
        }
    }
    podman(&["network", "rm", "-f", &format!("wlc.{fleet}")]);
}
