//! The way out: what runs as units of Quadlet, read back by `wlc import` and, where there is one, by Podman's generator.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use serde_json::Value;
use wlc_tests::{folder, node::Node, podman, repository::Repository, running};

const SOURCES: &str = r#"
config "site" { file "index.html" text="hello" }
secret "pass" { key "word" }
deployment "web" {
    grace "7s"
    host-entry "10.1.2.3" "a.example"
    init "prepare" image="localhost/busybox:1" { command "true" }
    container "httpd" image="localhost/busybox:1" {
        pull "never"
        command "httpd" "-f" "-p" "8080"
        args "-h" "/www"
        working-directory "/tmp"
        port "http" 8080 host="auto"
        env { GREETING "100% \"plain\" text"; NAME field="replica"; WORD secret="pass" key="word" }
        request cpu="250m"
        limit cpu="500m" memory="64MiB"
        readiness "http" "/" port="http" period="1s"
        liveness "exec" "sh" "-c" "test -d /www" period="5s"
        startup "exec" "test" "-d" "/www"
        pre-stop "exec" "true"
        stop-signal "INT"
        pids-limit 100
        no-new-privileges
        capabilities { drop "MKNOD" "SYS_CHROOT" }
        mount "/www" config="site"
        mount "/cache" empty-dir="1MiB"
        mount "/run/secrets/pass" secret="pass" mode="0400"
    }
}
stateful-set "db" {
    grace "1s"
    claim "data" size="1GiB"
    container "main" image="localhost/busybox:1" {
        command "sleep" "1000"
        user 1000
        group 1000
        read-only-root
        mount "/data" claim="data"
    }
}
"#;
const WORD: &str = "open-sesame-8125";

/// A node on which the sources run, and the folder to which it was ejected.
fn ejected(test: &str) -> Option<(Node, std::path::PathBuf)> {
    let node = Node::new(test)?;
    fs::create_dir_all(node.path("secrets/pass")).unwrap();
    fs::write(node.path("secrets/pass/word"), WORD).unwrap();
    node.write("workloads/all.kdl", SOURCES);
    node.build();
    node.apply();
    let folder = node.path("units");
    let before = node.identities();
    let out = node.wlagent(&["eject", "--podman", "5.6", "--to", folder.to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(String::from_utf8_lossy(&out.stdout), fs::read_to_string(folder.join("README.txt")).unwrap());
    assert_eq!(node.identities(), before, "nothing that runs is touched");
    Some((node, folder))
}

fn names(folder: &Path) -> BTreeSet<String> {
    folder::contents(folder).into_keys().collect()
}

#[test]
fn everything_is_written_or_named() {
    let Some((node, units)) = ejected("eject") else { return };
    let fleet = node.fleet().to_owned();
    let found = names(&units);
    for name in ["web-0.pod", "web-0-httpd.container", "web-0-prepare.container", "db-0.pod", "db-0-main.container"] {
        assert!(found.contains(name), "{name} of {found:?}");
    }
    assert!(found.contains("db-0-data.volume") && found.contains(&format!("{fleet}.network")), "{found:?}");
    let page = found.iter().find(|name| name.starts_with("files/web-0/httpd/") && name.ends_with("index.html"));
    assert_eq!(fs::read_to_string(units.join(page.expect("the config is copied"))).unwrap(), "hello");
    for name in &found {
        let text = fs::read_to_string(units.join(name)).unwrap();
        assert!(!text.contains(WORD), "no bytes of a secret are written, but {name} has them");
    }
    let volume = fs::read_to_string(units.join("db-0-data.volume")).unwrap();
    assert!(volume.contains(&format!("VolumeName=wlc.{fleet}.db-0.data\n")), "the data stay: {volume}");
    let port = node.host_port("web-0");
    assert!(fs::read_to_string(units.join("web-0.pod")).unwrap().contains(&format!("PublishPort={port}:8080\n")));
    let report = fs::read_to_string(units.join("README.txt")).unwrap();
    for line in [
        "web-0, httpd: readiness: Quadlet asks only by a command",
        "web-0, httpd: pre-stop: Quadlet has no hooks",
        "web-0: the size of `",
        &format!("podman secret create pass.word {}", node.path("secrets/pass/word").display()),
    ] {
        assert!(report.contains(line), "{line} in:\n{report}");
    }
    let again = node.wlagent(&["eject", "--to", units.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "what is there is never written over");
    assert_eq!(names(&units), found);
}

/// The spec of each workload in a plan set, by the workload's name.
fn specs(plans: &Path) -> BTreeMap<String, Value> {
    let read = |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let plan = read(folder::files(&plans.join("nodes")).last().expect("a node's plan"));
    let instances = plan["instances"].as_array().unwrap().iter();
    let spec = |one: &Value| read(&plans.join(format!("specs/{}.json", one["spec"]["spec"].as_str().unwrap())));
    instances.map(|one| (one["workload"].as_str().unwrap().to_owned(), spec(one))).collect()
}

fn container<'a>(spec: &'a Value, name: &str) -> &'a Value {
    spec["containers"].as_array().unwrap().iter().find(|one| one["name"] == name).expect(name)
}

/// The units are read back by `wlc import`, and a build of what it writes asks for the same containers.
#[test]
fn import_reads_the_units_back() {
    let Some((node, units)) = ejected("eject-back") else { return };
    let inputs: Vec<String> =
        names(&units).into_iter().filter(|name| !name.contains('/') && name != "README.txt").collect();
    let arguments: Vec<&str> = ["import"].into_iter().chain(inputs.iter().map(String::as_str)).collect();
    let imported = running::wlc(&units, &arguments);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let mut back = Repository::empty().with("imported.kdl", &imported.stdout);
    for name in ["fleet.kdl", "nodes/here.kdl", "nodes/here.facts.kdl"] {
        back = back.with(name, fs::read(node.repository().join(name)).unwrap());
    }
    let built = back.wlc(&["build", "--out", "plans", "--key", node.path("ci.key").to_str().unwrap()]);
    assert_eq!(built.code, Some(0), "{}\n{}", built.stderr, imported.stdout);
    let (before, after) = (specs(&node.plans()), specs(&back.path().join("plans")));
    let (old, new) = (container(&before["web"], "httpd"), container(&after["web-0"], "web-0-httpd"));
    for field in ["image", "command", "args", "working_directory", "stop_signal", "security"] {
        assert_eq!(new[field], old[field], "{field}\n{}", imported.stdout);
    }
    assert_eq!(new["resources"]["memory_limit"], old["resources"]["memory_limit"]);
    assert_eq!((&new["ports"][0]["number"], &new["ports"][0]["published"]), (&Value::from(8080), &Value::from(true)));
    assert_eq!(
        new["probes"]["liveness"]["handler"]["exec"]["command"],
        serde_json::json!(["/bin/sh", "-c", "test -d /www"])
    );
    assert_eq!(new["probes"]["liveness"]["period"], old["probes"]["liveness"]["period"]);
    assert_eq!(new["probes"]["startup"]["handler"], old["probes"]["startup"]["handler"]);
    let value = |spec: &Value, name: &str| {
        spec["env"].as_array().unwrap().iter().find(|one| one["name"] == name).expect(name)["value"].clone()
    };
    assert_eq!(value(new, "GREETING"), value(old, "GREETING"));
    assert_eq!(value(new, "NAME"), serde_json::json!({ "text": "web-0" }), "fields are filled in");
    assert!(value(new, "WORD")["secret"].is_object(), "{}", value(new, "WORD"));
    let paths = |spec: &Value| -> BTreeSet<String> {
        spec["mounts"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap().to_owned()).collect()
    };
    let mut expected = paths(old);
    expected.remove("/run/secrets/pass");
    expected.insert("/run/secrets/pass/word".to_owned());
    assert_eq!(paths(new), expected, "each key of a secret by itself, everything else as before");
    assert_eq!(after["web-0"]["grace"], before["web"]["grace"]);
    assert_eq!(after["web-0"]["surroundings"]["host_entries"], before["web"]["surroundings"]["host_entries"]);
    let (old, new) = (container(&before["db"], "main"), container(&after["db-0"], "db-0-main"));
    for field in ["image", "command", "security"] {
        assert_eq!(new[field], old[field], "{field}\n{}", imported.stdout);
    }
    assert_eq!(paths(new), paths(old));
}

/// Podman's own generator takes the units, where one is installed that knows pods.
#[test]
fn podmans_generator_takes_the_units() {
    let generator = ["/usr/lib/systemd/system-generators/podman-system-generator", "/usr/libexec/podman/quadlet"]
        .into_iter()
        .find(|path| Path::new(path).exists());
    let Some(generator) = generator else {
        return podman::skip("podmans_generator_takes_the_units: this Podman has no generator of Quadlet");
    };
    let Some((_node, units)) = ejected("eject-quadlet") else { return };
    let ran = Command::new(generator).arg("-dryrun").env("QUADLET_UNIT_DIRS", &units).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{said}");
    let services = String::from_utf8_lossy(&ran.stdout).into_owned();
    for service in ["web-0-pod.service", "web-0-httpd.service", "db-0-main.service"] {
        assert!(services.contains(service), "{service} in:\n{services}\n{said}");
    }
}
