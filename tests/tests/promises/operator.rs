//! What a person does on a node: hold, release, try again, and look at what happened.

use std::{
    io::{BufRead, Write},
    os::unix::fs::MetadataExt,
    process::Stdio,
};

use serde_json::Value;
use wlc_tests::{node::Node, podman};

const STEADY: &str = r#"
deployment "app" {
    grace "1s"
    container "main" image="localhost/busybox:1" { command "sh" "-c" "trap 'exit 0' TERM; while :; do sleep 0.1; done" }
}
"#;

fn started(test: &str, workload: &str) -> Option<Node> {
    let mut node = Node::new(test)?;
    node.write("workloads/app.kdl", workload);
    node.build();
    node.start_agent();
    Some(node)
}

fn events(node: &Node, name: &str) -> Vec<Value> {
    let printed = node.printed(&["events", name, "--format", "json"]);
    printed.lines().map(|line| serde_json::from_str(line).expect("a line is a document")).collect()
}

/// What is held is left alone, through a crash of the agent too; the release goes on where it was.
#[test]
fn a_workload_is_held_and_released() {
    let Some(mut node) = started("hold", STEADY) else { return };
    node.wait_ready("app", 1);
    node.printed(&["hold", "app", "--reason", "a disk is changed"]);
    node.wait_until("it is held", |node| node.instances("app")[0]["waits"][0]["gate"] == "held");
    let container = node.containers().remove(0);
    podman::kill_process(&container);
    node.kill_agent();
    node.start_agent();
    node.wait_until("the end is seen", |node| {
        node.instances("app").first().is_some_and(|app| app["containers"][0]["exit_code"] == 137)
    });
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(node.containers(), [container], "nothing was done");
    let status = node.printed(&["status"]);
    assert!(status.contains("held: `app` since 20") && status.contains(": a disk is changed;"), "{status}");
    assert!(node.refused(&["release", "app-0"]).contains("is held with all of `app`"));
    assert!(node.refused(&["hold", "nobody"]).contains("no workload or replica `nobody` is on this node"));
    node.printed(&["release", "app"]);
    node.wait_ready("app", 1);
    assert!(node.refused(&["release", "app"]).contains("`app` is not held"));
    let said: Vec<Value> = events(&node, "app").into_iter().filter(|event| event["event"] == "said").collect();
    assert_eq!(said.iter().map(|event| event["word"].as_str().unwrap()).collect::<Vec<_>>(), ["hold", "release"]);
    let user = format!("user {}", std::fs::metadata("/proc/self").expect("a process has an owner").uid());
    assert!(said[0]["by"].as_str().unwrap().contains(&user), "{said:?}");
}

/// A failure stands in status and in the record with all that is left of it, but for the values of its secrets; a retry ends
/// its back-off.
#[test]
fn a_failure_is_recorded_without_its_secrets() {
    let workload = r#"
secret "db" version="1" { key "password"; key "token" }
deployment "app" {
    container "main" image="localhost/busybox:1" {
        command "sh" "-c" "cat /run/secrets/db/password; echo token=$TOKEN; exit 9"
        env { TOKEN secret="db" key="token" }
        mount "/run/secrets/db" secret="db"
    }
}
"#;
    let Some(mut node) = Node::new("masked") else { return };
    node.write_secret("db", "password", "correct horse\nbattery\n");
    node.write_secret("db", "token", "t0ps3cret");
    node.write("workloads/app.kdl", workload);
    node.build();
    node.start_agent();
    node.wait_until("it waits for its back-off", |node| {
        node.instances("app").first().is_some_and(|app| app["state"] == "back-off" && app["failure"]["attempt"] == 1)
    });
    let failure = node.instances("app")[0]["failure"].clone();
    assert_eq!((&failure["exit_code"], &failure["log"]), (&9.into(), &serde_json::json!(["***", "token=***"])));
    let ended = events(&node, "app-0").into_iter().find(|event| event["event"] == "ended").expect("it is recorded");
    assert_eq!((&ended["version"], &ended["run"]["log"]), (&1.into(), &failure["log"]), "{ended}");
    let text = node.printed(&["events", "--since", "1h"]);
    assert!(text.contains("app-0  run 0 of `main` ended with 9 (Error) at "), "{text}");
    assert!(
        text.contains("\n    | token=***\n") && text.contains("node  generation 1 is accepted, signed by ci"),
        "{text}"
    );
    assert!(!text.contains("battery") && !text.contains("t0ps3cret"), "{text}");
    node.printed(&["retry", "app"]);
    node.wait_until("it runs again at once", |node| {
        events(node, "app").iter().any(|event| event["run"]["attempt"] == 2)
    });
}

/// Two replicas that say who they are and count.
const TALKERS: &str = r#"
deployment "app" replicas=2 {
    grace "1s"
    container "main" image="localhost/busybox:1" {
        command "sh" "-c" "echo $HOSTNAME begins; trap 'exit 0' TERM; while :; do sleep 0.1; done"
    }
}
"#;

/// Lines of several replicas carry their names; a run that begins later is followed too; the run before is kept.
#[test]
fn logs_are_shown_of_all_replicas_and_followed_over_a_restart() {
    let Some(node) = started("logs", TALKERS) else { return };
    node.wait_ready("app", 2);
    let all = node.printed(&["logs", "app"]);
    let mut lines: Vec<&str> = all.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["app-0/main | app-0 begins", "app-1/main | app-1 begins"]);
    assert_eq!(node.printed(&["logs", "app-1"]), "app-1 begins\n");
    assert!(node.refused(&["logs", "app-1", "--container", "other"]).contains("no container `other`; it has `main`"));
    assert_eq!(node.printed(&["logs", "app-1", "--since", "2030-01-01T00:00:00Z"]), "");
    let mut following = node.wlagent_command(&["logs", "app-0", "--follow", "--tail", "1"]);
    let mut following = following.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(following.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "app-0 begins");
    let container = node.containers().into_iter().find(|name| name.contains(".app-0.")).unwrap();
    podman::kill_process(&container);
    assert_eq!(lines.next().unwrap().unwrap(), "app-0 begins", "the next run is followed");
    following.kill().unwrap();
    following.wait().unwrap();
    assert_eq!(node.printed(&["logs", "app-0", "--previous"]), "app-0 begins\n");
    node.wait_ready("app", 2);
    // Its pod is made anew, and what is recorded of the failed run stays.
    node.printed(&["restart", "app-0"]);
    node.wait_until("it is made anew", |node| !node.containers().iter().any(|name| name == &container));
    node.wait_ready("app", 2);
    let recorded = node.wlagent(&["logs", "app-0", "--previous"]);
    let note = String::from_utf8_lossy(&recorded.stderr).into_owned();
    assert!(note.contains("run 0 of `main` of `app-0` is gone; it ended with 137"), "{note}");
    assert_eq!(String::from_utf8_lossy(&recorded.stdout), "app-0 begins\n");
}

/// S-470: a command has its own exit code, streams, input and terminal; what does not run takes none.
#[test]
fn a_command_is_run_in_a_container() {
    let Some(node) = started("exec", STEADY) else { return };
    node.wait_ready("app", 1);
    let ran = node.wlagent(&["exec", "app", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!((ran.status.code(), &*out, &*err), (Some(7), "out\n", "err\n"));
    let mut fed = node.wlagent_command(&["exec", "app-0", "-i", "--", "sh", "-c", "wc -c; echo done"]);
    let mut fed = fed.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // More than any buffer on the way holds.
    fed.stdin.take().unwrap().write_all(&vec![b'x'; 300_000]).unwrap();
    let fed = fed.wait_with_output().unwrap();
    assert_eq!((fed.status.code(), &*String::from_utf8_lossy(&fed.stdout)), (Some(0), "300000\ndone\n"));
    for (arguments, words) in [
        (&["exec", "nobody", "--", "true"][..], "no pod of a workload or replica `nobody`"),
        (&["exec", "app", "-c", "other", "--", "true"], "has no container `other`; it has `main`"),
        (&["exec", "app", "-t", "--", "true"], "`-t` needs a terminal here too"),
    ] {
        let refused = node.wlagent(arguments);
        let why = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.status.code() == Some(125) && why.contains(words), "{arguments:?} {:?}: {why}", refused.status);
    }
    let missing = node.wlagent(&["exec", "app", "--", "/no/such/program"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/no/such/program"), "{missing:?}");
    assert_eq!(missing.status.code(), Some(127));
    let program =
        node.wlagent_command(&["exec", "app", "-it", "--", "sh", "-c", "test -t 0 && echo is a terminal; exit 3"]);
    let words = std::iter::once(program.get_program()).chain(program.get_args());
    let line: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    match std::process::Command::new("script").args(["-qec", &line.join(" "), "/dev/null"]).output() {
        Ok(shown) => {
            let text = String::from_utf8_lossy(&shown.stdout).into_owned();
            assert!(shown.status.code() == Some(3) && text.contains("is a terminal"), "{:?} {text}", shown.status);
        }
        Err(_) => podman::skip("a terminal for exec: there is no `script` here"),
    }
    node.printed(&["hold", "app"]);
    node.wait_until("it is held", |node| node.instances("app")[0]["waits"][0]["gate"] == "held");
    podman::kill_process(&node.containers().remove(0));
    node.wait_until("it ended", |node| node.instances("app")[0]["containers"][0]["exit_code"] == 137);
    let refused = node.refused(&["exec", "app", "-c", "main", "--", "true"]);
    assert!(refused.contains("`main` of `app-0` does not run: it ended; `wlagent why app-0` tells more"), "{refused}");
}

/// The chain from what waits to what is broken, with what opens it.
#[test]
fn a_chain_of_waits_is_explained() {
    let Some(node) = started("why", STEADY) else { return };
    node.wait_ready("app", 1);
    assert!(node.printed(&["why", "app"]).contains("\n  waits for nothing\n"));
    let broken = r#"
deployment "base" {
    container "main" image="localhost/busybox:1" {
        command "sh" "-c" "echo no database; exit 4"
        // Without it, the base would count as ready while it runs.
        readiness "exec" "false"
    }
}
deployment "top" {
    after "base" "ready"
    container "main" image="localhost/busybox:1" { command "sleep" "1000" }
}
"#;
    node.write("workloads/broken.kdl", broken);
    node.build();
    node.wait_until("the base fails and waits", |node| {
        let is_waiting = |base: &Value| base["failure"]["attempt"] == 1 && base["waits"][0]["gate"] == "back-off";
        node.instances("base").first().is_some_and(is_waiting)
    });
    let why = node.printed(&["why", "top"]);
    for words in [
        "`top-0` is pending since 20",
        "  waits (after): waits until `base-0` is ready\n    goes on when what it waits for has come so far\n",
        "and `top-0` waits for it\n",
        "  waits (back-off) until 20",
        "    goes on when the time is over; `wlagent retry base-0` tries at once\n",
        "ended with 4 (Error)",
        "        | no database\n",
    ] {
        assert!(why.contains(words), "{words:?} is not in\n{why}");
    }
    let json: Value = serde_json::from_str(&node.printed(&["why", "top", "--format", "json"])).unwrap();
    assert_eq!((&json["version"], &json["replicas"][1]["replica"]), (&1.into(), &"base-0".into()));
    assert_eq!(json["replicas"][0]["waits"][0]["on"], serde_json::json!(["base-0"]));
    assert!(node.refused(&["why", "other"]).contains("generation 2 names no workload or replica `other`"));
}
