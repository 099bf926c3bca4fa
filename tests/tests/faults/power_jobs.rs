//! Jobs on a node that loses its power: what had ended is not run again, and what ran is lost, which counts as its file says.

use std::fs;

use serde_json::Value;
use wlc_tests::{
    api::Api,
    node::{Node, wait_until},
};

use super::{fixture::LIMIT, machine::Machine, tell};

/// `done` ends at once. The others run when the power goes; who runs for the second time ends well. Each run leaves a line.
fn jobs(shared: &str) -> String {
    let job = |name: &str, lines: &str, runs: &str| {
        format!(
            r#"
job "{name}" {{
    grace "1s"
    {lines}
    container "main" image="localhost/busybox:1" {{
        command "sh" "-c" "echo run >> /shared/{name}; sync; {runs}"
        mount "/shared" host-path="{shared}"
    }}
}}
"#
        )
    };
    let second = |name: &str| format!("[ $(wc -l < /shared/{name}) -gt 1 ] || sleep 3600");
    [
        job("done", "backoff-limit 0", "true"),
        job("retried", "backoff-limit 1", &second("retried")),
        job("given-up", "on-lost \"fail\"", &second("given-up")),
    ]
    .concat()
}

struct Powered {
    machine: Machine,
    node: Node,
}

impl Powered {
    fn job(&self, name: &str) -> Value {
        let status = self.node.status().unwrap_or_default();
        let jobs = status["jobs"].as_array().cloned().unwrap_or_default();
        jobs.into_iter().find(|job| job["name"] == name).unwrap_or_default()
    }

    fn runs(&self, name: &str) -> usize {
        fs::read_to_string(self.node.path("shared").join(name)).unwrap_or_default().lines().count()
    }

    /// The ids of a job's containers.
    fn ids(&self, name: &str) -> Vec<String> {
        let listed = Api::new(&self.machine.socket()).containers(&format!("dev.wlc.fleet={}", self.node.fleet()));
        let own = listed.into_iter().flatten().filter(|one| !one.is_infra && one.replica.starts_with(name));
        own.map(|one| one.id).collect()
    }

    fn wait(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let came = wait_until(what, LIMIT, || is_so(self));
        assert!(came.is_some(), "{what}: {:#}\n{}", self.node.status().unwrap_or_default(), self.node.agent_log());
    }
}

/// P-081: after a boot nobody knows how what ran has ended.
#[test]
fn power_that_goes_while_jobs_run_costs_their_attempts_and_no_result() {
    let Some(machine) = Machine::boot("power-jobs") else { return };
    let Some(mut node) = Node::new("power-jobs") else { return };
    node.set("podman", &machine.socket());
    node.enter(machine.entrance());
    let shared = node.path("shared");
    fs::create_dir_all(&shared).expect("folders can be made");
    node.write("workloads/jobs.kdl", &jobs(shared.to_str().expect("a plain path")));
    node.build();
    node.start_agent();
    let mut powered = Powered { machine, node };
    powered.wait("one is done and the others run", |powered| {
        let runs = |name| powered.runs(name) == 1 && powered.job(name)["active"] == 1;
        powered.job("done")["state"] == "complete" && runs("retried") && runs("given-up")
    });
    let before = powered.ids("done");
    powered.node.kill_agent();
    powered.machine.lose_power();
    powered.node.start_agent();
    powered.wait("the one is retried and the other given up", |powered| {
        powered.job("retried")["state"] == "complete" && powered.job("given-up")["state"] == "failed"
    });
    let (retried, given_up, done) = (powered.job("retried"), powered.job("given-up"), powered.job("done"));
    assert_eq!((&retried["failed"], &retried["succeeded"]), (&1.into(), &1.into()), "{retried}");
    assert_eq!(given_up["reason"], "Lost", "{given_up}");
    assert_eq!(done["state"], "complete", "{done}");
    assert_eq!(powered.ids("done"), before, "what has ended is left as it is");
    let runs = ["done", "retried", "given-up"].map(|name| powered.runs(name));
    assert_eq!(runs, [1, 2, 1]);
    tell("power-jobs: a run that was lost is tried again, or fails its job, and one that had ended is not repeated");
}
