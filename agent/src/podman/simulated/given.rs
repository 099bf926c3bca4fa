//! What the simulated Podman does with files, secrets, claims and what the node has.

use wlc_plan::name::{FleetName, ReplicaName, VolumeName};

use super::{calls::refused, world::World};
use crate::{
    action::{FilesSwap, NodeNeeds, PodRequest, RunContainer},
    clock::Moment,
    files::{EnvPart, Files, SecretKey},
    podman::{
        PodmanError,
        labels::{ClaimLabels, NamedLabels},
        ownership::Labels,
    },
};

type Done = Result<(), PodmanError>;

impl World {
    /// The volumes of claims and those that all who name them share.
    pub(super) fn make_lasting_volumes(&mut self, request: &PodRequest) -> Done {
        let (fleet, replica) = (&request.labels.fleet, &request.labels.replica);
        for claim in &request.claims {
            let labels = ClaimLabels::new(fleet, replica, claim);
            self.make_lasting_volume(labels.volume_name(), labels.to_map())?;
        }
        for volume in crate::podman::create::named(&request.spec) {
            let labels = NamedLabels { fleet: fleet.clone(), volume: volume.clone() };
            self.make_lasting_volume(labels.volume_name(), labels.to_map())?;
        }
        Ok(())
    }

    fn make_lasting_volume(&mut self, name: String, labels: Labels) -> Done {
        match self.volumes.get(&name) {
            Some(found) if *found == labels => Ok(()),
            Some(_) => Err(PodmanError::Foreign { what: format!("volume {name}") }),
            None => self.effect(format!("make volume {name}"), |world| {
                world.volumes.insert(name, labels);
            }),
        }
    }

    pub(super) fn remove_claim(&mut self, fleet: &FleetName, replica: &ReplicaName, claim: &VolumeName) -> Done {
        let name = ClaimLabels::new(fleet, replica, claim).volume_name();
        let is_ours = self.volumes.get(&name).is_some_and(|labels| ClaimLabels::own(&name, labels, fleet).is_some());
        if !is_ours {
            return Ok(());
        }
        self.effect(format!("remove volume {name}"), |world| {
            world.volumes.remove(&name);
        })
    }

    /// The files of a container are put down before it starts.
    pub(super) fn put_files(&mut self, request: &RunContainer) -> Done {
        let parts = request.env.iter().flat_map(|(_, parts)| parts);
        let keys = parts.filter_map(|part| match part {
            EnvPart::Secret(key) => Some(key),
            EnvPart::Text(_) | EnvPart::Address => None,
        });
        keys.chain(request.files.iter().flat_map(Files::secrets)).try_for_each(|key| self.has_secret(key))?;
        if let Some(pod) = self.pods.get_mut(&request.pod.pod_name()) {
            for files in &request.files {
                pod.contents.insert((request.spec.name.clone(), files.path.clone()), files.digest());
            }
        }
        Ok(())
    }

    fn has_secret(&self, key: &SecretKey) -> Done {
        if key.optional || self.secrets.contains_key(&(key.secret.clone(), key.key.clone())) {
            return Ok(());
        }
        let why = "it is not there".to_owned();
        Err(PodmanError::NoSecret { secret: key.secret.to_string(), key: key.key.to_string(), why })
    }

    pub(super) fn swap_files(&mut self, fleet: &FleetName, swap: &FilesSwap, now: Moment) -> Done {
        swap.files.secrets().try_for_each(|key| self.has_secret(key))?;
        let line = format!("swap {} of {} in {}", swap.files.path, swap.container, swap.pod);
        if let Some(to) = &swap.signal {
            self.signal_container(fleet, &to.container, &to.signal, now)?;
        }
        self.effect(line, |world| {
            if let Some(pod) = world.pods.get_mut(&swap.pod) {
                pod.contents.insert((swap.container.clone(), swap.files.path.clone()), swap.files.digest());
            }
        })
    }

    /// The simulated node has every path, core and fact, and those devices that were not taken away.
    pub(super) fn check_node(&mut self, needs: &NodeNeeds) -> Done {
        self.point("look at the node")?;
        let devices = needs.devices.iter().map(ToString::to_string).chain(needs.cdi.iter().cloned());
        let needed = needs.facts.iter().filter_map(|need| need.device.clone());
        let devices = devices.chain(needed);
        match devices.into_iter().find(|device| self.absent.contains(device)) {
            Some(device) => {
                Err(PodmanError::NotOnNode { what: format!("device `{device}`"), why: "nothing is there".to_owned() })
            }
            None => Ok(()),
        }
    }

    /// A volume that a mount names and that is not there.
    pub(super) fn lasting_volume_missing(&self, request: &RunContainer) -> Done {
        let missing = crate::podman::mounts::lasting_volumes(request).find(|name| !self.volumes.contains_key(name));
        match missing {
            Some(name) => Err(refused("make a container", 500, format!("no such volume {name}"))),
            None => Ok(()),
        }
    }
}
