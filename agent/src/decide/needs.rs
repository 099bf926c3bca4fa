//! What a task needs of its node and does not find there: the task is held back, and says what is missing.
//!
//! A claim that held data once is never made anew in silence: an empty disk in its place would look like a fresh start
//! (P-052). A missing secret is waited for by its name. What runs goes on meanwhile.

use wlc_plan::node_plan::ClaimData;

use super::Scene;
use crate::{
    action::{Action, PodRequest, RunContainer},
    files::{EnvPart, Files, SecretKey},
    ledger::Ledger,
    podman::labels::ClaimLabels,
};

/// A word for status, and the sentence.
pub(super) type Missing = (&'static str, String);

/// The first thing that a task would not find.
pub(super) fn missing(scene: Scene<'_>, ledger: &Ledger, actions: &[Action]) -> Option<Missing> {
    actions.iter().find_map(|action| match action {
        Action::MakePod(request) => lost_claim(scene, ledger, request),
        Action::RunContainer(request) => missing_secret(scene, secrets_of(request)),
        Action::SwapFiles(swap) => missing_secret(scene, swap.files.secrets().collect()),
        Action::MakeNetwork(_)
        | Action::PullImage(_)
        | Action::Drain(_)
        | Action::StopContainers { .. }
        | Action::RemoveContainer { .. }
        | Action::RemovePod { .. }
        | Action::SwapContent(_)
        | Action::PostStart(_)
        | Action::Limit { .. }
        | Action::Connect { .. }
        | Action::Rename { .. }
        | Action::Unpause { .. }
        | Action::CheckNode(_)
        | Action::RemoveClaim { .. } => None,
    })
}

fn lost_claim(scene: Scene<'_>, ledger: &Ledger, request: &PodRequest) -> Option<Missing> {
    let replica = &request.labels.replica;
    let of_replica = scene.desired.claims.iter().filter(|claim| claim.replica == *replica);
    of_replica.into_iter().find_map(|claim| {
        let labels = ClaimLabels::new(&scene.desired.fleet, replica, &claim.claim);
        let name = labels.volume_name();
        let held_data = claim.data == ClaimData::Existing || ledger.claims.contains(&name);
        if !held_data || scene.observed.volumes.contains(&name) || ledger.may_be_empty.contains(&name) {
            return None;
        }
        let reason = format!(
            "the volume `{name}` of claim `{}` held data and is not there; `wlagent retry {replica}` begins with an empty one",
            claim.claim
        );
        Some(("claim", reason))
    })
}

fn secrets_of(request: &RunContainer) -> Vec<&SecretKey> {
    let parts = request.env.iter().flat_map(|(_, parts)| parts).filter_map(EnvPart::secret);
    request.files.iter().flat_map(Files::secrets).chain(parts).collect()
}

fn missing_secret(scene: Scene<'_>, keys: Vec<&SecretKey>) -> Option<Missing> {
    let has = |key: &SecretKey| scene.observed.secrets.contains_key(&(key.secret.clone(), key.key.clone()));
    let missing = keys.into_iter().find(|key| !key.optional && !has(key))?;
    let SecretKey { secret, key, .. } = missing;
    Some(("secret", format!("secret `{secret}` has no key `{key}` on this node")))
}
