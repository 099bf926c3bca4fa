//! The agent as a service of its machine: what it tells the service manager and the journal, whom it answers, which rights it
//! needs, and the stop of everything at shutdown.

use std::{
    collections::BTreeMap,
    fs,
    os::{
        linux::{fs::MetadataExt, net::SocketAddrExt},
        unix::net::{SocketAddr, UnixDatagram},
    },
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use wlc_tests::{
    node::{Node, fetch},
    podman, running,
};

use super::web;

/// Reads datagrams until one fulfils the condition, and gives all that were read; none when the time is over.
fn hear(socket: &UnixDatagram, limit: Duration, is_it: impl Fn(&str) -> bool) -> (Vec<String>, bool) {
    let (begun, mut heard, mut bytes) = (Instant::now(), Vec::new(), vec![0; 1 << 18]);
    while let Some(left) = limit.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
        socket.set_read_timeout(Some(left)).unwrap();
        let Ok(length) = socket.recv(&mut bytes) else { break };
        heard.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
        if is_it(heard.last().unwrap()) {
            return (heard, true);
        }
    }
    (heard, false)
}

fn wait_for(socket: &UnixDatagram, what: &str) -> Vec<String> {
    let (heard, found) = hear(socket, Duration::from_secs(60), |text| text.contains(what));
    assert!(found, "`{what}` was never told: {heard:?}");
    heard
}

/// The whole talk with a service manager, the watchdog of one second included, and its silence while the loop hangs: the
/// agent is made to read a note of its own that nobody writes.
#[test]
fn the_service_manager_is_told_and_a_hung_loop_is_silent() {
    let Some(mut node) = Node::new("sd-notify") else { return };
    let path = node.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    node.start_agent_as(|mut command| {
        command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "1000000");
        command
    });
    let heard = wait_for(&socket, "READY=1");
    assert!(heard.iter().any(|text| text == "STATUS=no plan set was accepted yet"), "{heard:?}");
    let (pings, _) = hear(&socket, Duration::from_secs(3), |_| false);
    let count = pings.iter().filter(|text| *text == "WATCHDOG=1").count();
    assert!(count >= 5, "within each second at least twice: {pings:?}");
    node.write("workloads/web.kdl", &web(1, "hello"));
    node.build();
    wait_for(&socket, "STATUS=generation 1: 1 of 1 replicas ready");

    let filter = format!("label=dev.wlc.fleet={}", node.fleet());
    let pod = podman::text(&["pod", "ps", "--format", "{{.Name}}", "--filter", &filter]);
    let notes = node.path("state").join(node.fleet()).join("records").join(pod.trim());
    fs::create_dir_all(&notes).unwrap();
    let note = notes.join("stop");
    assert!(Command::new("mkfifo").arg(&note).status().unwrap().success());
    node.signal_agent("HUP");
    let reloading = wait_for(&socket, "RELOADING=1\nMONOTONIC_USEC=");
    assert!(!reloading.iter().any(|text| text == "READY=1"), "it was ready all the time: {reloading:?}");
    let (silence, _) = hear(&socket, Duration::from_secs(3), |_| false);
    assert_eq!(silence, [""; 0], "the loop hangs, and nobody else pings");
    let hung = fs::File::options().write(true).open(&note).unwrap();
    fs::remove_file(&note).unwrap();
    drop(hung);
    let resumed = wait_for(&socket, "READY=1");
    assert!(resumed.iter().any(|text| text == "WATCHDOG=1"), "{resumed:?}");
    assert_eq!(node.stop_agent(), Some(0));
    wait_for(&socket, "STOPPING=1");
    assert_eq!(node.containers().len(), 1, "stopping the agent stops no container");
}

/// A socket in the abstract namespace, as managers in containers give one.
#[test]
fn an_abstract_socket_is_told_too() {
    let Some(mut node) = Node::new("sd-abstract") else { return };
    let name = format!("wlagent-promises-{}", std::process::id());
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    node.start_agent_as(|mut command| {
        command.env("NOTIFY_SOCKET", format!("@{name}"));
        command
    });
    wait_for(&socket, "READY=1");
    assert_eq!(node.stop_agent(), Some(0));
    let heard = wait_for(&socket, "STOPPING=1");
    assert!(!heard.iter().any(|text| text.contains("WATCHDOG")), "no watchdog asked for pings: {heard:?}");
}

/// Status, metrics and health over the loopback, of an agent at work.
#[test]
fn the_loopback_is_answered() {
    let Some(mut node) = Node::new("loopback") else { return };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = fs::read_to_string(node.path("agent.kdl")).unwrap();
    fs::write(node.path("agent.kdl"), format!("{settings}http \"{free}\"\n")).unwrap();
    node.write("workloads/web.kdl", &web(2, "hello"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 2);
    let get = |path: &str| fetch(free.port(), path).unwrap_or_else(|| panic!("{path}: {}", node.agent_log()));
    assert_eq!(get("/healthz"), "ok\n");
    let document: Value = serde_json::from_str(&get("/status")).unwrap();
    assert_eq!(document["instances"], node.status().unwrap()["instances"]);
    let page = || get("/metrics");
    node.wait_until("the page says what is", |_| {
        let page = page();
        [
            "wlagent_replicas_ready{workload=\"web\",kind=\"deployment\"} 2",
            "wlagent_replicas_wanted{workload=\"web\",kind=\"deployment\"} 2",
            "wlagent_podman_up 1",
            "wlagent_generation 1",
            "wlagent_generations_accepted_total 1",
            "wlagent_actions_total{kind=\"make-pod\"} 2",
            "wlagent_action_failures_total{kind=\"make-pod\"} 0",
            "wlagent_rollouts_total{workload=\"web\",stage=\"complete\"} 1",
        ]
        .iter()
        .all(|line| page.lines().any(|found| found == *line))
    });
    let first = node.containers().remove(0);
    podman::text(&["kill", &first]);
    node.wait_until("the restart is counted", |_| {
        page().contains("wlagent_container_restarts_total{workload=\"web\",container=\"httpd\"} 1\n")
    });
}

/// The fields of a datagram to the journal: `NAME=value`, or the name, a length and bytes.
fn fields(datagram: &[u8]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut rest = datagram;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, behind) = (&rest[..end], &rest[end + 1..]);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        if let Some(at) = line.iter().position(|byte| *byte == b'=') {
            fields.insert(text(&line[..at]), text(&line[at + 1..]));
            rest = behind;
        } else {
            let length = usize::try_from(u64::from_le_bytes(behind[..8].try_into().unwrap())).unwrap();
            fields.insert(text(line), text(&behind[8..8 + length]));
            assert_eq!(behind[8 + length], b'\n');
            rest = &behind[9 + length..];
        }
    }
    assert!(rest.is_empty());
    fields
}

/// With the journal behind standard error the log goes to the journal itself, with fields that can be asked for. The journal
/// is a socket of this test, in a mount namespace of the agent's own.
#[test]
fn the_journal_gets_fields() {
    let Some(mut node) = Node::new("journal") else { return };
    let apart = Command::new("unshare").args(["--mount", "mount", "-t", "tmpfs", "tmpfs", "/run/systemd"]).output();
    if !apart.is_ok_and(|apart| apart.status.success()) {
        return podman::skip("the_journal_gets_fields: no mount namespace with a /run/systemd of its own can be made");
    }
    let folder = node.path("journal");
    fs::create_dir(&folder).unwrap();
    let socket = UnixDatagram::bind(folder.join("socket")).unwrap();
    node.write("workloads/web.kdl", &web(1, "hello"));
    node.build();
    fs::write(node.path("agent.log"), "").unwrap();
    let log = fs::metadata(node.path("agent.log")).unwrap();
    let stream = format!("{}:{}", log.st_dev(), log.st_ino());
    node.start_agent_as(|command| {
        let mount = "mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/journal && \
                     mount --bind \"$0\" /run/systemd/journal && exec \"$@\"";
        let mut apart = Command::new("unshare");
        apart.args(["--mount", "sh", "-c", mount]).arg(&folder).arg(command.get_program()).args(command.get_args());
        apart.env("JOURNAL_STREAM", &stream);
        apart
    });
    let (mut events, mut bytes, begun) = (Vec::new(), vec![0; 1 << 18], Instant::now());
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let find = |events: &[BTreeMap<String, String>], what: &str| {
        events.iter().find(|event| event.get("MESSAGE").is_some_and(|text| text.starts_with(what))).cloned()
    };
    while find(&events, "run container").is_none() && begun.elapsed() < Duration::from_secs(60) {
        events.extend(socket.recv(&mut bytes).ok().filter(|length| *length > 0).map(|length| fields(&bytes[..length])));
    }
    let begins = find(&events, "begins").unwrap_or_else(|| panic!("{events:?}\n{}", node.agent_log()));
    let made = find(&events, "make pod").unwrap();
    for (event, name, value) in [
        (&begins, "WLC_GENERATION", "1"),
        (&begins, "WLC_WORKLOAD", "web"),
        (&begins, "WLC_REPLICA", "web-0"),
        (&begins, "WLC_REASON", "new in the plan"),
        (&made, "WLC_WORKLOAD", "web"),
        (&made, "WLC_REPLICA", "web-0"),
        (&made, "PRIORITY", "6"),
        (&made, "SYSLOG_IDENTIFIER", "wlagent"),
    ] {
        assert_eq!(event.get(name).map(String::as_str), Some(value), "{name} of {event:?}");
    }
    assert_eq!(node.agent_log(), "", "nothing is told twice");
}

/// The agent does its work with the capabilities that its unit leaves it, and without new privileges.
#[test]
fn the_rights_of_the_unit_are_enough() {
    let Some(mut node) = Node::new("rights") else { return };
    let unit = fs::read_to_string(running::workspace().join("agent/systemd/wlagent.service")).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix("CapabilityBoundingSet=")).unwrap();
    let kept: Vec<String> =
        line.split(' ').map(|name| format!("+{}", name.trim_start_matches("CAP_").to_lowercase())).collect();
    let set = format!("--bounding-set=-all,{}", kept.join(","));
    let works = Command::new("setpriv").args([&set, "--no-new-privs", "true"]).output();
    if !works.is_ok_and(|works| works.status.success()) {
        return podman::skip("the_rights_of_the_unit_are_enough: setpriv cannot take rights away here");
    }
    fs::create_dir_all(node.path("secrets/pass")).unwrap();
    fs::write(node.path("secrets/pass/word"), "open").unwrap();
    node.write(
        "workloads/app.kdl",
        r#"
secret "pass" { key "word" }
deployment "app" {
    grace "1s"
    fs-group 3000
    container "app" image="localhost/busybox:1" {
        command "sleep" "1000"
        user 2000
        readiness "exec" "sh" "-c" "test $(cat /secret/word) = open && touch /data/x" period="1s"
        mount "/secret" secret="pass" mode="0444"
        mount "/data" empty-dir="1MiB"
    }
}
"#,
    );
    node.build();
    node.start_agent_as(|command| {
        let mut less = Command::new("setpriv");
        less.args([&set, "--no-new-privs"]).arg(command.get_program()).args(command.get_args());
        less
    });
    node.wait_ready("app", 1);
    podman::text(&["kill", &node.containers()[0]]);
    node.wait_until("the container was started again", |node| node.instances("app")[0]["restarts"] == 1);
    node.wait_ready("app", 1);
    node.write("workloads/app.kdl", "removed \"app\"\n");
    node.build();
    node.wait_until("it is gone", |node| node.containers().is_empty());
}

/// P-115, S-297: `wlagent shutdown` ends what waited for others first, each with its grace; the next agent starts all again.
#[test]
fn shutdown_stops_in_order_and_the_next_agent_starts_again() {
    let Some(mut node) = Node::new("shutdown") else { return };
    let slow = "trap 'sleep 1; exit 0' TERM; while true; do sleep 0.05; done";
    node.write(
        "workloads/db.kdl",
        &format!(
            r#"
stateful-set "db" replicas=2 order="ready" {{
    grace "10s"
    container "main" image="localhost/busybox:1" {{ command "sh" "-c" "{slow}"; }}
}}
"#
        ),
    );
    node.build();
    node.start_agent();
    node.wait_ready("db", 2);
    let refused = node.wlagent(&["shutdown"]);
    assert_eq!(refused.status.code(), Some(1), "an agent runs: {}", String::from_utf8_lossy(&refused.stderr));
    assert!(node.containers().iter().all(|name| podman::runs(name)), "and nothing was stopped");
    assert_eq!(node.stop_agent(), Some(0));
    let stopped = node.wlagent(&["shutdown"]);
    assert!(stopped.status.success(), "{}", String::from_utf8_lossy(&stopped.stderr));
    assert_eq!(String::from_utf8_lossy(&stopped.stdout), "2 of 2 pods stopped\n");
    let ended = |replica: &str| -> Value {
        let name = node.containers().into_iter().find(|name| name.contains(replica)).unwrap();
        let inspected: Value = serde_json::from_str(&podman::text(&["inspect", "--type", "container", &name])).unwrap();
        inspected[0]["State"].clone()
    };
    let (first, last) = (ended(".db-1."), ended(".db-0."));
    assert_eq!((&first["ExitCode"], &last["ExitCode"]), (&Value::from(0), &Value::from(0)), "each had its grace");
    let (first, last) = (first["FinishedAt"].as_str().unwrap(), last["FinishedAt"].as_str().unwrap());
    assert!(first < last, "db-1 waited for db-0, and ends before it: {first} {last}");
    let again = node.wlagent(&["shutdown"]);
    assert_eq!(String::from_utf8_lossy(&again.stdout), "0 of 0 pods stopped\n");
    node.start_agent();
    node.wait_ready("db", 2);
}
