//! Inspections of single things, without sizes, and whether they are ours.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Deserialize;
use wlc_plan::node_plan::IpFamily;

use super::{Client, LOOK};
use crate::observed::PodAddress;
use crate::podman::{
    PodmanError,
    labels::{ContainerLabels, PodLabels},
    ownership::{FoundNetwork, Labels},
    raw::{Call, encoded},
};

/// A container, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inspected {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "Pod", default)]
    pub(super) pod: String,
    pub(super) state: InspectedState,
    config: InspectedConfig,
    #[serde(default)]
    pub(super) network_settings: Option<NetworkSettings>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InspectedState {
    pub(super) status: String,
    pub(super) started_at: chrono::DateTime<chrono::Utc>,
    pub(super) finished_at: chrono::DateTime<chrono::Utc>,
    #[serde(rename = "OOMKilled", default)]
    pub(super) oom_killed: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedConfig {
    labels: Option<Labels>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NetworkSettings {
    #[serde(default)]
    pub(super) networks: std::collections::BTreeMap<String, Address>,
    #[serde(default)]
    ports: Option<std::collections::BTreeMap<String, Option<Vec<Published>>>>,
}

/// A port of the node that leads to one of the pod.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Published {
    #[serde(default)]
    host_ip: String,
    host_port: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Address {
    #[serde(rename = "IPAddress", default)]
    ip: String,
    #[serde(rename = "GlobalIPv6Address", default)]
    ipv6: String,
}

impl Address {
    fn read(&self) -> Option<PodAddress> {
        let (ipv4, ipv6) = (self.ip.parse().ok(), self.ipv6.parse().ok());
        Some(PodAddress { first: ipv4.or(ipv6.map(IpAddr::V6))?, second: ipv6.filter(|_| ipv4.is_some()) })
    }
}

/// A pod, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InspectedPod {
    name: String,
    labels: Option<Labels>,
    #[serde(rename = "InfraContainerID", default)]
    infra: String,
    #[serde(default)]
    containers: Option<Vec<Inside>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inside {
    id: String,
    #[serde(default)]
    name: String,
    state: String,
}

impl InspectedPod {
    /// Its labels, if it is ours.
    pub(super) fn own(&self, client: &Client) -> Option<PodLabels> {
        PodLabels::own(&self.name, self.labels.as_ref()?, &client.fleet)
    }

    /// The id of its infra container.
    pub(super) fn infra(&self) -> &str {
        &self.infra
    }

    /// Whether its infra container ran and does not run any more.
    pub(super) fn is_infra_gone(&self) -> bool {
        !self.is_infra(&["running", "paused", "created", "configured", "initialized"])
    }

    /// Whether Podman was ended while it made the pod: there is nothing in it, not even an infra container.
    pub(super) fn is_half_made(&self) -> bool {
        self.containers.iter().flatten().next().is_none()
    }

    /// Whether its infra container runs.
    pub(super) fn is_infra_up(&self) -> bool {
        self.is_infra(&["running", "paused"])
    }

    fn is_infra(&self, states: &[&str]) -> bool {
        let infra = self.containers.iter().flatten().find(|container| container.id == self.infra);
        infra.is_some_and(|infra| states.contains(&infra.state.as_str()))
    }
}

impl Inspected {
    /// Where a port of the pod is reached whose infra container this is.
    pub(super) fn at_address(&self, port: u16) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.address()?.first, port))
    }

    /// The address of the pod whose infra container this is.
    pub(super) fn address(&self) -> Option<PodAddress> {
        self.network_settings.as_ref()?.networks.values().find_map(Address::read)
    }

    /// The same by the port that is published for it.
    pub(super) fn at_published(&self, port: u16) -> Option<SocketAddr> {
        let ports = self.network_settings.as_ref()?.ports.as_ref()?;
        let published = ports.get(&format!("{port}/tcp"))?.as_ref()?.first()?;
        let address = published.host_ip.parse::<IpAddr>().ok().filter(|address| !address.is_unspecified());
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        Some(SocketAddr::new(address, published.host_port.parse().ok()?))
    }

    /// Whether it is the container in a pod with these labels that has this name by right.
    fn is(&self, name: &str, pod: &PodLabels) -> bool {
        let own = self.config.labels.as_ref().and_then(|given| ContainerLabels::own(given, pod));
        own.is_some_and(|own| own.container_name() == name)
    }

    /// Whether a stop or signal can reach it.
    pub(super) fn is_up(&self) -> bool {
        matches!(self.state.status.as_str(), "running" | "paused" | "stopping")
    }

    /// Whether it was never started.
    pub(super) fn is_new(&self) -> bool {
        matches!(self.state.status.as_str(), "created" | "configured" | "initialized")
    }
}

impl Client {
    /// A container by its name or id, whoever made it.
    pub(super) async fn container(&self, name: &str) -> Result<Option<Inspected>, PodmanError> {
        let what = format!("inspect container {name}");
        let path = format!("/containers/{}/json?size=false", encoded(name));
        self.raw.send(Call::get(&what, path, LOOK)).await?.json_if_any(&what)
    }

    /// A pod by its name or id, whoever made it.
    pub(super) async fn pod(&self, name: &str) -> Result<Option<InspectedPod>, PodmanError> {
        let what = format!("inspect pod {name}");
        let path = format!("/pods/{}/json", encoded(name));
        self.raw.send(Call::get(&what, path, LOOK)).await?.json_if_any(&what)
    }

    /// A container of ours by its own name: one whose labels give it and are those of the pod around it, whatever it is
    /// called now.
    pub(super) async fn own_container(&self, name: &str) -> Result<Option<Inspected>, PodmanError> {
        if let Some(found) = self.container(name).await?.filter(|found| !found.pod.is_empty())
            && let Some(labels) = self.pod(&found.pod).await?.and_then(|pod| pod.own(self))
            && found.is(name, &labels)
        {
            return Ok(Some(found));
        }
        self.renamed_container(name).await
    }

    /// A container of ours that is called something else: it is looked for in its pod.
    async fn renamed_container(&self, name: &str) -> Result<Option<Inspected>, PodmanError> {
        let Some(pod) = name.rsplitn(3, '.').nth(2) else { return Ok(None) };
        let Some(pod) = self.pod(pod).await? else { return Ok(None) };
        let Some(labels) = pod.own(self) else { return Ok(None) };
        let is_renamed = |one: &&Inside| one.id != pod.infra && one.name != name;
        for one in pod.containers.iter().flatten().filter(is_renamed) {
            if let Some(found) = self.container(&one.id).await?.filter(|found| found.is(name, &labels)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The network that has our name.
    pub(super) async fn network(&self) -> Result<Option<FoundNetwork>, PodmanError> {
        let name = PodLabels::network_name(&self.fleet);
        let what = format!("inspect network {name}");
        match self.api(&what, LOOK, self.api.networks().get(&*name).inspect()).await {
            Ok(network) => Ok(Some(FoundNetwork {
                labels: crate::podman::listing::labels(network.labels.as_ref()),
                ip_family: if network.ipv_6_enabled == Some(true) { IpFamily::Dual } else { IpFamily::Ipv4 },
            })),
            Err(PodmanError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
