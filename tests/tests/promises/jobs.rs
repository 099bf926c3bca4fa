//! Jobs: they run to their end on real Podman, and what has ended is not run again.

use serde_json::Value;
use wlc_tests::node::Node;

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
