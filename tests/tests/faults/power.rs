//! A node loses its power and boots again: every process is gone, and what lay in memory; the disk is there, and the agent brings
//! everything back in its order.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use wlc_tests::{
    api::Api,
    node::{Node, wait_until},
};

use super::{
    fixture::{KILLED, LIMIT},
    machine::Machine,
    tell, whole,
};

const WORD: &str = "open sesame";
const REPLICAS: usize = 7;

/// `base` is ready three seconds after its start; `web` and `db` come after it. Only one of `web` may be missing, and it counts after
/// `min_ready` only.
fn workloads(greeting: &str, min_ready: &str) -> String {
    format!(
        r#"
secret "key" {{ key "word" }}
config "site" {{ file "index.html" text="{greeting}" }}
deployment "base" {{
    container "main" image="localhost/busybox:1" {{
        command "sh" "-c" "trap 'exit 0' TERM; rm -f /tmp/up; sleep 3; touch /tmp/up; while :; do sleep 0.1; done"
        readiness "exec" "test" "-e" "/tmp/up" period="200ms"
    }}
}}
deployment "web" replicas=4 {{
    after "base" "ready"
    update "rolling" max-surge=0 max-unavailable=1 min-ready="{min_ready}"
    container "main" image="localhost/busybox:1" {{
        command "sh" "-c" "trap 'exit 0' TERM; while :; do sleep 0.1; done"
        mount "/secret" secret="key"
        mount "/www" config="site"
    }}
}}
stateful-set "db" replicas=2 {{
    after "base" "ready"
    claim "data" size="1MiB"
    container "main" image="localhost/busybox:1" {{
        command "sh" "-c" "trap 'exit 0' TERM; echo begun >> /data/starts; while :; do sleep 0.1; done"
        mount "/data" claim="data"
        mount "/www" config="site"
    }}
}}
"#
    )
}

struct Powered {
    machine: Machine,
    node: Node,
    greeting: String,
    min_ready: &'static str,
}

impl Powered {
    fn new(test: &str, min_ready: &'static str) -> Option<Self> {
        let machine = Machine::boot(test)?;
        let mut node = Node::new(test)?;
        node.set("podman", &machine.socket());
        let secrets = node.path("secrets");
        fs::create_dir_all(secrets.join("key")).expect("folders can be made");
        fs::write(secrets.join("key/word"), WORD).expect("files can be written");
        node.set("secrets", &secrets);
        node.enter(machine.entrance());
        Some(Self { machine, node, greeting: String::new(), min_ready })
    }

    fn publish(&mut self, greeting: &str) {
        self.greeting = greeting.to_owned();
        self.node.write("workloads/all.kdl", &workloads(greeting, self.min_ready));
        self.node.build();
    }

    fn are_ready(&self) -> bool {
        let status = self.node.status().unwrap_or_default();
        let instances = status["instances"].as_array().cloned().unwrap_or_default();
        let is_content = |one: &Value| one["state"] == "running" && one["waits"].as_array().is_some_and(Vec::is_empty);
        instances.len() == REPLICAS && instances.iter().all(is_content)
    }

    /// Whether all replicas run, young as they may be.
    fn are_there(&self) -> bool {
        let [base, web, db] = ["base", "web", "db"].map(|workload| self.of(workload).len());
        (base, web, db) == (1, 4, 2) && self.node.status().is_some()
    }

    /// Whether every replica is ready at the newest revision.
    fn have_converged(&self) -> bool {
        let shown = || [self.of("web"), self.of("db")].concat();
        self.are_ready()
            && shown().iter().all(|name| self.read(name, "/www/index.html").as_ref() == Some(&self.greeting))
    }

    /// The containers of a workload that run.
    fn of(&self, workload: &str) -> Vec<String> {
        let listed = Api::new(&self.machine.socket()).containers(&format!("dev.wlc.fleet={}", self.node.fleet()));
        let part = format!(".{workload}-");
        let own = listed.into_iter().flatten().filter(|one| !one.is_infra && one.name.contains(&part));
        own.filter(|one| one.state == "running").map(|one| one.name).collect()
    }

    /// When a container was started, in nanoseconds.
    fn started(&self, container: &str) -> u64 {
        let format = "{{.State.StartedAt.UnixNano}}";
        let format = ["inspect", "--type", "container", "--format", format, container];
        self.machine.podman(&format).and_then(|text| text.parse().ok()).expect("it runs")
    }

    /// What a file in a container holds. On a busy machine Podman loses the output of a command that ends at once: then it is asked again.
    fn read(&self, container: &str, file: &str) -> Option<String> {
        let read = || self.machine.podman(&["exec", container, "cat", file]);
        (0..5).map(|_| read()).find(|text| text.as_deref() != Some("")).unwrap_or_else(read)
    }

    /// Everything is there again: in its order, with its secrets, its files and its data.
    fn all_is_back(&self) {
        let base = self.of("base");
        assert_eq!(base.len(), 1, "{base:?}");
        // Podman notes a start a while after it on a busy machine: so a second is taken off.
        let ready = self.started(&base[0]) + 2_000_000_000;
        for (workload, count) in [("web", 4), ("db", 2)] {
            let found = self.of(workload);
            assert_eq!(found.len(), count, "{found:?}");
            for name in &found {
                let started = self.started(name);
                assert!(started > ready, "{name} was started at {started}, before `base` was ready at {ready}");
                assert_eq!(self.read(name, "/www/index.html").as_ref(), Some(&self.greeting), "{name}");
            }
        }
        for name in self.of("web") {
            assert_eq!(self.read(&name, "/secret/word").as_deref(), Some(WORD), "{name}");
        }
    }

    /// The power goes and comes, and the agent starts.
    fn boot(&mut self, options: &[&str]) {
        self.node.kill_agent();
        self.machine.lose_power();
        self.node.start_agent_with(options);
    }

    fn converge(&self) {
        let came = wait_until("", LIMIT, || self.have_converged());
        assert!(came.is_some(), "{:#}\n{}", self.node.status().unwrap_or_default(), self.node.agent_log());
    }

    /// The agent dies after a step of what it does after a boot, and the power goes in that moment; false where it needs no such step.
    fn dies(&mut self, number: u32) -> bool {
        self.boot(&["--end-after", &number.to_string()]);
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            if let Some(end) = self.node.agent_end() {
                assert_eq!(end.signal(), Some(KILLED), "{end}: {}", self.node.agent_log());
                self.boot(&[]);
                return true;
            }
            if self.have_converged() {
                return false;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("it neither dies nor converges: {}", self.node.agent_log());
    }
}

#[test]
fn a_node_that_lost_its_power_comes_back_in_order() {
    let Some(mut powered) = Powered::new("power", "30s") else { return };
    powered.publish("one");
    powered.node.start_agent();
    let came = wait_until("", LIMIT, || powered.are_there());
    assert!(came.is_some(), "{}", powered.node.agent_log());
    let boot_id = |powered: &Powered| powered.machine.run_on(&["cat", "/proc/sys/kernel/random/boot_id"]);
    let before = boot_id(&powered);
    let begun = Instant::now();
    powered.boot(&[]);
    assert_ne!(boot_id(&powered), before, "it is another boot");
    let came = wait_until("", LIMIT, || powered.are_there());
    assert!(came.is_some(), "{:#}\n{}", powered.node.status().unwrap_or_default(), powered.node.agent_log());
    let took = begun.elapsed();
    powered.all_is_back();
    let starts = powered.read(&powered.of("db")[0], "/data/starts").expect("it runs");
    assert_eq!(starts.lines().count(), 2, "the data outlived the power: {starts}");
    // One of `web` may be missing and counts after 30 s: with a budget that held up a boot it would take two minutes.
    assert!(took < Duration::from_secs(60), "it took {took:?}");
    tell(&format!("power: {REPLICAS} replicas are back {} ms after the power went", took.as_millis()));
}

#[test]
fn power_that_goes_in_the_middle_of_an_update_costs_nothing() {
    if !whole() {
        return;
    }
    let Some(mut powered) = Powered::new("power-update", "0s") else { return };
    powered.publish("zero");
    powered.node.start_agent();
    powered.converge();
    let begun = Instant::now();
    let mut lost = 0;
    for number in (1..60).step_by(2) {
        powered.publish(&format!("greeting-{number}"));
        if !powered.dies(number) {
            break;
        }
        lost += 1;
        powered.converge();
        powered.all_is_back();
    }
    assert!(lost > 0);
    tell(&format!("power-update: the power lost {lost} times in the middle: {} s", begun.elapsed().as_secs()));
}
