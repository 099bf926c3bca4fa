//! Where the kinds are placed, as `wlc list` shows it; and what no build carries out of jobs.

use wlc_tests::repository::{FLEET, Repository};

const IMAGE: &str = "registry.example/main:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Three nodes of 8 CPUs; the third one is labelled.
fn with(workloads: &str) -> Repository {
    let node = |name: &str, label: &str| {
        format!("node \"{name}\" {{ {label} }}\nfacts \"{name}\" {{ capacity cpu=8 memory=\"16GiB\" }}\n")
    };
    let nodes = [node("n1", ""), node("n2", ""), node("n3", "label \"disk\" \"ssd\"")].concat();
    let repository = Repository::empty().with("fleet.kdl", FLEET).with("nodes.kdl", nodes);
    repository.with("workloads.kdl", workloads.replace("IMAGE", IMAGE))
}

/// Kind, replica and node of each line of `wlc list`.
fn listed(workloads: &str) -> Vec<(String, String, String)> {
    let ran = with(workloads).wlc(&["list"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let rows = ran.stdout.lines().map(words);
    rows.map(|row| (row[1].clone(), row[0].clone(), row[2].clone())).collect()
}

fn replicas(rows: &[(String, String, String)]) -> Vec<&str> {
    rows.iter().map(|(_, replica, _)| replica.as_str()).collect()
}

/// S-095: one, always.
#[test]
fn what_is_not_written_is_one_replica() {
    for kind in ["deployment", "stateful-set", "job"] {
        let rows = listed(&format!("{kind} \"db\" {{ container \"main\" image=\"IMAGE\" }}"));
        assert_eq!(replicas(&rows), ["db-0"], "{kind}");
    }
}

/// S-097, S-113, C-051, C-054: numbers from `start` on, one after the other.
#[test]
fn a_stateful_set_has_the_numbers_from_its_start_on() {
    let rows = listed("stateful-set \"db\" replicas=3 start=5 { container \"main\" image=\"IMAGE\" }");
    assert_eq!(replicas(&rows), ["db-5", "db-6", "db-7"]);
    assert!(rows.iter().all(|(kind, ..)| kind == "stateful-set"));
    let mut nodes: Vec<&str> = rows.iter().map(|(.., node)| node.as_str()).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, ["n1", "n2", "n3"]);
}

/// S-172 to S-175, P-066 to P-068, P-079: as many at the same time as are wanted and allowed.
#[test]
fn a_job_has_as_many_replicas_as_may_run_at_the_same_time() {
    let count = |job: &str| listed(&format!("job \"train\" {job}")).len();
    let body = "{ container \"main\" image=\"IMAGE\" }";
    assert_eq!(count(body), 1);
    assert_eq!(count(&format!("completions=4 parallelism=2 {body}")), 2);
    assert_eq!(count(&format!("completions=2 parallelism=5 {body}")), 2);
    assert_eq!(count(&format!("completions=3 {body}")), 1);
    assert_eq!(count(&format!("parallelism=3 {body}")), 3, "a queue without a count");
    assert_eq!(count(&format!("completions=\"any\" parallelism=3 {body}")), 3);
    assert_eq!(count(&format!("completions=4 parallelism=0 {body}")), 1, "it keeps its place");
    assert_eq!(count("completions=4 parallelism=2 { suspend; container \"main\" image=\"IMAGE\" }"), 2);
    let rows = listed(&format!("job \"train\" completions=4 parallelism=3 {body}"));
    assert_eq!(replicas(&rows), ["train-0", "train-1", "train-2"]);
}

#[test]
fn a_job_with_too_little_room_runs_as_many_as_have_room() {
    let big = "container \"main\" image=\"IMAGE\" { request cpu=5 }";
    assert_eq!(replicas(&listed(&format!("job \"train\" completions=9 parallelism=5 {{ {big} }}"))).len(), 3);
    let rows = listed(&format!("cron-job \"backup\" schedule=\"@daily\" completions=9 parallelism=5 {{ {big} }}"));
    assert_eq!(replicas(&rows), ["backup"]);
}

/// P-101: one node owns a cron job; `per-node` runs it on each.
#[test]
fn a_cron_job_has_one_owner_and_per_node_makes_it_one_on_each() {
    let body = "container \"main\" image=\"IMAGE\"";
    let rows = listed(&format!("cron-job \"backup\" schedule=\"@daily\" {{ {body} }}"));
    assert_eq!(rows.len(), 1);
    let rows = listed(&format!("cron-job \"trim\" schedule=\"@daily\" {{ per-node; {body} }}"));
    assert_eq!(replicas(&rows), ["trim-n1", "trim-n2", "trim-n3"]);
    let ssd = "place { require { label \"disk\" \"ssd\" } }";
    let rows = listed(&format!("job \"trim\" {{ per-node; {ssd}; {body} }}"));
    assert_eq!(replicas(&rows), ["trim-n3"]);
}

/// What no build carries out of a job is refused by its name.
#[test]
fn a_build_refuses_what_it_does_not_carry_out_of_a_job() {
    for (word, named) in [
        ("replace-when \"terminating-or-failed\"", "terminating-or-failed"),
        ("on-condition \"config-issue\" action=\"fail-job\"", "config-issue"),
    ] {
        let repository = with(&format!("job \"train\" {{ {word}; container \"main\" image=\"IMAGE\" }}"));
        assert_eq!(repository.wlc(&["check"]).code, Some(0));
        let ran = repository.wlc(&["build"]);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains(named) && ran.stderr.contains("not carried out by this version"), "{}", ran.stderr);
        assert!(!repository.path().join("plans").exists());
    }
}
