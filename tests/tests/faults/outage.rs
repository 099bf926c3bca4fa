//! Podman fails in the middle of an update: its service is killed, its socket is gone, calls hang, answers are cut.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use wlc_tests::{
    node::{Node, wait_until},
    podman,
};

use super::{
    ORDERED, ROLLING, Workload,
    door::{CHANGE, CHANGE_BUT_NETWORK, Door, Rule, Trouble},
    fixture::{Fixture, LIMIT},
    service::Service,
    tell, whole,
};

/// The calls of an update: looks, and each kind of change.
const CALLS: [&str; 8] = [
    "GET /containers/json",
    "GET /volumes/json",
    "POST /pods/create",
    "POST /containers/create",
    "POST /containers/ /start",
    "POST /containers/ /kill",
    "DELETE /pods/",
    "GET /networks/",
];

/// An agent whose way to Podman leads through a door.
struct Outage {
    fixture: Fixture,
    door: Door,
}

impl Outage {
    fn new(test: &str, workload: Workload) -> Option<Self> {
        let socket = podman::socket_or_skip(test)?;
        let node = Node::new(test)?;
        let path = node.path("door.sock");
        let door = Door::open(&path, &socket);
        node.set("podman", &path);
        // The sampler asks Podman itself.
        Some(Self { fixture: Fixture::on(node, workload, socket), door })
    }

    /// One update, during which each of these things happens once.
    fn update(&mut self, greeting: &str, rules: &[Rule]) {
        self.fixture.publish(greeting);
        rules.iter().for_each(|rule| self.door.trouble(rule.clone()));
        self.fixture.node.start_agent();
        self.fixture.converge();
        self.door.calm();
        self.fixture.is_at_rest();
    }
}

fn once(call: &str, trouble: Trouble) -> Rule {
    Rule { call: call.to_owned(), after: 0, times: 1, trouble }
}

#[test]
fn calls_that_hang_and_answers_that_are_cut_stop_no_rolling_update() {
    calls("calls-rolling", ROLLING);
}

#[test]
fn calls_that_hang_and_answers_that_are_cut_stop_no_ordered_update() {
    if whole() {
        calls("calls-ordered", ORDERED);
    }
}

fn calls(test: &str, workload: Workload) {
    let Some(mut outage) = Outage::new(test, workload) else { return };
    let hang = Trouble::Hang(Duration::from_secs(1));
    if !whole() {
        // One for each replica, since who fails twice in a row is held back for a while.
        let rule = |call: &str, after, trouble| Rule { after, ..once(call, trouble) };
        outage.update(
            "all",
            &[
                rule("GET /containers/json", 1, Trouble::Cut(100)),
                rule("GET /volumes/json", 2, hang.clone()),
                rule("POST /pods/create", 0, Trouble::Cut(0)),
                rule("POST /containers/create", 1, hang),
                rule("DELETE /pods/", 2, Trouble::Cut(0)),
            ],
        );
        outage.fixture.end(&format!("{test}: calls that hang, are lost or cut in one update"));
        return;
    }
    let kinds = [("hang", hang), ("lost", Trouble::Cut(0)), ("cut", Trouble::Cut(100))];
    let mut met = 0;
    for (kind, trouble) in &kinds {
        for (number, call) in CALLS.iter().enumerate() {
            outage.door.trouble(once(call, trouble.clone()));
            outage.update(&format!("{kind}-{number}"), &[]);
            met += 1;
        }
    }
    outage.fixture.end(&format!("{test}: calls that hang, are lost or cut, {met} updates"));
}

/// A step is several calls: here the agent dies in the middle of each call that changes something, which Podman carries out alone.
#[test]
fn the_agent_dies_in_the_middle_of_its_calls() {
    if !whole() {
        return;
    }
    for (test, workload) in [("dies-rolling", ROLLING), ("dies-ordered", ORDERED)] {
        let Some(mut outage) = Outage::new(test, workload) else { return };
        let mut deaths = 0;
        loop {
            outage.fixture.publish(&format!("call-{deaths}"));
            let (sender, told) = mpsc::channel();
            let trouble = Trouble::Tell(sender);
            outage.door.trouble(Rule { after: deaths, ..once(CHANGE, trouble) });
            outage.fixture.node.start_agent();
            let has_come = wait_for(&told, || outage.fixture.has_converged());
            if !has_come {
                break;
            }
            outage.fixture.node.kill_agent();
            deaths += 1;
            outage.update(&format!("call-{deaths}-again"), &[]);
        }
        assert!(deaths >= 10, "{deaths} calls only");
        outage.fixture.end(&format!("{test}: in the middle of {deaths} calls"));
    }
}

/// A fixture whose agent uses a service of Podman of its own, which can be killed.
struct Killable {
    fixture: Fixture,
    // After the fixture, since that removes its containers.
    door: Door,
    service: Service,
}

impl Killable {
    fn new(test: &str) -> Option<Self> {
        let socket = podman::socket_or_skip(test)?;
        let node = Node::new(test)?;
        let service = Service::start(&node.path("podman.sock"));
        let door = Door::open(&node.path("door.sock"), &node.path("podman.sock"));
        node.set("podman", &node.path("door.sock"));
        Some(Self { fixture: Fixture::on(node, ROLLING, socket), door, service })
    }

    /// Kills the service in the middle of a call, and starts it again; false where there was no such call before `is_over`.
    fn kill(&mut self, call: &str, after: u32, is_over: impl Fn(&Fixture) -> bool) -> bool {
        let (sender, told) = mpsc::channel();
        self.door.trouble(Rule { call: call.to_owned(), after, times: 1, trouble: Trouble::Tell(sender) });
        let has_come = wait_for(&told, || is_over(&self.fixture));
        if has_come {
            self.service.kill();
            self.service.start_again();
        }
        self.door.calm();
        has_come
    }
}

/// All changes but those that make or remove the network of a pod, which have a test of their own.
#[test]
fn podman_is_killed_in_the_middle_of_its_changes() {
    let Some(mut killable) = Killable::new("killed-service") else { return };
    let mut kills = 0;
    // The first three are of three replicas, in one update.
    let mut number = 0;
    loop {
        killable.fixture.publish(&format!("kill-{number}"));
        killable.fixture.node.start_agent();
        let afters: &[u32] = if whole() { &[number] } else { &[[0, 2, 2], [1, 2, 2]][usize::from(number > 0)] };
        let before = kills;
        for after in afters {
            kills += usize::from(killable.kill(CHANGE_BUT_NETWORK, *after, Fixture::has_converged));
        }
        killable.fixture.converge();
        killable.fixture.is_at_rest();
        number += 1;
        if kills == before || !whole() && kills >= 5 {
            break;
        }
    }
    assert!(kills >= 5, "{kills} changes only");
    killable.fixture.end(&format!("killed-service: in the middle of {kills} changes"));
}

/// Podman that is killed while it makes or removes the network of a pod may leave a rule behind that leads the pod's port to an address that nobody
/// has, and nobody but a boot takes it away. So ports are not asked here.
#[test]
fn podman_is_killed_while_it_starts_or_removes_a_pod() {
    if !whole() {
        return;
    }
    let Some(mut killable) = Killable::new("killed-start") else { return };
    let mut kills = 0;
    for number in 0..6 {
        killable.fixture.publish(&format!("kill-{number}"));
        killable.fixture.node.start_agent();
        for call in ["POST /containers/ /start", "DELETE /pods/"] {
            kills += usize::from(killable.kill(call, number % 3, Fixture::runs_anew));
        }
        let came = wait_until("", LIMIT, || killable.fixture.runs_anew());
        assert!(came.is_some(), "{}", killable.fixture.account());
        killable.fixture.is_at_rest();
    }
    let lost = ROLLING.replicas - killable.fixture.answer_anew();
    tell(&format!("killed-start: in the middle of {kills} starts and removals; {lost} ports of the node lead nowhere"));
}

/// Waits for a word; false where the update is complete before.
fn wait_for(told: &mpsc::Receiver<()>, is_complete: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        match told.recv_timeout(Duration::from_millis(100)) {
            Ok(()) => return true,
            Err(_) if is_complete() => return false,
            Err(_) => {}
        }
    }
    panic!("nothing happens");
}

#[test]
fn an_update_goes_on_when_the_socket_is_there_again() {
    let Some(mut outage) = Outage::new("no-socket", ROLLING) else { return };
    outage.fixture.publish("again");
    outage.door.shut();
    // Nobody is there when it starts either.
    outage.fixture.node.start_agent();
    thread::sleep(Duration::from_secs(1));
    assert!(outage.fixture.node.agent_end().is_none(), "it waits for Podman: {}", outage.fixture.node.agent_log());
    let log = outage.fixture.node.agent_log();
    assert!(log.contains("Podman does not answer"), "{log}");
    outage.door.open_again();
    for _ in 0..if whole() { 5 } else { 2 } {
        let before = outage.door.changes().len();
        let moved = wait_until("", LIMIT, || outage.door.changes().len() > before);
        assert!(moved.is_some(), "{}", outage.fixture.account());
        outage.door.shut();
        let says_so = |node: &Node| {
            let warnings = node.status().unwrap_or_default()["warnings"].to_string();
            warnings.contains("Podman does not answer")
        };
        outage.fixture.node.wait_until("status says that Podman is away", says_so);
        outage.door.open_again();
    }
    outage.fixture.converge();
    outage.fixture.is_at_rest();
    outage.fixture.end("no-socket: the socket gone at the start and again and again");
}

/// A call that hangs for ever costs its own replica until the call's limit, and nothing else anything.
#[test]
fn what_hangs_for_ever_holds_up_nothing_else() {
    let Some(mut outage) = Outage::new("hangs", ROLLING) else { return };
    let other = "deployment \"other\" replicas=2 {\n    container \"main\" image=\"localhost/busybox:1\" { command \"sleep\" \"100000\"; }\n}\n";
    let limit = Duration::from_secs(600);
    outage.door.trouble(once("POST /pods/create", Trouble::Hang(limit)));
    outage.fixture.publish("other");
    outage.fixture.node.start_agent();
    let hangs = wait_until("", LIMIT, || outage.door.is_calm());
    assert!(hangs.is_some(), "{}", outage.fixture.account());
    outage.fixture.node.write("workloads/other.kdl", other);
    outage.fixture.node.build();
    outage.fixture.node.wait_ready("other", 2);
    assert!(outage.fixture.answer_anew() <= 1, "the hanging replica holds its place of the slot");
    if whole() {
        // The call's limit ends it, and the update goes on.
        let came = wait_until("", Duration::from_secs(240), || outage.fixture.answer_anew() == 3);
        assert!(came.is_some(), "{}", outage.fixture.account());
    } else {
        outage.door.shut();
        outage.door.open_again();
        let came = wait_until("", LIMIT, || outage.fixture.answer_anew() == 3);
        assert!(came.is_some(), "{}", outage.fixture.account());
    }
    outage.fixture.end("hangs: one call for ever");
}
