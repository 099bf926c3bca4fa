//! What a container leaves when it ends, images that are not there, mounts that come later, hosts of the node.

use std::{path::Path, process::Command};

use serde_json::Value;
use wlc_tests::{node::Node, podman, running as programs};

use crate::{
    looks::{folder, running, shell},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Short what_has_ended_says_why),
    scene!(Long mounts_are_seen_as_far_as_they_are_told),
    scene!(Long what_is_imported_for_another_system_is_refused),
];

fn plain(name: &str, image: &str, command: &str, more: &str) -> String {
    format!(
        "deployment \"{name}\" {{\n    grace \"1s\"\n    container \"main\" image=\"{image}\" {{ pull \"never\"; command \"sh\" \"-c\" \"{command}\"; {more} }}\n}}\n"
    )
}

fn instance(node: &Node, name: &str) -> Value {
    node.instances(name).first().cloned().unwrap_or_default()
}

fn waits_for_image(one: &Value) -> bool {
    let containers = one["containers"].as_array().into_iter().flatten();
    containers
        .map(|container| &container["reason"])
        .any(|reason| reason == "ErrImagePull" || reason == "ImagePullBackOff")
        || one["waits"].to_string().contains("image")
}

/// C-015, C-221, C-224, C-226, C-235: last words, the reason of a failure, no words after a success, an image that is nowhere and
/// comes.
fn what_has_ended_says_why(stage: &Stage) {
    let mut node = stage.node();
    let logs = "termination-message policy=\"logs-on-error\"";
    let absent = format!("localhost/absent-{}:1", node.fleet());
    let all = [
        plain(
            "message",
            "localhost/busybox:1",
            "echo -n DONE > /tmp/words; exit 1",
            "termination-message path=\"/tmp/words\"",
        ),
        plain("fine", "localhost/busybox:1", "echo DONE; sleep 1; exit 0", &format!("restart \"never\"; {logs}")),
        plain("fails", "localhost/busybox:1", "exit 3", ""),
        plain("absent", &absent, "sleep 1000", ""),
    ];
    node.write("workloads/all.kdl", &all.concat());
    node.build();
    node.start_agent();
    let failed = |name: &'static str| {
        node.wait_until(&format!("{name} failed"), |node| instance(node, name)["failure"]["exit_code"].is_i64());
        instance(&node, name)["failure"].clone()
    };
    stage.row("C-221", || assert_eq!(failed("message")["message"], "DONE"));
    stage.row("C-235", || {
        let failure = failed("fails");
        assert_eq!((&failure["exit_code"], &failure["reason"]), (&3.into(), &"Error".into()), "{failure}");
    });
    stage.row("C-224", || {
        node.wait_until("it is done", |node| instance(node, "fine")["containers"][0]["exit_code"] == 0);
        assert!(instance(&node, "fine")["failure"].is_null(), "{:#}", instance(&node, "fine"));
    });
    stage.row("C-226", || node.wait_until("it waits for its image", |node| waits_for_image(&instance(node, "absent"))));
    stage.row("C-015", || {
        podman::text(&["tag", "localhost/busybox:1", &absent]);
        node.wait_until("it runs", |node| running(node, "absent-0").is_some());
        node.wait_until("the wait is over", |node| !waits_for_image(&instance(node, "absent")));
    });
    podman::podman(&["untag", "localhost/busybox:1", &absent]);
}

fn mount(arguments: &[&str]) -> bool {
    Command::new("mount").args(arguments).status().is_ok_and(|status| status.success())
}

/// Ends a mount of the machine when the scene does.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        Command::new("umount").args(["-R", "-l"]).arg(self.0).status().ok();
    }
}

/// C-241: what the node mounts later is seen with `slave` and not with `private`.
fn mounts_are_seen_as_far_as_they_are_told(stage: &Stage) {
    let node = stage.node();
    let shared = folder(&node);
    let path = shared.to_str().unwrap();
    if !mount(&["-t", "tmpfs", "none", path]) || !mount(&["--make-shared", path]) {
        return stage.skip("C-241", "nothing can be mounted here");
    }
    let _mounted = Mounted(&shared);
    std::fs::create_dir(shared.join("later")).unwrap();
    let one = |word: &str| {
        let more = format!("mount \"/seen\" host-path=\"{path}\" propagation=\"{word}\"");
        plain(word, "localhost/busybox:1", "sleep 1000", &more)
    };
    node.write("workloads/all.kdl", &[one("private"), one("slave")].concat());
    node.build();
    node.apply();
    assert!(mount(&["-t", "tmpfs", "later", &format!("{path}/later")]));
    std::fs::write(shared.join("later/file"), "new").unwrap();
    let sees = |replica: &str| shell(&node, replica, "cat /seen/later/file 2>/dev/null || echo nothing");
    assert_eq!((sees("slave-0").as_str(), sees("private-0").as_str()), ("new", "nothing"));
}

/// C-243: a manifest for another system is told so at its import.
fn what_is_imported_for_another_system_is_refused(stage: &Stage) {
    let node = stage.node();
    let manifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: other}\nspec:\n  os: {name: windows}\n  containers:\n  - {name: main, image: 'localhost/busybox:1'}\n";
    let path = node.path("pod.yaml");
    std::fs::write(&path, manifest).unwrap();
    let imported = programs::wlc(&node.repository(), &["import", path.to_str().unwrap()]);
    assert!(imported.stderr.contains("nodes run Linux"), "{}", imported.stderr);
}
