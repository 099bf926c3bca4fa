//! Puts right what somebody changed: names and limits of containers, and the network of pods.

use serde_json::json;
use wlc_plan::spec::Resources;

use super::{CHANGE, Client, LOOK, look::Inspected};
use crate::podman::{
    PodmanError,
    labels::PodLabels,
    limits::resource_limits,
    raw::{Call, encoded},
};

impl Client {
    /// Fine if it does not run, or is not there.
    pub(super) async fn limit_if_running(&self, name: &str, resources: &Resources) -> Result<(), PodmanError> {
        let Some(found) = self.own_container(name).await?.filter(Inspected::is_up) else { return Ok(()) };
        let what = format!("limit container {name}");
        let path = format!("/containers/{}/update", encoded(&found.id));
        let body = resource_limits(resources, None).in_full();
        self.raw.send(Call::post(&what, path, LOOK).with(&body)).await?.done(&what)
    }

    /// Fine if it is in the network, does not run, or is not there. It gets its name in the network again, and another address; Podman
    /// publishes its ports by itself.
    pub(super) async fn connect_if_needed(&self, name: &str) -> Result<(), PodmanError> {
        let Some(pod) = self.pod(name).await?.filter(|pod| pod.is_infra_up()) else { return Ok(()) };
        let Some(labels) = pod.own(self) else { return Ok(()) };
        let network = PodLabels::network_name(&self.fleet);
        let is_in = |infra: Inspected| infra.network_settings.is_some_and(|all| all.networks.contains_key(&network));
        if self.container(pod.infra()).await?.is_none_or(is_in) {
            return Ok(());
        }
        let what = format!("take {name} into network {network}");
        let body = json!({ "container": pod.infra(), "aliases": [labels.replica] });
        let path = format!("/networks/{}/connect", encoded(&network));
        self.raw.send(Call::post(&what, path, CHANGE).with(&body)).await?.done(&what)
    }

    /// Fine if it has its name, or is not there.
    pub(super) async fn rename_if_needed(&self, name: &str) -> Result<(), PodmanError> {
        let Some(found) = self.own_container(name).await?.filter(|found| found.name != name) else { return Ok(()) };
        let what = format!("call {} {name} again", found.name);
        let path = format!("/containers/{}/rename?name={}", encoded(&found.id), encoded(name));
        let renamed = self.raw.send(Call::post(&what, path, LOOK)).await?.done(&what);
        match renamed {
            Err(_) if self.container(name).await?.is_some_and(|other| other.id != found.id) => {
                Err(PodmanError::Foreign { what: format!("container {name}") })
            }
            done => done,
        }
    }
}
