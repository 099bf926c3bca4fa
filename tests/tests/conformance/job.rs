//! Job: counts, rules for failures, early success, and what is left when a job goes.

use std::time::Duration;

use serde_json::Value;
use wlc_tests::{
    node::{Node, wait_until},
    podman,
};

use crate::{
    looks::{containers, folder, running},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Short jobs_count_what_they_run),
    scene!(Long jobs_end_when_they_are_told),
    scene!(Long attempts_that_are_ended_by_others),
];

/// The container of a job that runs this, with a folder that all attempts share.
fn main(node: &Node, line: &str) -> String {
    format!(
        "container \"main\" image=\"localhost/busybox:1\" {{\n        command \"sh\" \"-c\" \"{line}\"\n        mount \"/shared\" host-path=\"{}\"\n    }}",
        folder(node).display()
    )
}

fn write(node: &Node, name: &str, words: &str, rules: &str, line: &str) {
    let main = main(node, line);
    node.write(
        &format!("workloads/{name}.kdl"),
        &format!("job \"{name}\" {words} {{\n    grace \"2s\"\n    {rules}\n    {main}\n}}\n"),
    );
}

/// What status says of a job.
fn job(node: &Node, name: &str) -> Option<Value> {
    let status = node.status()?;
    status["jobs"].as_array()?.iter().find(|job| job["workload"] == name).cloned()
}

fn state(node: &Node, name: &str) -> String {
    job(node, name).and_then(|job| job["state"].as_str().map(str::to_owned)).unwrap_or_default()
}

/// The job once it has ended: its reason, the numbers that succeeded and that failed, and how many attempts failed.
fn end(node: &Node, name: &str) -> (String, String, String, u64) {
    node.wait_until(&format!("{name} ends"), |node| ["complete", "failed"].contains(&state(node, name).as_str()));
    let job = job(node, name).expect("it was there");
    let text = |field: &str| job[field].as_str().unwrap_or_default().to_owned();
    (text("reason"), text("completed_indexes"), text("failed_indexes"), job["failed"].as_u64().unwrap_or(u64::MAX))
}

fn ended(reason: &str, completed: &str, failed_indexes: &str, failed: u64) -> (String, String, String, u64) {
    (reason.to_owned(), completed.to_owned(), failed_indexes.to_owned(), failed)
}

/// Fails the first time for each number, and succeeds then.
const ONCE: &str = "f=/shared/$(hostname); if test -e $f; then exit 0; fi; touch $f; exit 42";

/// C-070, C-072, C-080, C-082, C-083, C-084, C-085, C-086, C-087, C-088, C-090: jobs that succeed, fail, fail in part and are done early.
fn jobs_count_what_they_run(stage: &Stage) {
    let mut node = stage.node();
    let odd = "case $JOB_COMPLETION_INDEX in 1|3) exit 1;; esac";
    write(&node, "four", "completions=4 parallelism=2 mode=\"indexed\"", "", "echo $JOB_COMPLETION_INDEX $(hostname)");
    write(&node, "ignore", "", "backoff-limit 0; on-exit 42 action=\"ignore\"", ONCE);
    let all = "success { count 2 }";
    write(&node, "all", "completions=2 parallelism=2 mode=\"indexed\"", all, "exit 0");
    let hang = "test $JOB_COMPLETION_INDEX = 0 || sleep 600";
    write(&node, "first", "completions=5 parallelism=2 mode=\"indexed\"", "success { indexes \"0\" }", hang);
    write(&node, "any", "completions=5 parallelism=2 mode=\"indexed\"", "success { count 1 }", hang);
    write(&node, "odd", "completions=4 parallelism=4 mode=\"indexed\"", "backoff-limit-per-index 1", odd);
    let strict = "backoff-limit-per-index 0; max-failed-indexes 0";
    write(&node, "most", "completions=4 mode=\"indexed\"", strict, "exit 1");
    let skip = "backoff-limit-per-index 3; on-exit 1 action=\"fail-index\"";
    write(&node, "skip", "completions=2 mode=\"indexed\"", skip, "exit $((1 - JOB_COMPLETION_INDEX))");
    write(&node, "local", "", "restart \"on-failure\"", ONCE);
    node.build();
    node.start_agent();
    stage.row("C-070", || assert_eq!(end(&node, "four"), ended("CompletionsReached", "0-3", "", 0)));
    stage.row("C-080", || {
        for index in 0..4 {
            assert_eq!(node.printed(&["logs", &format!("four-{index}")]).trim_end(), format!("{index} four-{index}"));
        }
    });
    stage.row("C-072", || assert_eq!(end(&node, "ignore"), ended("CompletionsReached", "0", "", 0)));
    stage.row("C-082", || assert_eq!(end(&node, "all"), ended("SuccessPolicy", "0,1", "", 0)));
    stage.row("C-083", || assert_eq!(end(&node, "first"), ended("SuccessPolicy", "0", "", 0)));
    stage.row("C-084", || assert_eq!(end(&node, "any"), ended("SuccessPolicy", "0", "", 0)));
    stage.row("C-085", || assert_eq!(end(&node, "odd"), ended("FailedIndexes", "0,2", "1,3", 4)));
    stage.row("C-086", || {
        let tries = |replica: &str| {
            let mut tries: Vec<String> = pods(&node, replica).iter().map(|pod| label(pod, "dev.wlc.try")).collect();
            tries.sort();
            tries
        };
        assert_eq!(tries("odd-1"), ["0", "1"], "each pod says which attempt it is");
    });
    stage.row("C-087", || assert_eq!(end(&node, "most"), ended("MaxFailedIndexesExceeded", "", "0", 1)));
    stage.row("C-088", || assert_eq!(end(&node, "skip"), ended("FailedIndexes", "1", "0", 1)));
    stage.row("C-090", || {
        assert_eq!(end(&node, "local"), ended("CompletionsReached", "0", "", 0));
        let attempts = containers(&node).into_iter().filter(|one| one.replica == "local-0").map(|one| one.attempt);
        assert_eq!(attempts.max(), Some(1), "in its pod, which stays");
        assert_eq!(pods(&node, "local-0").len(), 1);
    });
}

/// The pods of a replica, as Podman knows them.
fn pods(node: &Node, replica: &str) -> Vec<Value> {
    let fleet = format!("label=dev.wlc.fleet={}", node.fleet());
    let replica = format!("label=dev.wlc.replica={replica}");
    let told = podman::text(&["pod", "ps", "--format", "json", "--filter", &fleet, "--filter", &replica]);
    serde_json::from_str(&told).unwrap()
}

fn label(pod: &Value, label: &str) -> String {
    pod["Labels"][label].as_str().unwrap_or_default().to_owned()
}

fn active(node: &Node, name: &str) -> u64 {
    job(node, name).and_then(|job| job["active"].as_u64()).unwrap_or(u64::MAX)
}

const SLEEPS: &str = "trap 'exit 1' TERM; while :; do sleep 0.1; done";

/// C-078, C-089, C-093, C-099, C-101: suspended, resumed, removed while it runs and when it is done, and gone after its time.
fn jobs_end_when_they_are_told(stage: &Stage) {
    let mut node = stage.node();
    let words = "completions=2 parallelism=2 mode=\"indexed\"";
    write(&node, "held", words, "suspend; backoff-limit 0", SLEEPS);
    write(&node, "done", "", "", "exit 0");
    write(&node, "short", "", "ttl \"5s\"", "exit 0");
    node.build();
    node.start_agent();
    stage.row("C-101", || {
        assert_eq!(end(&node, "short").0, "CompletionsReached");
        node.wait_until("its pod is gone", |node| pods(node, "short-0").is_empty());
        assert_eq!(state(&node, "short"), "complete", "and it does not run again");
    });
    node.wait_until("nothing runs of what is suspended", |node| state(node, "held") == "suspended");
    let none = active(&node, "held");
    write(&node, "held", words, "backoff-limit 0", SLEEPS);
    node.build();
    node.wait_until("both run", |node| running(node, "held-0").is_some() && running(node, "held-1").is_some());
    let two = active(&node, "held");
    write(&node, "held", words, "suspend; backoff-limit 0", SLEEPS);
    node.build();
    node.wait_until("none runs", |node| running(node, "held-0").is_none() && running(node, "held-1").is_none());
    stage.row("C-099", || assert_eq!((none, two, active(&node, "held")), (0, 2, 0)));
    stage.row("C-078", || {
        node.wait_until("no pod is left", |node| pods(node, "held-0").is_empty() && pods(node, "held-1").is_empty());
        let job = job(&node, "held").unwrap();
        assert_eq!((&job["failed"], &job["state"]), (&0.into(), &"suspended".into()), "{job}");
    });
    write(&node, "held", words, "backoff-limit 0", SLEEPS);
    node.build();
    node.wait_until("both run again", |node| active(node, "held") == 2 && running(node, "held-1").is_some());
    for name in ["held", "done"] {
        node.write(&format!("workloads/{name}.kdl"), &format!("removed \"{name}\"\n"));
    }
    node.build();
    stage.row("C-093", || {
        node.wait_until("what ran is gone", |node| pods(node, "held-0").is_empty() && pods(node, "held-1").is_empty());
    });
    stage.row("C-089", || node.wait_until("what was done is gone", |node| pods(node, "done-0").is_empty()));
}

/// C-073, C-074, C-094: killed by somebody, stopped with the machine, and found again by a new agent.
fn attempts_that_are_ended_by_others(stage: &Stage) {
    let mut node = stage.node();
    let line = "f=/shared/$(hostname); if test -e $f; then exit 0; fi; touch $f; trap 'exit 7' TERM; while :; do sleep 0.1; done";
    write(&node, "killed", "", "backoff-limit 0; on-exit 137 action=\"ignore\"", line);
    let disrupted = "backoff-limit 0; on-condition \"disruption-target\" action=\"ignore\"";
    write(&node, "stopped", "", disrupted, line);
    node.build();
    node.start_agent();
    node.wait_until("both run", |node| running(node, "killed-0").is_some() && running(node, "stopped-0").is_some());
    podman::text(&["kill", &running(&node, "killed-0").unwrap().name]);
    stage.row("C-073", || assert_eq!(end(&node, "killed"), ended("CompletionsReached", "0", "", 0)));
    node.kill_agent();
    let before = running(&node, "stopped-0").unwrap();
    node.start_agent();
    stage.row("C-094", || {
        assert!(
            wait_until("anything else", Duration::from_secs(3), || running(&node, "stopped-0").as_ref()
                != Some(&before))
            .is_none()
        );
    });
    assert_eq!(node.stop_agent(), Some(0));
    node.printed(&["shutdown"]);
    assert!(running(&node, "stopped-0").is_none());
    node.start_agent();
    stage.row("C-074", || assert_eq!(end(&node, "stopped"), ended("CompletionsReached", "0", "", 0)));
}
