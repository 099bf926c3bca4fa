//! An agent among the parts of a simulated machine: how it begins, again and again.

use std::{collections::BTreeMap, num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};

use tokio::time::sleep;
use wlagent::{
    agent::{Agent, CannotBegin, Surroundings},
    ledger::store::Store,
    plans::KnownContents,
    podman::{Podman, labels::PodLabels},
    probes::due::Reach,
    settings::Settings,
    supervisor::Supervisor,
};
use wlc_plan::{
    binding::{Binding, Turn},
    name::{ReplicaName, WorkloadName},
    revision::{Revision, TemplateVersion},
    spec::PodSpec,
};

use super::{
    machine::{Machine, fleet},
    publisher::node,
};

/// An agent that begins after a while, and again whenever it cannot begin, as its unit says.
pub(super) async fn live_again(machine: Arc<Machine>, settings: Arc<Settings>, length: u64) {
    sleep(Duration::from_millis(length)).await;
    loop {
        match begin(&machine, &settings).await {
            Ok(mut agent) => {
                let now = machine.weather.elapsed();
                machine.weather.witness().follow(agent.status(), now);
                machine.listen(agent.answers().ear.clone());
                agent.run(std::future::pending()).await;
            }
            Err(error) => {
                let now = machine.weather.elapsed();
                machine.weather.witness().note(&format!("the agent cannot begin: {error}"), now);
                sleep(Duration::from_secs(2)).await;
            }
        }
    }
}

async fn begin(machine: &Machine, settings: &Arc<Settings>) -> Result<Agent, CannotBegin> {
    let disk: Arc<_> = Arc::clone(&machine.disk);
    let store = Store::on(disk.clone(), &settings.fleet_state(), &settings.fleet, Some(machine.is()))?;
    let (ledger, found) = store.read()?;
    let podman: Arc<dyn Podman> = machine.podman.clone();
    let surroundings = Surroundings {
        clock: machine.clock(),
        source: machine.source.clone(),
        disk,
        store,
        ledger: (ledger, found),
        contents: Arc::new(KnownContents::default()),
        podman,
        prober: Arc::new(machine.prober()),
        reach: Reach::PodAddress,
        supervisor: Supervisor::default(),
    };
    Agent::among(settings, surroundings).await
}

/// The labels of a pod of ours, as somebody copies them.
pub(super) fn copied_labels() -> BTreeMap<String, String> {
    let (workload, replica) = (WorkloadName::parse("w0").expect("a name"), ReplicaName::parse("w0-0").expect("a name"));
    let revision = Revision::of(TemplateVersion::NEWEST, &PodSpec::new(Vec::new()));
    PodLabels::new(&fleet(), &workload, &replica, revision, (&Binding::default(), Turn::First)).to_map()
}

/// The settings of the only node.
pub(super) fn settings() -> Arc<Settings> {
    let state = PathBuf::from("/state");
    Arc::new(Settings {
        node: node(),
        fleet: fleet(),
        source: state.join("plans"),
        signers: NonZeroU32::MIN,
        trust: state.join("trust"),
        secrets: state.join("secrets"),
        auth_file: state.join("auth.json"),
        podman: state.join("podman.sock"),
        listen: state.join("agent.sock"),
        http: None,
        state,
    })
}
