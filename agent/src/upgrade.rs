//! What the first pass of this version would do on this machine: for those who are about to let it run. Nothing is changed,
//! the guard is not taken, and another agent may run.
//!
//! The plan in force, the ledger and what Podman has are read as an agent reads them that begins; `decide` says the rest.

use std::{collections::BTreeSet, fmt, path::Path, sync::Arc};

use serde::Serialize;
use wlc_plan::head::Generation;

use crate::{
    action::Task,
    clock::Moment,
    decide::{Lists, Scene, decide},
    desired::Desired,
    disk::MachineDisk,
    ledger::{
        Ledger,
        store::{self, Found, Store, StoreError},
    },
    observed::Observed,
    plans::{KnownContents, Plans},
    podman::{Podman, client::Client, places::Places},
    probes::verdict::Verdicts,
    settings::Settings,
    source::DirectorySource,
};

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outlook {
    /// The version that was asked.
    pub agent: String,
    /// The generation in force; none where no set was ever accepted.
    pub generation: Option<u64>,
    /// How many pods of the fleet there are.
    pub pods: usize,
    /// What the first pass would do.
    pub actions: Vec<Planned>,
    /// What this version reads otherwise than the one that wrote it.
    pub differences: Vec<String>,
}

/// What would be done for one replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// The replica; none where an image goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// Why.
    pub reason: String,
    /// The steps, in order.
    pub steps: Vec<String>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    /// This version must not act on the state, or cannot read it.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The kept set or Podman cannot be read.
    #[error("{0}")]
    Other(String),
}

/// What the first pass of this version would do with this state.
///
/// # Errors
/// The state or Podman cannot be read, or the state is not for this version or machine.
pub async fn outlook(settings: &Arc<Settings>, now: Moment) -> Result<Outlook, Unknown> {
    let (state, machine) = (settings.fleet_state(), store::machine(Path::new("/")));
    let (ledger, found) = Store::look(&state, &settings.fleet, machine)?;
    let contents = Arc::new(KnownContents::default());
    let source = Arc::new(DirectorySource::new(settings));
    let plans = Plans::load(settings, Arc::new(MachineDisk), source, Arc::clone(&contents));
    let plans = plans.map_err(|error| Unknown::Other(error.to_string()))?;
    let client = Client::connect(&settings.podman, &settings.fleet, &state, contents).await;
    let client = client.map_err(|error| Unknown::Other(error.to_string()))?;
    let client = client.with_places(Places::of_machine(&settings.secrets, &settings.auth_file));
    let observed = client.observe().await.map_err(|error| Unknown::Other(error.to_string()))?;
    let torn = match found {
        Found::Torn(why) => Some(why),
        Found::Whole | Found::Nothing => None,
    };
    let known = plans.desired().map(|desired| foreseen(desired, &observed, &ledger, now));
    let (actions, differences) = known.unwrap_or_default();
    Ok(Outlook {
        agent: env!("CARGO_PKG_VERSION").to_owned(),
        generation: plans.generation().map(Generation::number),
        pods: observed.pods.len(),
        actions,
        differences: plans.warnings().into_iter().chain(torn).chain(differences).collect(),
    })
}

/// What a pass that begins with this would do, and what it reads otherwise.
pub fn foreseen(desired: &Desired, observed: &Observed, ledger: &Ledger, now: Moment) -> (Vec<Planned>, Vec<String>) {
    let (verdicts, busy) = (Verdicts::new(), BTreeSet::new());
    let lists = Lists::default();
    let decision = decide(Scene { desired, observed, verdicts: &verdicts, ledger, busy: &busy, now, lists: &lists });
    let images = decision.unneeded_images.iter().map(|name| Planned {
        replica: None,
        reason: "no revision needs it".to_owned(),
        steps: vec![format!("remove image {name}")],
    });
    let actions = decision.tasks.iter().map(Planned::of).chain(images).collect();
    // What runs and is refused would be looked after by nobody.
    let runs = |replica| observed.pods_of(replica).next().is_some();
    let refused = desired.refused.iter().filter(|(replica, _)| runs(replica));
    (actions, refused.map(|(replica, refused)| format!("`{replica}` would be left alone: {}", refused.why)).collect())
}

impl Planned {
    fn of(task: &Task) -> Self {
        Self {
            replica: Some(task.replica.to_string()),
            reason: task.reason.to_string(),
            steps: task.actions.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Outlook {
    /// Whether everything would stay as it is.
    pub fn is_quiet(&self) -> bool {
        self.actions.is_empty() && self.differences.is_empty()
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agent, generation, pods, actions, differences } = self;
        let plan = generation.map_or_else(|| "no plan set".to_owned(), |number| format!("generation {number}"));
        if self.is_quiet() {
            return writeln!(
                formatter,
                "no action: version {agent} keeps {pods} pods as they are, with {plan} in force"
            );
        }
        let (acts, differs) = (actions.len(), differences.len());
        writeln!(formatter, "would act: version {agent}, with {plan} in force: {acts} actions, {differs} differences")?;
        for Planned { replica, reason, steps } in actions {
            writeln!(formatter, "  {}: {reason}", replica.as_deref().unwrap_or("images"))?;
            steps.iter().try_for_each(|step| writeln!(formatter, "    {step}"))?;
        }
        differences.iter().try_for_each(|why| writeln!(formatter, "  reads otherwise: {why}"))
    }
}
