//! Volumes: what changes in them while their containers run.

use wlc_tests::{node::Node, podman};

use crate::{
    looks::{containers, running, shell},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] =
    &[scene!(Short files_change_while_their_readers_run), scene!(Long secrets_are_their_fleets_own)];

fn write(node: &Node, tier: &str, declared: &str) {
    node.write(
        "workloads/reader.kdl",
        &format!(
            r#"
{declared}
deployment "reader" {{
    label "tier" "{tier}"
    annotation "owner" "team {tier}"
    grace "1s"
    container "main" image="localhost/busybox:1" {{
        command "sleep" "1000"
        mount "/config" on-change="nothing" {{ config "site" }}
        mount "/optional" on-change="nothing" {{ config "may-come" optional=#true; config "site" {{ item "page" "always" }} }}
        mount "/label" {{ field "tier" "labels.tier"; field "owner" "annotations.owner" }}
        mount "/owned" on-change="nothing" {{ config "site"; field "owner" "annotations.owner" }}
        mount "/secret" on-change="nothing" {{ secret "may-be-absent" optional=#true }}
        mount "/both" on-change="nothing" {{ config "site"; secret "may-be-absent" optional=#true }}
    }}
}}
"#
        ),
    );
    node.build();
}

fn reads(node: &Node, path: &str, expected: &str) {
    let line = format!("cat {path} 2>/dev/null || echo absent");
    // What it is asked in may go in between.
    let says = |name: &str| podman::podman(&["exec", name, "sh", "-c", &line]).stdout;
    node.wait_until(&format!("{path} says {expected}"), |node| {
        running(node, "reader-0").is_some_and(|one| String::from_utf8_lossy(&says(&one.name)).trim() == expected)
    });
}

/// C-383, C-388, C-389, C-404, C-405, C-412, C-417: labels, annotations, configs and secrets that change are read without a restart,
/// and so are secrets that come. A config that comes or goes brings a new pod.
fn files_change_while_their_readers_run(stage: &Stage) {
    let mut node = stage.node();
    let site = |page: &str| format!("config \"site\" {{ file \"page\" text=\"{page}\" }}\n");
    let secret = |version: u32| format!("secret \"may-be-absent\" version=\"{version}\" {{ key \"password\" }}\n");
    let optional = |text: &str| format!("config \"may-come\" {{ file \"extra\" text=\"{text}\" }}\n");
    write(&node, "front", &[site("one"), secret(1)].concat());
    node.start_agent();
    node.wait_settled("reader", 1);
    let before = containers(&node);
    reads(&node, "/config/page", "one");
    reads(&node, "/secret/password", "absent");
    reads(&node, "/optional/extra", "absent");
    node.write_secret("may-be-absent", "password", "sesame");
    write(&node, "back", &[site("two"), secret(2)].concat());
    stage.row("C-388", || reads(&node, "/label/tier", "back"));
    stage.row("C-389", || reads(&node, "/label/owner", "team back"));
    stage.row("C-417", || reads(&node, "/owned/owner", "team back"));
    stage.row("C-383", || reads(&node, "/secret/password", "sesame"));
    stage.row("C-412", || reads(&node, "/both/password", "sesame"));
    stage.row("C-404", || {
        reads(&node, "/config/page", "two");
        assert_eq!(containers(&node), before, "nothing was restarted");
    });
    stage.row("C-405", || {
        write(&node, "back", &[site("two"), secret(2), optional("here")].concat());
        reads(&node, "/optional/extra", "here");
        node.wait_until("the pod without it is gone", |node| containers(node).len() == 1);
        node.wait_until("the old pod is gone", |node| containers(node).len() == 1);
        let with_it = containers(&node);
        write(&node, "back", &[site("two"), secret(2), optional("changed")].concat());
        reads(&node, "/optional/extra", "changed");
        assert_eq!(containers(&node), with_it, "a change restarts nothing");
        write(&node, "back", &[site("two"), secret(2)].concat());
        reads(&node, "/optional/extra", "absent");
    });
}

/// C-381: a secret of the same name in two fleets is not the same secret.
fn secrets_are_their_fleets_own(stage: &Stage) {
    let nodes = [("one", stage.node()), ("two", stage.other_node())];
    for (word, node) in &nodes {
        node.write_secret("db", "password", word);
        node.write(
            "workloads/app.kdl",
            "secret \"db\" { key \"password\" }\ndeployment \"app\" {\n    grace \"1s\"\n    container \"main\" image=\"localhost/busybox:1\" { command \"sleep\" \"1000\"; mount \"/db\" secret=\"db\"; }\n}\n",
        );
        node.build();
        node.apply();
    }
    for (word, node) in &nodes {
        assert_eq!(shell(node, "app-0", "cat /db/password"), *word);
    }
}
