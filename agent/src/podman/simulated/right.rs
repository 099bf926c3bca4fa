//! What puts right what somebody changed on the simulated machine.

use wlc_plan::{name::FleetName, spec::Resources};

use super::{
    calls::{Done, is_running},
    world::World,
};
use crate::{
    observed::Sandbox,
    podman::{PodmanError, labels::PodLabels, limits::allowance},
};

impl World {
    pub(super) fn limit(&mut self, fleet: &FleetName, name: &str, resources: &Resources) -> Done {
        let state = self.own_container(fleet, name).map(|container| container.state);
        let Some(called) = self.called(fleet, name).filter(|_| is_running(state)) else { return Ok(()) };
        self.effect(format!("limit {called}"), |world| {
            if let Some(container) = world.container(&called) {
                container.allowance = allowance(resources);
            }
        })
    }

    pub(super) fn connect(&mut self, fleet: &FleetName, name: &str) -> Done {
        let own = self.pods.get(name).filter(|pod| PodLabels::own(name, &pod.labels, fleet).is_some());
        if own.is_none_or(|pod| pod.is_on_network || pod.sandbox != Sandbox::Up) {
            return Ok(());
        }
        self.effect(format!("connect {name}"), |world| world.set_on_network(name, true))
    }

    pub(super) fn rename_back(&mut self, fleet: &FleetName, name: &str) -> Done {
        let Some(called) = self.called(fleet, name).filter(|called| called != name) else { return Ok(()) };
        if self.container(name).is_some() {
            return Err(PodmanError::Foreign { what: format!("container {name}") });
        }
        self.effect(format!("rename {called} {name}"), |world| world.rename(&called, name))
    }
}
