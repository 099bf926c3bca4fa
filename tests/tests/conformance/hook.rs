//! Hooks: what runs after a start and before a stop, as the programs themselves wrote it down.

use std::time::{Duration, Instant};

use wlc_tests::node::Node;

use crate::{
    looks::{folder, log, running},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Short hooks_run_in_their_place),
    scene!(Long a_stop_takes_as_long_as_its_hook),
    scene!(Long a_stop_begun_again_has_what_was_left),
    scene!(Long a_hook_trusts_whoever_answers),
];

/// A web server whose page `/cgi-bin/NAME` writes its query down.
fn site() -> &'static str {
    "config \"site\" { file \"tell\" text=\"#!/bin/sh\\necho $QUERY_STRING >> /shared/log\\nprintf 'Status: 200 OK\\\\r\\\\n\\\\r\\\\n'\\n\" }\n"
}

/// A pod that writes down when it starts and ends, with hooks; `role` is `container` or `sidecar`.
fn pod(node: &Node, name: &str, role: &str, hooks: &str) -> String {
    let beside = match role {
        "sidecar" => {
            "container \"beside\" image=\"localhost/busybox:1\" { command \"sh\" \"-c\" \"trap 'exit 0' TERM; while :; do sleep 0.1; done\"; }"
        }
        _ => "",
    };
    format!(
        r#"
deployment "{name}" {{
    grace "20s"
    {role} "main" image="localhost/busybox:1" {{
        env {{ POD field="workload"; }}
        command "sh" "-c" "httpd -p 8080 -h /www; echo start $POD >> /shared/log; trap 'echo end $POD >> /shared/log; exit 0' TERM; while :; do sleep 0.1; done"
        port "http" 8080
        mount "/www" mode="0755" {{ config "site" {{ item "tell" "cgi-bin/tell" }} }}
        mount "/shared" host-path="{}"
        readiness "tcp" port="http" period="1s"
        {hooks}
    }}
    {beside}
}}
"#,
        folder(node).display()
    )
}

fn exec(when: &str, word: &str) -> String {
    format!("{when} \"exec\" \"sh\" \"-c\" \"sleep 0.5; echo {word} $POD >> /shared/log\"\n")
}

fn http(when: &str, name: &str, word: &str) -> String {
    format!("{when} \"http\" \"/cgi-bin/tell?{word}+{name}\" port=\"http\"\n")
}

fn remove(node: &Node, names: &[&str]) {
    let removed: String = names.iter().map(|name| format!("removed \"{name}\"\n")).collect();
    node.write("workloads/pods.kdl", &removed);
    node.build();
    node.wait_until("all are gone", |node| node.containers().is_empty());
}

/// C-193, C-196, C-197, C-198, C-199, C-206, C-207: after the start and before the signal, on containers and on sidecars; the
/// container runs until its hook is done.
fn hooks_run_in_their_place(stage: &Stage) {
    let mut node = stage.node();
    let names = ["http", "exec", "side-http", "side-exec"];
    let role = |name: &str| if name.starts_with("side") { "sidecar" } else { "container" };
    let hooks = |name: &str| match name.ends_with("http") {
        true => [http("post-start", name, "hello"), http("pre-stop", name, "bye")].concat(),
        false => [exec("post-start", "hello"), exec("pre-stop", "bye")].concat(),
    };
    let pods: String = names.iter().map(|name| pod(&node, name, role(name), &hooks(name))).collect();
    node.write("workloads/pods.kdl", &format!("{}{pods}", site()));
    node.build();
    node.start_agent();
    for name in names {
        node.wait_settled(name, 1);
    }
    let wrote = |name: &str| -> Vec<String> {
        let told = log(&node).into_iter().map(|line| line.replace('+', " "));
        told.filter_map(|line| line.strip_suffix(&format!(" {name}")).map(str::to_owned)).collect()
    };
    // The server writes down what it was asked a moment after it has answered.
    node.wait_until("every pod has written twice", |_| names.iter().all(|name| wrote(name).len() >= 2));
    let before = names.map(&wrote);
    remove(&node, &names);
    let after = names.map(&wrote);
    let row = |id: &str, pod: usize, is_start: bool| {
        stage.row(id, || match is_start {
            true => assert_eq!(before[pod], ["start", "hello"]),
            false => assert_eq!(after[pod], ["start", "hello", "bye", "end"]),
        });
    };
    row("C-193", 0, false);
    row("C-206", 1, false);
    row("C-207", 1, false);
    row("C-198", 2, true);
    row("C-199", 2, false);
    row("C-196", 3, true);
    row("C-197", 3, false);
}

/// C-202, C-204, C-205: a hook that sleeps makes the stop as long; one of nothing does not; and nobody waits for one whose
/// container has ended.
fn a_stop_takes_as_long_as_its_hook(stage: &Stage) {
    let mut node = stage.node();
    let sleep = |time: &str| format!("pre-stop \"sleep\" \"{time}\"\n");
    let pods = [("long", sleep("3s")), ("none", sleep("0s")), ("ends", sleep("18s"))];
    let text: String = pods.iter().map(|(name, hook)| pod(&node, name, "container", hook)).collect();
    node.write("workloads/pods.kdl", &format!("{}{text}", site()));
    node.build();
    node.start_agent();
    for (name, _) in &pods {
        node.wait_settled(name, 1);
    }
    let ends = running(&node, "ends-0").expect("it runs");
    let begun = Instant::now();
    node.write("workloads/pods.kdl", "removed \"long\"\nremoved \"none\"\nremoved \"ends\"\n");
    node.build();
    let mut gone = [None; 3];
    while gone.iter().any(Option::is_none) && begun.elapsed() < Duration::from_secs(60) {
        if begun.elapsed() > Duration::from_secs(2) {
            // It ends by itself while its hook still sleeps.
            wlc_tests::podman::podman(&["exec", &ends.name, "kill", "-TERM", "1"]);
        }
        for (at, (name, _)) in pods.iter().enumerate() {
            if gone[at].is_none() && running(&node, &format!("{name}-0")).is_none() {
                gone[at] = Some(begun.elapsed().as_secs_f64());
            }
        }
    }
    stage.row("C-202", || assert!(gone[0].is_some_and(|took| (3.0..15.0).contains(&took)), "{gone:?}"));
    stage.row("C-205", || assert!(gone[1].is_some_and(|took| took < 8.0), "{gone:?}"));
    stage.row("C-204", || assert!(gone[2].is_some_and(|took| took < 14.0), "{gone:?}"));
    node.wait_until("all are gone", |node| node.containers().is_empty());
}

/// C-203: the agent is killed in the middle of a stop; the next one goes on with what was left of the grace.
fn a_stop_begun_again_has_what_was_left(stage: &Stage) {
    let mut node = stage.node();
    let deaf = "container \"main\" image=\"localhost/busybox:1\" { command \"sh\" \"-c\" \"trap '' TERM; while :; do sleep 0.1; done\"; }";
    node.write("workloads/pods.kdl", &format!("deployment \"deaf\" {{\n    grace \"10s\"\n    {deaf}\n}}\n"));
    node.build();
    node.start_agent();
    node.wait_settled("deaf", 1);
    node.write("workloads/pods.kdl", "removed \"deaf\"\n");
    node.build();
    let begun = Instant::now();
    std::thread::sleep(Duration::from_secs(5));
    assert!(running(&node, "deaf-0").is_some(), "it does not listen");
    node.kill_agent();
    node.start_agent();
    node.wait_until("it is gone", |node| node.containers().is_empty());
    assert!(begun.elapsed() < Duration::from_secs(17), "it took {:?} of a grace of 10 s", begun.elapsed());
}

/// A certificate that nobody else signed, and its key.
fn certificate(node: &Node) -> Option<(String, Vec<u8>)> {
    let (key, certificate) = (node.path("tls.key"), node.path("tls.crt"));
    let mut command = std::process::Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=nobody", "-keyout"]);
    let made = command.arg(&key).arg("-out").arg(&certificate).output().ok()?;
    made.status.success().then(|| (std::fs::read_to_string(certificate).unwrap(), std::fs::read(key).unwrap()))
}

/// C-194: a hook over HTTPS asks a server whose certificate nobody signed.
fn a_hook_trusts_whoever_answers(stage: &Stage) {
    let mut node = stage.node();
    let Some((certificate, key)) = certificate(&node) else { return stage.skip("C-194", "openssl is not here") };
    node.write_secret("tls", "key", &key);
    node.write("workloads/tls.crt", &certificate);
    node.write(
        "workloads/tls.kdl",
        r#"
config "server" { file "tls.conf" text="server { listen 8443 ssl; ssl_certificate /crt/crt; ssl_certificate_key /key/key; access_log /dev/stdout; root /usr/share/nginx/html; }" }
config "crt" { file "crt" from="tls.crt" }
secret "tls" { key "key" }
deployment "tls" {
    grace "2s"
    container "main" image="localhost/nginx:1" {
        port "tls" 8443
        mount "/etc/nginx/conf.d" config="server"
        mount "/crt" config="crt"
        mount "/key" secret="tls"
        readiness "https" "/" port="tls" period="1s"
        post-start "https" "/hello" port="tls"
    }
}
"#,
    );
    node.build();
    node.start_agent();
    node.wait_until("the hook was heard", |node| {
        let log = running(node, "tls-0").map(|one| wlc_tests::podman::text(&["logs", &one.name])).unwrap_or_default();
        log.contains("GET /hello")
    });
}
