//! Jobs: they run to their end on real Podman, and what has ended is not run again.

use serde_json::Value;
use wlc_tests::{node::Node, podman};

const SQUARES: &str = r#"
job "squares" completions=3 parallelism=2 mode="indexed" {
    grace "1s"
    backoff-limit 1
    on-exit 7 action="ignore"
    container "main" image="localhost/busybox:1" {
        command "sh" "-c" "echo index $JOB_COMPLETION_INDEX on $(hostname)"
    }
}
"#;

fn job(node: &Node) -> Option<Value> {
    node.status()?["jobs"].as_array()?.first().cloned()
}

fn is_complete(node: &Node) -> bool {
    job(node).is_some_and(|job| job["state"] == "complete")
}

/// C-070, C-080, S-177, S-220, P-081: each number once, with its index and host name; neither a crash of the agent nor the loss of
/// its ledger nor the same plan runs it again, and another word does.
#[test]
fn a_job_runs_to_its_end_and_not_again() {
    let Some(mut node) = Node::new("squares") else { return };
    node.write("workloads/squares.kdl", SQUARES);
    node.build();
    node.start_agent();
    node.wait_until("the job is complete", is_complete);
    let end = job(&node).unwrap();
    assert_eq!((&end["completed_indexes"], &end["failed"]), (&Value::from("0-2"), &Value::from(0)), "{end}");
    for index in 0..3 {
        let printed = node.printed(&["logs", &format!("squares-{index}")]);
        assert!(printed.contains(&format!("index {index} on squares-{index}")), "{printed}");
    }
    let before = node.identities();
    node.kill_agent();
    std::fs::remove_file(node.path("state").join(node.fleet()).join("ledger.json")).unwrap();
    node.start_agent();
    node.wait_until("the job is complete", is_complete);
    assert_eq!(node.identities(), before, "nothing was made or removed");
    node.write("workloads/squares.kdl", &SQUARES.replace("backoff-limit 1", "run \"again\"; backoff-limit 1"));
    node.build();
    node.wait_until("it has run again", |node| {
        job(node).is_some_and(|job| job["state"] == "complete" && job["run"] == "again")
    });
    assert!(node.identities().iter().all(|one| !before.contains(one)), "its pods are new ones");
}

const REPORT: &str = r#"
cron-job "report" schedule="0 0 29 2 *" {
    grace "1s"
    concurrency "forbid"
    parameter "DAY" default="today"
    container "main" image="localhost/busybox:1" {
        env { DAY parameter="DAY" }
        command "sh" "-c" "echo of $DAY; sleep 2"
    }
}
"#;

/// A cron job runs when somebody says so, with what they give it and the plan declares, and stands in the record.
#[test]
fn a_run_by_hand_gets_what_is_said() {
    let Some(mut node) = Node::new("report") else { return };
    node.write("workloads/report.kdl", REPORT);
    node.build();
    node.start_agent();
    let cron = |node: &Node| node.status().and_then(|status| status["cron_jobs"].as_array()?.first().cloned());
    node.wait_until("the cron job is known", |node| cron(node).is_some());
    let refused = node.refused(&["trigger", "report", "DATE=monday"]);
    assert!(refused.contains("declares no parameter `DATE` of `report`; there are `DAY`"), "{refused}");
    assert_eq!(node.wlagent(&["trigger", "report", "monday"]).status.code(), Some(64));
    node.printed(&["trigger", "report", "DAY=monday"]);
    node.wait_until("it runs", |node| job(node).is_some_and(|job| job["active"] == 1));
    let refused = node.refused(&["trigger", "report"]);
    assert!(refused.contains("never overlap"), "{refused}");
    node.wait_until("it is complete", is_complete);
    let run = job(&node).unwrap();
    let name = run["name"].as_str().unwrap();
    assert!(name.starts_with("report-t") && run["slot"].is_null() && run["by"].is_string(), "{run}");
    assert_eq!(node.printed(&["logs", &format!("{name}-0")]).trim_end(), "of monday");
    node.printed(&["trigger", "report", "DAY=tuesday"]);
    node.wait_until("both are complete", |node| {
        node.status().is_some_and(|status| {
            let jobs = status["jobs"].as_array().cloned().unwrap_or_default();
            jobs.len() == 2 && jobs.iter().all(|job| job["state"] == "complete")
        })
    });
    assert_eq!(node.printed(&["logs", "report"]).trim_end(), "of tuesday", "the newest run");
    assert_eq!(node.printed(&["logs", "report", "--previous"]).trim_end(), "of monday", "the run before");
    let events = node.printed(&["events"]);
    assert!(events.contains("trigger report by") && events.contains(": DAY=monday"), "{events}");
}

/// A job completes before the first replica of a new revision is touched, and what it fails changes nothing.
#[test]
fn a_job_completes_before_a_new_revision() {
    let Some(mut node) = Node::new("guarded") else { return };
    let write = |node: &Node, version: u32, code: u32| {
        let sleeps = "trap 'exit 0' TERM; while :; do sleep 0.1; done";
        node.write(
            "workloads/web.kdl",
            &format!(
                r#"
deployment "web" {{
    grace "1s"
    update {{ before "migrate" }}
    container "main" image="localhost/busybox:1" {{ env {{ VERSION "{version}"; }}; command "sh" "-c" "{sleeps}"; }}
}}
job "migrate" {{
    backoff-limit 0
    container "main" image="localhost/busybox:1" {{ command "sh" "-c" "sleep 1; echo to {version}; exit {code}"; }}
}}
"#
            ),
        );
        node.build();
    };
    let state = |node: &Node, wanted: &str, version: u32| {
        let logged = node.wlagent(&["logs", "migrate-0"]).stdout;
        job(node).is_some_and(|job| job["state"] == wanted)
            && String::from_utf8_lossy(&logged).contains(&format!("to {version}"))
    };
    write(&node, 1, 0);
    node.start_agent();
    node.wait_settled("web", 1);
    assert!(state(&node, "complete", 1));
    let first = node.instances("web")[0]["revision"].clone();
    write(&node, 2, 1);
    node.wait_until("the job has failed", |node| state(node, "failed", 2));
    let web = node.instances("web")[0].clone();
    assert_eq!((&web["revision"], &web["ready"]), (&first, &true.into()), "{web}");
    write(&node, 3, 0);
    node.wait_until("it is of the new revision", |node| {
        node.instances("web").first().is_some_and(|web| web["ready"] == true && web["revision"] != first)
    });
    assert!(state(&node, "complete", 3));
}

/// A volume goes when the job before that has completed; where that fails, it stays, and so does who uses it.
#[test]
fn a_job_completes_before_a_volume_goes() {
    let Some(mut node) = Node::new("dumped") else { return };
    let write = |node: &Node, replicas: u32, code: u32| {
        let sleeps = "trap 'exit 0' TERM; while :; do sleep 0.1; done";
        node.write(
            "workloads/db.kdl",
            &format!(
                r#"
stateful-set "db" replicas={replicas} {{
    grace "1s"
    claim "data" size="1MiB" when-scaled="delete" before-remove="dump"
    container "main" image="localhost/busybox:1" {{ command "sh" "-c" "{sleeps}"; mount "/data" claim="data"; }}
}}
job "dump" {{
    run "of-{code}"
    backoff-limit 0
    container "main" image="localhost/busybox:1" {{ command "sh" "-c" "sleep 3; exit {code}"; }}
}}
"#
            ),
        );
        node.build();
    };
    let volume = format!("wlc.{}.db-1.data", node.fleet());
    let is_there = || podman::podman(&["volume", "exists", &volume]).status.success();
    write(&node, 2, 1);
    node.start_agent();
    node.wait_settled("db", 2);
    assert!(is_there());
    assert!(job(&node).is_none_or(|job| job["active"] == 0 && job["succeeded"] == 0), "{:?}", job(&node));
    write(&node, 1, 1);
    node.wait_until("the job has failed", |node| job(node).is_some_and(|job| job["state"] == "failed"));
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(is_there(), "what was not dumped stays");
    assert_eq!(node.instances("db").len(), 2, "{:#}", node.status().unwrap());
    write(&node, 1, 0);
    let is_running =
        |node: &Node| job(node).is_some_and(|job| job["run"] == "of-0 removes db-1/data" && job["active"] == 1);
    node.wait_until("the job runs again", is_running);
    let mut looks = 0;
    while is_running(&node) {
        let there = is_there();
        // It may have ended in between.
        assert!(there || !is_running(&node), "the volume went while the job ran");
        looks += u32::from(there);
    }
    assert!(looks > 0, "it was looked at");
    node.wait_until("the volume is gone", |_| !is_there());
    assert!(is_complete(&node), "{:?}", job(&node));
    assert_eq!(node.instances("db").len(), 1, "{:#}", node.status().unwrap());
}
