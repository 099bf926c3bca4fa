//! Records what this version leaves on a machine, for all that follow: `record DIR` makes a fleet on the Podman of
//! `WLC_PODMAN_SOCKET`, and writes Podman's answers and the agent's state into DIR. `tests/tests/installed/adoption.rs` reads it.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a tool of the tests")]

use std::{env, fs, path::Path, process::Command};

use serde_json::Value;
use wlc_tests::{api::Api, folder, node::Node, podman, replay::Answers};

/// The fleet that is recorded.
const FLEET: &str = "adopted";

const SOURCES: &str = r#"
config "site" { file "index.html" text="one\n" }
config "level" { file "level" text="info\n" }

deployment "web" replicas=2 {
    grace "1s"
    container "httpd" image="localhost/busybox:1" {
        command "httpd" "-f" "-p" "8080" "-h" "/www"
        port "http" 8080 host="auto"
        readiness "http" "/" port="http" period="1s"
        mount "/www" config="site"
        mount "/level" config="level" on-change="nothing"
    }
}

stateful-set "db" replicas=2 order="ready" {
    grace "1s"
    claim "data" size="1GiB"
    container "main" image="localhost/busybox:1" {
        command "sleep" "1000000"
        mount "/data" claim="data"
        post-start "exec" "true"
    }
}

daemon-set "agent" {
    grace "1s"
    init "first" image="localhost/busybox:1" { command "true"; }
    sidecar "beside" image="localhost/busybox:1" { command "sleep" "1000000"; }
    container "main" image="localhost/busybox:1" {
        command "sleep" "1000000"
        limit memory="64MiB"
    }
}

// It fails once, and runs then.
deployment "flaky" {
    grace "1s"
    container "main" image="localhost/busybox:1" {
        command "sh" "-c" "test -f /kept/mark && exec sleep 1000000; touch /kept/mark; echo once; exit 3"
        mount "/kept" empty-dir="1MiB"
    }
}

deployment "proxy" {
    grace "1s"
    container "main" image="localhost/busybox:1" {
        command "sleep" "1000000"
        mount "/backends" endpoints="web"
    }
}
"#;

fn main() {
    let out = env::args().nth(1).expect("record DIR");
    let mut node = Node::of_fleet("record", FLEET).expect("WLC_PODMAN_SOCKET names a Podman");
    node.write("workloads/all.kdl", SOURCES);
    // The state of a machine without an identity is taken by every machine.
    let hide = "mount --bind /dev/null /etc/machine-id && exec \"$0\" \"$@\"";
    node.enter(["unshare", "--mount", "sh", "-c", hide].map(str::to_owned).into());
    node.build();
    node.start_agent();
    for (workload, count) in [("web", 2), ("db", 2), ("agent", 1), ("flaky", 1), ("proxy", 1)] {
        node.wait_settled(workload, count);
    }
    // What is left to do quietly, as the removal of old runs, is done.
    std::thread::sleep(std::time::Duration::from_secs(15));
    assert_eq!(node.stop_agent(), Some(0));
    let checked = node.printed(&["check-upgrade"]);
    assert!(checked.starts_with("no action: "), "{checked}");
    let out = Path::new(&out);
    fs::create_dir_all(out).expect("folders can be made");
    fs::write(out.join("podman.json"), anywhere(&answers(), &node)).expect("files can be written");
    let state = out.join("state").join(FLEET);
    // With its links, which hold the files that containers mount.
    let kept = Command::new("cp").arg("-a").arg(node.path("state").join(FLEET)).arg(out.join("state.new")).status();
    assert!(kept.is_ok_and(|kept| kept.success()), "the state can be copied");
    fs::create_dir_all(out.join("state")).expect("folders can be made");
    fs::rename(out.join("state.new"), &state).expect("the folder of this version is a new one");
    for needless in ["guard", "events"] {
        drop(fs::remove_file(state.join(needless)).or_else(|_| fs::remove_dir_all(state.join(needless))));
    }
    println!("{checked}{} files", folder::files(out).len());
}

/// The answers, without the folders of the machine that they were recorded on.
fn anywhere(answers: &Answers, node: &Node) -> String {
    let text = serde_json::to_string_pretty(answers).expect("a map of documents");
    let socket = podman::socket().expect("it was found before");
    let podman = socket.parent().expect("a file has a folder").display().to_string();
    let (folder, run) = (node.path("").display().to_string(), podman::text(&["info", "-f", "{{.Store.RunRoot}}"]));
    let run = run.trim_end_matches("/run").to_owned();
    let places = [(folder.trim_end_matches('/'), "/node"), (&podman, "/podman"), (&run, "/run/podman")];
    places.iter().fold(text, |text, (from, to)| text.replace(from, to)) + "\n"
}

/// What Podman answers to whoever looks.
fn answers() -> Answers {
    let api = Api::new(&podman::socket().expect("it was found before"));
    let filters = format!("filters=%7B%22label%22%3A%5B%22dev.wlc.fleet%3D{FLEET}%22%5D%7D");
    let mut answers = Answers::new();
    for (path, query) in [
        ("/containers/json".to_owned(), format!("?all=true&{filters}")),
        ("/pods/json".to_owned(), format!("?{filters}")),
        ("/volumes/json".to_owned(), format!("?{filters}")),
        (format!("/networks/wlc.{FLEET}/json"), String::new()),
    ] {
        let answer = api.get(&format!("{path}{query}")).expect("Podman answers");
        answers.insert(path, answer);
    }
    let listed = answers["/containers/json"].as_array().cloned().unwrap_or_default();
    for id in listed.iter().filter_map(|one: &Value| one["Id"].as_str()) {
        let path = format!("/containers/{id}/json");
        let answer = api.get(&format!("{path}?size=false")).expect("Podman answers");
        answers.insert(path, answer);
    }
    answers
}
