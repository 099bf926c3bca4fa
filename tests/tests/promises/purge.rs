//! A fleet leaves the machine: all of it, and nothing else. And an upgrade is looked at before it is let do anything.

use std::{
    collections::BTreeSet,
    io::Write,
    process::{Command, Stdio},
};

use serde_json::Value;
use wlc_tests::{folder, node::Node, podman};

const SOURCES: &str = r#"
secret "pass" { key "word" }
config "site" { file "index.html" text="hello" }
deployment "web" replicas=2 {
    grace "1s"
    container "httpd" image="localhost/busybox:1" {
        command "httpd" "-f" "-p" "8080" "-h" "/www"
        port "http" 8080 host="auto"
        readiness "http" "/" port="http" period="1s"
        mount "/www" config="site"
        mount "/pass" secret="pass"
        mount "/cache" empty-dir="1MiB"
    }
}
stateful-set "db" {
    grace "1s"
    claim "data" size="1GiB"
    container "main" image="localhost/busybox:1" {
        command "sleep" "1000000"
        mount "/data" claim="data"
    }
}
"#;

/// Names of what a list of Podman's has of a fleet's label, or of all.
fn volumes(node: &Node) -> Vec<String> {
    podman::lines(&["volume", "ls", "-q", "--filter", &format!("label=dev.wlc.fleet={}", node.fleet())])
}

fn running(test: &str) -> Option<Node> {
    let mut node = Node::new(test)?;
    node.write_secret("pass", "word", "open-sesame");
    node.write("workloads/all.kdl", SOURCES);
    node.build();
    node.start_agent();
    node.wait_settled("web", 2);
    node.wait_settled("db", 1);
    Some(node)
}

/// A container and a volume of somebody else, which carry the fleet's label and not the names that it gives.
struct Foreign {
    container: String,
    volume: String,
}

impl Foreign {
    fn new(node: &Node) -> Self {
        let (container, volume) = (format!("{}-foreign", node.fleet()), format!("{}-data", node.fleet()));
        let label = format!("dev.wlc.fleet={}", node.fleet());
        podman::text(&["volume", "create", "--label", &label, &volume]);
        let mount = format!("{volume}:/data");
        let run = ["run", "-d", "--name", &container, "--label", &label, "--network", "none", "-v", &mount];
        podman::text(&[&run[..], &["localhost/busybox:1", "sleep", "1000000"]].concat());
        Self { container, volume }
    }

    fn is_untouched(&self) -> bool {
        podman::runs(&self.container) && podman::podman(&["volume", "exists", &self.volume]).status.success()
    }
}

#[test]
fn a_fleet_leaves_and_nothing_else_does() {
    let Some(mut node) = running("purge") else { return };
    let foreign = Foreign::new(&node);
    let fleet = node.fleet().to_owned();
    let memory = std::path::Path::new("/run/wlagent").join(&fleet);
    assert!(memory.is_dir(), "secrets lie in memory");
    let before = node.identities();

    let guarded = node.refused(&["purge", "--fleet", &fleet, "--yes"]);
    assert!(guarded.contains("another agent of the fleet") && guarded.contains("stop it first"), "{guarded}");
    node.stop_agent();
    let asked = node.wlagent(&["purge", "--fleet", &fleet, "--format", "json"]);
    assert_eq!(asked.status.code(), Some(3), "nobody can be asked");
    let list: Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!(node.identities(), before, "a list changes nothing");
    let pods = list["pods"].as_array().unwrap();
    let listed: BTreeSet<&str> =
        pods.iter().flat_map(|pod| pod["containers"].as_array().unwrap()).map(|name| name.as_str().unwrap()).collect();
    let own: Vec<String> = node.containers().into_iter().filter(|name| *name != foreign.container).collect();
    assert_eq!(listed, own.iter().map(String::as_str).collect());
    assert_eq!(list["volumes"], serde_json::json!([format!("wlc.{fleet}.db-0.data")]));
    assert_eq!(list["network"], format!("wlc.{fleet}"));
    assert_eq!(list["pod_volumes"].as_array().unwrap().len(), 2);

    // Another fleet has nothing here.
    let other = node.wlagent(&["purge", "--fleet", "nobody", "--yes"]);
    assert_eq!((other.status.code(), other.stdout.len()), (Some(0), 0));
    assert_eq!(node.identities(), before);

    let purged = node.printed(&["purge", "--fleet", &fleet, "--yes"]);
    assert!(purged.contains("db-0.data: kept, since --volumes is not given"), "{purged}");
    assert_eq!(node.containers(), [foreign.container.as_str()]);
    assert_eq!(volumes(&node), [foreign.volume.clone(), format!("wlc.{fleet}.db-0.data")]);
    assert!(!podman::podman(&["network", "exists", &format!("wlc.{fleet}")]).status.success());
    assert!(!node.path("state").join(&fleet).exists() && !memory.exists());
    assert!(
        podman::podman(&["image", "exists", "localhost/busybox:1"]).status.success(),
        "it was not fetched by the agent"
    );

    let again = node.printed(&["purge", "--fleet", &fleet, "--volumes", "--yes"]);
    assert_eq!(again, format!("volume     wlc.{fleet}.db-0.data\n"));
    assert_eq!(volumes(&node), [foreign.volume.as_str()]);
    assert!(foreign.is_untouched());
}

/// On a terminal a person is asked, and no is no.
#[test]
fn a_person_at_a_terminal_is_asked() {
    let Some(mut node) = running("purge-asks") else { return };
    node.stop_agent();
    let before = node.identities();
    let command = node.wlagent_command(&["purge", "--fleet", node.fleet()]);
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ");
    let answered = |answer: &str| {
        let mut terminal = Command::new("script");
        terminal.args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = terminal.spawn().ok()?;
        child.stdin.take().unwrap().write_all(format!("{answer}\n").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Some((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
    };
    let Some((code, said)) = answered("n") else {
        return podman::skip("a_person_at_a_terminal_is_asked: `script` gives no terminal here");
    };
    assert!(said.contains("Remove all of this?") && said.contains("nothing was removed"), "{said}");
    assert_eq!((code, node.identities()), (Some(3), before), "{said}");
    let (code, said) = answered("y").unwrap();
    assert_eq!((code, node.containers().len()), (Some(0), 0), "{said}");
}

/// P-012: the check of an upgrade reads, beside an agent that runs, and changes nothing.
#[test]
fn a_new_version_is_asked_before_it_is_let_do_anything() {
    let Some(mut node) = running("check-upgrade") else { return };
    let before = node.identities();
    let quiet = node.printed(&["check-upgrade"]);
    assert!(quiet.starts_with("no action: version ") && quiet.contains(" keeps 3 pods as they are"), "{quiet}");
    assert_eq!(node.identities(), before);
    node.stop_agent();
    let state = node.path("state");
    let kept = folder::contents(&state);
    assert!(node.printed(&["check-upgrade"]).starts_with("no action: "));
    let gone = node.containers().remove(0);
    podman::text(&["rm", "-f", "-t", "0", &gone]);
    let left = node.identities();
    let acts = node.wlagent(&["check-upgrade"]);
    let said = String::from_utf8_lossy(&acts.stdout).into_owned();
    assert_eq!(acts.status.code(), Some(2), "{said}");
    assert!(said.starts_with("would act: version ") && said.contains("    run container wlc."), "{said}");
    assert_eq!(node.identities(), left);
    assert!(folder::contents(&state) == kept, "nothing is written");
}
