//! A placed replica → its instance.

use std::collections::BTreeMap;

use wlc_plan::{
    canonical,
    digest::Digest,
    instance::{Instance, SwappedContent, SwappedSources},
    name::ReplicaName,
    restarts::FlapLimit,
    spec::{FileSource, MountSource, PodSpec},
};

use super::{Contents, revisions::Revised, rollout::Site};
use crate::{model::workload::Workload, placement::Placed};

pub(super) fn instance(
    workload: &Workload,
    revised: &Revised,
    (replica, placed): (&ReplicaName, &Placed),
    site: &Site<'_>,
    contents: &Contents,
) -> Instance {
    let common = workload.common();
    let (asked, older) = revised.split(replica);
    Instance {
        replica: replica.clone(),
        workload: workload.name().value.clone(),
        kind: workload.kind(),
        labels: common.labels.iter().map(|label| (label.key.value.clone(), label.value.value.clone())).collect(),
        told: site.told(revised.spec_of(replica)),
        spec: asked.reference.clone(),
        older: older.map(|revision| revision.reference.clone()).collect(),
        contents: swapped(revised.spec_of(replica), contents),
        sources: sources(revised.spec_of(replica), contents),
        leans_on: Vec::new(),
        flap_limit: common
            .flap_limit
            .as_ref()
            .map(|limit| FlapLimit { ends: limit.ends.value.0, within: limit.within.value }),
        binding: placed.binding.clone(),
        rollout: site.rollout(replica),
        gates: site.gates(replica),
        work: None,
    }
}

/// Contents that are swapped in place, sorted by container and path.
fn swapped(spec: &PodSpec, contents: &Contents) -> Vec<SwappedContent> {
    let mut found = Vec::new();
    for container in &spec.containers {
        for mount in &container.mounts {
            let content = mount.source.swapped_config().and_then(|config| contents.get(config));
            found.extend(content.map(|content| SwappedContent {
                container: container.name.clone(),
                path: mount.path.clone(),
                content: Digest::of(&canonical::encode(content)),
            }));
        }
    }
    found.sort();
    found
}

/// Sources of files that are swapped in place, sorted by container and path.
fn sources(spec: &PodSpec, contents: &Contents) -> Vec<SwappedSources> {
    let mut found = Vec::new();
    for container in &spec.containers {
        for mount in &container.mounts {
            let MountSource::Files(files) = &mount.source else { continue };
            let mut one = SwappedSources {
                container: container.name.clone(),
                path: mount.path.clone(),
                configs: BTreeMap::new(),
                secrets: BTreeMap::new(),
            };
            for source in &files.sources {
                match source {
                    FileSource::Config(config) if config.content.is_none() => {
                        let digest = contents.digest(&config.config);
                        one.configs.extend(digest.map(|digest| (config.config.clone(), digest)));
                    }
                    FileSource::Secret(secret) if secret.version.is_none() => {
                        let version = contents.secret(&secret.secret).and_then(|known| known.version.clone());
                        one.secrets.extend(version.map(|version| (secret.secret.clone(), version)));
                    }
                    FileSource::Config(_)
                    | FileSource::Secret(_)
                    | FileSource::Field(_)
                    | FileSource::Text(_)
                    | FileSource::Endpoints(_) => {}
                }
            }
            found.extend(Some(one).filter(|one| !(one.configs.is_empty() && one.secrets.is_empty())));
        }
    }
    found.sort();
    found
}
