//! CronJob: slots that come, that are not to come, and that overlap.

use std::fs;

use serde_json::Value;
use wlc_tests::{node::Node, podman};

use crate::stage::{Scene, Stage, scene};

pub(crate) const SCENES: &[Scene] =
    &[scene!(Long cron_jobs_keep_their_slots), scene!(Short of_many_missed_slots_the_newest_runs)];

fn write(node: &Node, (name, schedule): (&str, &str), words: &str, line: &str) {
    let text = format!(
        "cron-job \"{name}\" schedule=\"{schedule}\" {{\n    grace \"1s\"\n    {words}\n    container \"main\" image=\"localhost/busybox:1\" {{ command \"sh\" \"-c\" \"{line}\"; }}\n}}\n"
    );
    node.write(&format!("workloads/{name}.kdl"), &text);
}

fn cron(node: &Node, name: &str) -> Value {
    let status = node.status().unwrap_or_default();
    let crons = status["cron_jobs"].as_array().into_iter().flatten();
    crons.into_iter().find(|one| one["workload"] == name).cloned().unwrap_or_default()
}

/// What status says of the run of a cron job.
fn job(node: &Node, name: &str) -> Value {
    let status = node.status().unwrap_or_default();
    let jobs = status["jobs"].as_array().into_iter().flatten();
    jobs.into_iter().find(|one| one["workload"] == name).cloned().unwrap_or_default()
}

fn active(node: &Node, name: &str) -> Vec<String> {
    let active = cron(node, name)["active"].as_array().cloned().unwrap_or_default();
    active.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The running containers of a cron job.
fn running(node: &Node, name: &str) -> Vec<String> {
    let filters = [format!("label=dev.wlc.fleet={}", node.fleet()), format!("label=dev.wlc.workload={name}")];
    let told = podman::text(&["ps", "--format", "{{.Names}}", "--filter", &filters[0], "--filter", &filters[1]]);
    told.lines().filter(|line| line.contains(".main.")).map(str::to_owned).collect()
}

const SLEEPS: &str = "trap 'exit 1' TERM; while :; do sleep 0.1; done";

/// C-103, C-104, C-105, C-107, C-111, C-113: nothing of what is suspended, one at a time, the newer instead of the older, slots of a
/// zone, and what a run knows of its slot.
fn cron_jobs_keep_their_slots(stage: &Stage) {
    let mut node = stage.node();
    write(&node, ("suspended", "@every 8s"), "suspend", "exit 0");
    write(&node, ("forbid", "@every 8s"), "concurrency \"forbid\"", SLEEPS);
    write(&node, ("replace", "@every 8s"), "concurrency \"replace\"", SLEEPS);
    write(&node, ("zoned", "* * * * *"), "time-zone \"Asia/Kolkata\"", "echo well");
    node.build();
    node.start_agent();
    node.wait_until("the first slot comes", |node| {
        !active(node, "forbid").is_empty() && !active(node, "replace").is_empty()
    });
    let (kept, first) = (active(&node, "forbid"), active(&node, "replace"));
    node.wait_until("one is complete", |node| !cron(node, "zoned")["last_success"].is_null());
    stage.row("C-113", || {
        let run = kept[0].strip_prefix("forbid-").unwrap().to_owned();
        let filter = format!("label=dev.wlc.run={run}");
        let found = podman::text(&["pod", "ps", "--format", "{{.Name}}", "--filter", &filter]);
        assert!(found.contains(&format!("forbid-{run}-0")), "{found}");
        let slot = job(&node, "forbid")["slot"].as_str().unwrap().to_owned();
        let digits: String = slot.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(digits, run, "the slot is named in UTC");
    });
    stage.row("C-111", || {
        let zoned = cron(&node, "zoned");
        assert_eq!((&zoned["time_zone"], &zoned["missed"]), (&"Asia/Kolkata".into(), &0.into()), "{zoned}");
    });
    node.wait_until("the second slot comes", |node| {
        let now = active(node, "replace");
        now.len() == 1 && now != first && running(node, "replace").len() == 1
    });
    stage.row("C-105", || {
        let now = running(&node, "replace");
        assert!(now.len() == 1 && !now[0].contains(&first[0]), "{now:?} after {first:?}");
    });
    stage.row("C-104", || {
        assert_eq!(active(&node, "forbid"), kept);
        assert_eq!(running(&node, "forbid").len(), 1);
        assert!(cron(&node, "forbid")["waits"].as_str().is_some_and(|why| why.contains("has not ended")));
    });
    stage.row("C-103", || {
        let suspended = cron(&node, "suspended");
        assert!(suspended["last"].is_null() && suspended["next"].is_null(), "{suspended}");
        assert!(running(&node, "suspended").is_empty());
    });
    stage.row("C-107", || {
        let log = node.agent_log();
        let warnings: Vec<&str> = log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
        assert!(warnings.is_empty(), "{warnings:?}");
    });
}

/// C-106: the agent sleeps over two days of slots, by its own clock, and runs the newest one alone.
fn of_many_missed_slots_the_newest_runs(stage: &Stage) {
    const TWO_DAYS: u64 = 2 * 86_400_000;
    let mut node = stage.node();
    write(&node, ("often", "*/5 * * * *"), "", "echo well");
    node.build();
    let ahead = node.path("ahead");
    fs::write(&ahead, "0").unwrap();
    let options = ["--clock-ahead".to_owned(), ahead.display().to_string()];
    let options = options.each_ref().map(String::as_str);
    node.start_agent_with(&options);
    node.wait_until("it knows its next slot", |node| !cron(node, "often")["next"].is_null());
    let before = cron(&node, "often");
    node.stop_agent();
    fs::write(&ahead, TWO_DAYS.to_string()).unwrap();
    node.start_agent_with(&options);
    node.wait_until("one is complete", |node| !cron(node, "often")["last_success"].is_null());
    stage.row("C-106", || {
        let after = cron(&node, "often");
        let missed = |of: &Value| of["missed"].as_u64().unwrap();
        assert_eq!(missed(&after) - missed(&before), 100, "100 stands for all that are more: {after}");
        assert!(after["last_missed"].as_str().unwrap() < after["last"].as_str().unwrap(), "{after}");
        let filter = format!("label=dev.wlc.fleet={}", node.fleet());
        let pods = podman::text(&["pod", "ps", "--format", "{{.Name}}", "--filter", &filter]);
        assert!(pods.lines().count() <= 2, "the newest, and one of the minutes since: {pods}");
        assert_eq!(after["last"], job(&node, "often")["slot"], "{after}");
    });
}
