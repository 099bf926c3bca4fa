//! `diagnostics`: `wlc check` over 1,000 workloads that have one mistake each, against the same check where only one of
//! them has its mistake. The difference is what 999 diagnostics take, found, sorted and written, in each format.
//!
//! For people the first 50 are told and the others counted; programs are told all of them.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use wlc_tests::programs;

use super::figures::{self, Times};

const PAIRS: usize = 7;
const MISTAKES: usize = 1_000;
const OF_A_FILE: usize = 10;
const FORMATS: [&str; 4] = ["text", "json", "sarif", "github"];

/// Runs it.
pub(crate) fn run() {
    let (many, one) = (folder(MISTAKES), folder(1));
    for format in FORMATS {
        let (mut ours, mut baseline) = (Times::default(), Times::default());
        for _ in 0..PAIRS {
            ours.add(check(many.path(), format, MISTAKES));
            baseline.add(check(one.path(), format, 1));
        }
        figures::close(&format!("diagnostics as {format}"), &ours, &baseline);
    }
}

/// A repository in which the first workloads have a mistake.
fn folder(mistakes: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file can be written");
    write("fleet.kdl", "fleet \"bench\"\n");
    for first in (0..MISTAKES).step_by(OF_A_FILE) {
        let text: String = (first..first + OF_A_FILE).map(|number| workload(number, number < mistakes)).collect();
        write(&format!("w{first:04}.kdl"), &text);
    }
    folder
}

fn workload(number: usize, has_mistake: bool) -> String {
    let word = if has_mistake { "periodd" } else { "period" };
    let digest = "5".repeat(64);
    format!(
        "deployment \"w{number:04}\" replicas=2 {{\n    container \"main\" image=\"registry.example/w@sha256:{digest}\" {{\n        \
         port \"http\" 8080\n        readiness \"http\" \"/healthz\" port=\"http\" {word}=\"5s\"\n    }}\n}}\n"
    )
}

/// One check, which must find so many mistakes.
fn check(folder: &Path, format: &str, mistakes: usize) -> Duration {
    let mut command = Command::new(programs::wlc());
    command.arg("-C").arg(folder).args(["check", "--format", format]).env("NO_COLOR", "1").stdin(Stdio::null());
    let start = Instant::now();
    let output = command.output().expect("the program can be run");
    let time = start.elapsed();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).matches("unknown `periodd`").count();
    let wanted = if format == "text" { mistakes.min(50) } else { mistakes };
    assert_eq!(told, wanted, "so many are told as {format}");
    time
}
