//! Signals and removes what is ours; what is not there, or not ours, is left alone and is no error.

use serde::Deserialize;
use wlc_plan::name::{ReplicaName, VolumeName};

use super::{CHANGE, Client, LOOK, look::Inspected, make::folder_error};
use crate::podman::{
    PodmanError,
    labels::{ClaimLabels, NamedLabels, PodLabels, VolumeLabels},
    raw::{Call, encoded},
};

/// What Podman says of one removal among several.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Removed {
    #[serde(default)]
    err: serde_json::Value,
}

/// A volume of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnVolume {
    /// Its name.
    pub name: String,
    /// Whether it outlives its pods: that of a claim, or one with a name of its own.
    pub is_lasting: bool,
}

impl Client {
    /// All volumes of the fleet: those whose names are the ones that their labels give.
    ///
    /// # Errors
    /// Podman's words.
    pub async fn own_volumes(&self) -> Result<Vec<OwnVolume>, PodmanError> {
        let fleet = &self.fleet;
        let own = |(name, labels): (String, _)| {
            let is_claim = ClaimLabels::own(&name, &labels, fleet).is_some();
            let is_lasting = is_claim || NamedLabels::own(&name, &labels, fleet).is_some();
            let is_own = is_lasting || VolumeLabels::own(&name, &labels, fleet).is_some();
            is_own.then_some(OwnVolume { name, is_lasting })
        };
        Ok(self.list_volumes().await?.into_iter().filter_map(own).collect())
    }

    /// Removes a volume of the fleet, unless something uses it; fine if there is none of ours.
    ///
    /// # Errors
    /// Podman's words.
    pub async fn remove_own_volume(&self, name: &str) -> Result<(), PodmanError> {
        let is_own = self.own_volumes().await?.iter().any(|volume| volume.name == name);
        if is_own { self.remove_volume(name).await } else { Ok(()) }
    }

    /// Removes the fleet's network, unless something is in it; fine if there is none of ours.
    ///
    /// # Errors
    /// Podman's words.
    pub async fn remove_own_network(&self) -> Result<(), PodmanError> {
        if !self.network().await?.is_some_and(|found| found.is_own(&self.fleet)) {
            return Ok(());
        }
        let name = PodLabels::network_name(&self.fleet);
        let what = format!("remove network {name}");
        // Without `force`, which would take away what others have in it.
        let reply = self.raw.send(Call::delete(&what, format!("/networks/{}", encoded(&name)), CHANGE)).await?;
        let removed: Option<Vec<Removed>> = reply.json_if_any(&what)?;
        match removed.into_iter().flatten().find(|one| !one.err.is_null()) {
            Some(refused) => Err(PodmanError::Refused { what, status: 500, why: refused.err.to_string() }),
            None => Ok(()),
        }
    }

    pub(super) async fn signal_if_running(&self, name: &str, signal: &str) -> Result<(), PodmanError> {
        let Some(found) = self.own_container(name).await?.filter(Inspected::is_up) else { return Ok(()) };
        let what = format!("signal container {name}");
        let handle = self.api.containers().get(found.id);
        match self.api(&what, LOOK, handle.send_signal(signal)).await {
            Ok(()) => Ok(()),
            Err(error) => self.fine_unless_up(name, error).await,
        }
    }

    /// A container may end while it is being stopped or signalled.
    pub(super) async fn fine_unless_up(&self, name: &str, error: PodmanError) -> Result<(), PodmanError> {
        match self.own_container(name).await? {
            Some(container) if container.is_up() => Err(error),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) async fn remove_container_if_there(&self, name: &str) -> Result<(), PodmanError> {
        let Some(found) = self.own_container(name).await? else { return Ok(()) };
        let what = format!("remove container {name}");
        // Of one that has vanished Podman says for ever that it runs.
        let force = self.has_vanished(name);
        let path = format!("/containers/{}?force={force}&timeout=0&volumes=true", encoded(&found.id));
        let reply = self.raw.send(Call::delete(&what, path, CHANGE)).await?;
        if reply.is_missing() {
            return Ok(());
        }
        let removed: Option<Vec<Removed>> = reply.json(&what)?;
        match removed.into_iter().flatten().find(|one| !one.err.is_null()) {
            Some(refused) => Err(PodmanError::Refused { what, status: 500, why: refused.err.to_string() }),
            None => Ok(()),
        }
    }

    /// The pod first, since its containers use the volumes and folders. If it breaks off in between, the rest is seen as a
    /// leftover, and this is done again.
    pub(super) async fn remove_pod_if_there(&self, name: &str) -> Result<(), PodmanError> {
        if let Some(pod) = self.pod(name).await? {
            if pod.own(self).is_none() {
                return Ok(());
            }
            self.remove_pod_alone(name).await?;
        }
        self.remove_volumes_of(name).await?;
        let removed = self.folders.remove(name).and_then(|()| self.memory.remove(name));
        let removed = removed.and_then(|()| self.records.remove(name));
        removed.map_err(|error| folder_error(name.as_ref(), &error))
    }

    /// The pod and its containers; its volumes and folders stay.
    pub(super) async fn remove_pod_alone(&self, name: &str) -> Result<(), PodmanError> {
        let what = format!("remove pod {name}");
        let path = format!("/pods/{}?force=true&timeout=0", encoded(name));
        let reply = self.raw.send(Call::delete(&what, path, CHANGE)).await?;
        if reply.is_missing() { Ok(()) } else { reply.done(&what) }
    }

    async fn remove_volumes_of(&self, pod: &str) -> Result<(), PodmanError> {
        for (name, labels) in self.list_volumes().await? {
            if VolumeLabels::own(&name, &labels, &self.fleet).is_some_and(|own| own.pod.pod_name() == pod) {
                self.remove_volume(&name).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn remove_claim_if_there(
        &self,
        replica: &ReplicaName,
        claim: &VolumeName,
    ) -> Result<(), PodmanError> {
        let wanted = ClaimLabels::new(&self.fleet, replica, claim).volume_name();
        for (name, labels) in self.list_volumes().await? {
            if name == wanted && ClaimLabels::own(&name, &labels, &self.fleet).is_some() {
                self.remove_volume(&name).await?;
            }
        }
        Ok(())
    }

    async fn remove_volume(&self, name: &str) -> Result<(), PodmanError> {
        let what = format!("remove volume {name}");
        match self.api(&what, CHANGE, self.api.volumes().get(name).delete()).await {
            Ok(()) | Err(PodmanError::Refused { status: 404, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
