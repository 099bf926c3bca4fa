//! The simulated machine.

use std::sync::atomic::{AtomicU64, Ordering};

use wlagent::{
    clock::Moment,
    observed::Allowance,
    podman::{
        Answer, Executed, Podman,
        simulated::{Program, Simulated},
    },
};
use wlc_plan::{name::FleetName, quantity::Bytes};

use crate::{
    machine::{Labels, Machine},
    requests,
};

pub(crate) struct SimulatedMachine {
    fleet: FleetName,
    podman: Simulated,
}

impl SimulatedMachine {
    pub(crate) fn new(test: &str) -> Self {
        let fleet = requests::fleet(test);
        let time = AtomicU64::new(1_800_000_000_000);
        let podman = Simulated::new(&fleet, move || Moment(time.fetch_add(1, Ordering::Relaxed)));
        podman.add_image(requests::BUSYBOX, "");
        podman.set_program(&requests::DEAF, Program::Runs(None));
        podman.set_program(&requests::POLITE, Program::Runs(Some(3)));
        podman.set_program(&requests::SHORT, Program::Ends(7));
        podman.set_command(&requests::FAILING, Executed::Ended { code: 5, output: "out\nerr".to_owned() });
        podman.set_command(&requests::ENDLESS, Executed::TimedOut);
        podman.set_command(&["/no/such/program"], Executed::NotStarted("no such file".to_owned()));
        Self { fleet, podman }
    }
}

fn done<'a>() -> Answer<'a, ()> {
    Box::pin(async { Ok(()) })
}

impl Machine for SimulatedMachine {
    fn fleet(&self) -> &FleetName {
        &self.fleet
    }

    fn podman(&self) -> &dyn Podman {
        &self.podman
    }

    fn kill<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        self.podman.kill(container, 137);
        done()
    }

    fn pause<'a>(&'a self, container: &'a str) -> Answer<'a, ()> {
        self.podman.pause_by_hand(container, true);
        done()
    }

    fn rename<'a>(&'a self, container: &'a str, name: &'a str) -> Answer<'a, ()> {
        self.podman.rename_by_hand(container, name);
        done()
    }

    fn disconnect<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        self.podman.disconnect_by_hand(pod);
        done()
    }

    fn limit<'a>(&'a self, container: &'a str, memory: Bytes) -> Answer<'a, ()> {
        self.podman.limit_by_hand(container, Allowance { memory: Some(memory), cpu: None });
        done()
    }

    fn kill_sandbox<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        self.podman.kill_sandbox(pod);
        done()
    }

    fn lose_pod<'a>(&'a self, pod: &'a str) -> Answer<'a, ()> {
        self.podman.lose_pod(pod);
        done()
    }

    fn add_foreign_pod<'a>(&'a self, name: &'a str, labels: &'a Labels, container: &'a str) -> Answer<'a, ()> {
        self.podman.add_foreign_pod(name, labels, container);
        done()
    }

    fn add_foreign_container<'a>(&'a self, pod: &'a str, name: &'a str, labels: &'a Labels) -> Answer<'a, ()> {
        self.podman.add_foreign_container(pod, name, labels);
        done()
    }

    fn add_foreign_volume<'a>(&'a self, name: &'a str, labels: &'a Labels) -> Answer<'a, ()> {
        self.podman.add_foreign_volume(name, labels);
        done()
    }

    fn add_foreign_network<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        self.podman.add_foreign_network(name);
        done()
    }

    fn names<'a>(&'a self, part: &'a str) -> Answer<'a, Vec<String>> {
        let names = self.podman.names().into_iter().filter(|name| name.contains(part)).collect();
        Box::pin(async move { Ok(names) })
    }
}
