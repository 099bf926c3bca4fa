//! What each version left on a machine, as it was recorded (`tests/src/bin/record.rs`): this one takes it over without an action.

use std::{fs, path::PathBuf, process::Command};

use serde_json::Value;
use wlc_tests::{
    folder, golden, programs,
    replay::{self, Answers},
    running::{self, Ran},
};

/// The folders of the versions, oldest first.
fn versions() -> Vec<PathBuf> {
    let golden = running::workspace().join("tests/golden");
    let names = folder::folders(&golden).into_iter().filter(|name| name.starts_with("agent-"));
    names.map(|name| golden.join(name)).collect()
}

/// Runs `check-upgrade` of this version with what a version left, and with these answers of Podman.
fn check(version: &std::path::Path, answers: Answers, more: &[&str]) -> Ran {
    let scratch = tempfile::TempDir::new().unwrap();
    let path = |name: &str| scratch.path().join(name);
    let copied = Command::new("cp").arg("-a").arg(version.join("state")).arg(path("state")).status();
    assert!(copied.unwrap().success());
    let settings = format!(
        "node \"here\"\nfleet \"adopted\"\nsource \"directory\" \"{0}/plans\"\ntrust \"{0}/trust\"\nsecrets \"{0}/secrets\"\npodman \"{0}/podman.sock\"\nstate \"{0}/state\"\nlisten \"{0}/agent.sock\"\n",
        scratch.path().display(),
    );
    fs::write(path("agent.kdl"), settings).unwrap();
    replay::serve(&path("podman.sock"), answers);
    let before = folder::contents(&path("state"));
    let mut command = Command::new(programs::wlagent());
    let ran = running::run(command.arg("--config").arg(path("agent.kdl")).arg("check-upgrade").args(more));
    assert!(folder::contents(&path("state")) == before, "the check changes nothing");
    ran
}

/// P-012: containers of each version before are taken over without an action.
#[test]
fn what_each_version_left_needs_no_action() {
    assert!(!versions().is_empty(), "each version is recorded");
    for version in versions() {
        let answers = replay::read(&version.join("podman.json"));
        let pods = answers["/pods/json"].as_array().unwrap().len();
        let ran = check(&version, answers, &[]);
        assert_eq!(ran.code, Some(0), "{}: {}{}", version.display(), ran.stdout, ran.stderr);
        let kept = format!(
            "no action: version {} keeps {pods} pods as they are, with generation 1 in force\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(golden::differs("check-upgrade", &kept, &ran.stdout), None);
    }
}

fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

/// The check sees what it is to see: a container that is gone, another label, a network that is gone.
#[test]
fn what_is_not_as_it_was_left_is_an_action() {
    let version = versions().pop().unwrap();
    let whole = replay::read(&version.join("podman.json"));
    let is_of = |one: &Value, replica: &str| one["Labels"]["dev.wlc.replica"] == replica;
    let changed = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut answers = whole.clone();
        change(answers.get_mut("/containers/json").unwrap().as_array_mut().unwrap());
        answers
    };
    let gone = changed(&|all| all.retain(|one| one["IsInfra"] == true || !is_of(one, "db-1")));
    let relabelled = changed(&|all| {
        all.iter_mut()
            .filter(|one| is_of(one, "web-0"))
            .for_each(|one| one["Labels"]["dev.wlc.revision"] = "other".into());
    });
    for (answers, replica, step) in [(gone, "db-1", "run container"), (relabelled, "web-0", "make pod")] {
        let ran = check(&version, answers.clone(), &["--format", "json"]);
        assert_eq!(ran.code, Some(2), "{replica}: {}{}", ran.stdout, ran.stderr);
        let document = document(&ran);
        let actions = document["actions"].as_array().unwrap();
        let of: Vec<&Value> = actions.iter().filter(|action| action["replica"] == replica).collect();
        let has_step = |action: &&Value| {
            action["steps"].as_array().unwrap().iter().any(|one| one.as_str().unwrap().starts_with(step))
        };
        assert!(of.iter().any(has_step), "{replica}: {document:#}");
        let text = check(&version, answers, &[]);
        assert!(text.stdout.starts_with("would act: version "), "{}", text.stdout);
        assert!(text.stdout.contains(&format!("  {replica}: ")), "{}", text.stdout);
    }
}

/// A Podman that is not there, or does not answer, is no consent.
#[test]
fn without_an_answer_nothing_is_said() {
    let version = versions().pop().unwrap();
    let ran = check(&version, Answers::new(), &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
}

/// A state that this version cannot read is told, and never taken for an empty one.
#[test]
fn a_torn_ledger_is_a_difference() {
    let version = versions().pop().unwrap();
    let scratch = tempfile::TempDir::new().unwrap();
    let copied = Command::new("cp").arg("-a").arg(&version).arg(scratch.path().join("torn")).status();
    assert!(copied.unwrap().success());
    let torn = scratch.path().join("torn");
    fs::write(torn.join("state/adopted/ledger.json"), "{}").unwrap();
    let ran = check(&torn, replay::read(&torn.join("podman.json")), &["--format", "json"]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);
    let document = document(&ran);
    assert!(document["differences"][0].as_str().unwrap().contains("ledger.json is torn"), "{document:#}");
}
