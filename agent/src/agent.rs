//! The agent's own state between two passes. What it knows of containers it reads back from Podman each time.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};
use tracing::warn;
use wlc_plan::{
    name::{ReplicaName, WorkloadName},
    node_plan::IpFamily,
};

use crate::{
    accepted::AcceptedError,
    cleaning::Cleaning,
    clock::{Clock, Jumps, Moment},
    counts::Counts,
    decide::{Decision, Removal},
    disk::{Disk, MachineDisk},
    ending::Ending,
    events::{Event, Whom, notice::Notice},
    heart::Heart,
    ledger::{
        Ledger,
        store::{self, Found, Store, StoreError},
    },
    mutant::{self, Mutant},
    observed::Observed,
    plans::{KnownContents, Plans},
    podman::{Podman, PodmanError, client::Client, labels::PodLabels, places::Places},
    probes::{
        MachineProber, Prober, Probes,
        due::{Question, Reach, Subject, subjects},
        verdict::Answer,
    },
    settings::Settings,
    source::{DirectorySource, Source},
    status::{
        answers::Answers,
        document::{Document, Frame},
    },
    supervisor::Supervisor,
    tasks::{Finished, Tasks},
    words::Word,
};

/// The agent between two passes.
pub struct Agent {
    pub(crate) settings: Arc<Settings>,
    pub(crate) clock: Clock,
    pub(crate) jumps: Jumps,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) podman: Arc<dyn Podman>,
    pub(crate) plans: Plans,
    pub(crate) store: Store,
    pub(crate) ledger: Ledger,
    /// Whether the ledger is on the disk as it is here.
    pub(crate) is_ledger_kept: bool,
    pub(crate) recovered: Option<String>,
    pub(crate) reach: Reach,
    pub(crate) prober: Arc<dyn Prober>,
    pub(crate) probes: Probes,
    /// Probes that are being asked; they end with the agent.
    pub(crate) asking: JoinSet<()>,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) observed: Option<Observed>,
    pub(crate) decision: Option<Decision>,
    pub(crate) told: BTreeSet<Removal>,
    pub(crate) podman_error: Option<String>,
    pub(crate) notice: Notice,
    pub(crate) tasks: Tasks,
    pub(crate) cleaning: Cleaning,
    pub(crate) finished: mpsc::UnboundedReceiver<Finished>,
    pub(crate) answers: mpsc::UnboundedReceiver<(Question, Answer)>,
    pub(crate) answering: mpsc::UnboundedSender<(Question, Answer)>,
    pub(crate) status: watch::Sender<Arc<Document>>,
    pub(crate) words: mpsc::UnboundedReceiver<Word>,
    pub(crate) saying: mpsc::UnboundedSender<Word>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) heart: Arc<Heart>,
    /// What the service manager was told last.
    pub(crate) sentence: String,
    /// Somebody wants everything to be looked at anew.
    pub(crate) reload: Arc<Notify>,
}

/// Why the agent cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum CannotBegin {
    /// The ledger says that it must not act, or cannot be read.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The last accepted set cannot be read.
    #[error("{0}")]
    Accepted(#[from] AcceptedError),
    /// Podman does not answer, or is of a version that the agent does not work with.
    #[error("{0}")]
    Podman(#[from] PodmanError),
}

/// What an agent lives among. Simulations bring their own.
pub struct Surroundings {
    /// Tells the time.
    pub clock: Clock,
    /// Where plan sets come from.
    pub source: Arc<dyn Source>,
    /// What the last accepted set is kept on.
    pub disk: Arc<dyn Disk>,
    /// Where the ledger is kept.
    pub store: Store,
    /// What is remembered, and how it was found.
    pub ledger: (Ledger, Found),
    /// Where the contents of accepted sets are put for those who mount them.
    pub contents: Arc<KnownContents>,
    /// Podman.
    pub podman: Arc<dyn Podman>,
    /// Asks the probes.
    pub prober: Arc<dyn Prober>,
    /// How the ports of pods are reached.
    pub reach: Reach,
    /// Who started the agent and watches it.
    pub supervisor: Supervisor,
}

impl Surroundings {
    /// This machine: takes the guard, reads what is kept, and connects to Podman.
    ///
    /// # Errors
    /// The state must not or cannot be used, or Podman does not answer.
    pub async fn of_machine(settings: &Settings) -> Result<Self, CannotBegin> {
        let state = settings.fleet_state();
        let (store, ledger, found) = Store::open(&state, &settings.fleet, store::machine(std::path::Path::new("/")))?;
        let contents = Arc::new(KnownContents::default());
        let client = Client::connect(&settings.podman, &settings.fleet, &state, Arc::clone(&contents) as _).await?;
        let client = client.with_places(Places::of_machine(&settings.secrets, &settings.auth_file));
        let podman: Arc<dyn Podman> = Arc::new(client);
        Ok(Self {
            clock: Clock::of_machine(),
            source: Arc::new(DirectorySource::new(settings)),
            disk: Arc::new(MachineDisk),
            store,
            ledger: (ledger, found),
            contents,
            prober: Arc::new(MachineProber::new(Arc::clone(&podman))),
            podman,
            reach: if rustix::process::geteuid().is_root() { Reach::PodAddress } else { Reach::HostPort },
            supervisor: Supervisor::of_environment(),
        })
    }
}

impl Agent {
    /// An agent on this machine.
    ///
    /// # Errors
    /// The state must not or cannot be used, or Podman does not answer.
    pub async fn begin(settings: &Arc<Settings>) -> Result<Self, CannotBegin> {
        Self::among(settings, Surroundings::of_machine(settings).await?).await
    }

    /// An agent among these surroundings.
    ///
    /// # Errors
    /// The state cannot be used, or Podman does not answer.
    pub async fn among(settings: &Arc<Settings>, surroundings: Surroundings) -> Result<Self, CannotBegin> {
        let Surroundings {
            clock,
            source,
            disk,
            store,
            ledger: (ledger, found),
            contents,
            podman,
            prober,
            reach,
            supervisor,
        } = surroundings;
        let notice = Notice::open(Arc::clone(&disk), &settings.fleet_state());
        let plans = Plans::load(settings, disk, Arc::clone(&source), contents)?;
        let (finishing, finished) = mpsc::unbounded_channel();
        let (answering, answers) = mpsc::unbounded_channel();
        let (saying, words) = mpsc::unbounded_channel();
        let document = Frame::new(&settings.node, &settings.fleet, &plans, plans.warnings(), &ledger.holds).document;
        let counts = Arc::new(Counts::default());
        let mut agent = Self {
            settings: Arc::clone(settings),
            jumps: Jumps::new(&clock),
            clock,
            source,
            plans,
            store,
            ledger,
            is_ledger_kept: true,
            recovered: None,
            reach,
            prober,
            probes: Probes::default(),
            asking: JoinSet::new(),
            subjects: Vec::new(),
            observed: None,
            decision: None,
            told: BTreeSet::new(),
            podman_error: None,
            notice,
            tasks: Tasks::new(Arc::clone(&podman), finishing, Arc::clone(&counts)),
            cleaning: Cleaning::new(Arc::clone(&podman)),
            podman,
            finished,
            answers,
            answering,
            status: watch::Sender::new(Arc::new(document)),
            words,
            saying,
            counts,
            heart: Arc::new(Heart::new(supervisor)),
            sentence: String::new(),
            reload: Arc::default(),
        };
        agent.note_how_found(found).await?;
        agent.note_begin();
        Ok(agent)
    }

    /// The status, as it changes.
    pub fn status(&self) -> watch::Receiver<Arc<Document>> {
        self.status.subscribe()
    }

    /// Whoever notifies this wants everything to be looked at anew: the source, the keys that count, and what runs.
    pub fn reload(&self) -> Arc<Notify> {
        Arc::clone(&self.reload)
    }

    /// What clients of this agent are answered from.
    pub fn answers(&self) -> Arc<Answers> {
        let (counts, heart) = (Arc::clone(&self.counts), Arc::clone(&self.heart));
        let (status, ear) = (self.status(), self.saying.clone());
        Arc::new(Answers { status, counts, heart, ear, made: Mutex::default() })
    }

    /// From now on the agent ends where this says.
    pub fn end_at(&mut self, ending: Ending) {
        self.tasks.end_at(ending);
    }

    /// Looks at the source; true where another plan is in force.
    pub(crate) fn look_at_plans(&mut self) -> bool {
        let (before, now) = ((self.plans.generation(), self.plans.not_taken()), self.clock.now());
        let is_new = self.plans.look(self.observed.as_ref(), now);
        self.counts.look(before, (self.plans.generation(), self.plans.not_taken()));
        self.notice.plans(&self.plans, now);
        self.notice.keep();
        if is_new {
            self.give_up_pulls();
        }
        is_new
    }

    /// A pull for a pod that the plan no longer asks for holds nothing up.
    fn give_up_pulls(&mut self) {
        let Some(desired) = self.plans.desired() else { return };
        self.tasks.give_up_pulls(|replica, pod| desired.wanted(replica).is_some_and(|wanted| wanted.asks_for(pod)));
    }

    /// Notes the end of a task.
    pub(crate) fn end_task(&mut self, finished: &Finished) {
        if !self.tasks.end(finished, self.clock.now()) {
            return;
        }
        let before = (self.ledger.failures.get(&finished.replica).cloned(), self.ledger.images.clone());
        finished.brought.iter().for_each(|brought| self.ledger.brought(&brought.reference, &brought.pulled));
        match &finished.result {
            Ok(()) => self.ledger.succeeded(&finished.replica),
            Err(_) if mutant::is(Mutant::FailureUncounted) => {}
            Err(failure) => {
                let (cause, now) = (failure.cause(), self.clock.now());
                let workload = self.workload_of(&finished.replica);
                let event = Event::StepFailed { reason: failure.to_string() };
                self.notice.note(now, Whom::replica(&finished.replica, workload.as_ref()), event);
                self.ledger.failed(&finished.replica, (&finished.pod, cause), self.clock.now(), failure.to_string());
            }
        }
        if (before.0.as_ref(), &before.1) != (self.ledger.failures.get(&finished.replica), &self.ledger.images) {
            self.keep_ledger();
        }
    }

    /// Asks the probes that are due, and tells when the next one is.
    pub(crate) fn ask_probes(&mut self) -> Option<Moment> {
        let (questions, next) = self.probes.due(&self.subjects, self.clock.now());
        while self.asking.try_join_next().is_some() {}
        for question in questions {
            let (answering, prober) = (self.answering.clone(), Arc::clone(&self.prober));
            self.asking.spawn(async move {
                let answer = prober.ask(&question).await;
                // Nobody listens any more when the agent ends.
                drop(answering.send((question, answer)));
            });
        }
        next
    }

    /// Counts the answer of a probe; true where a verdict changed.
    pub(crate) fn hear(&mut self, question: &Question, answer: &Answer) -> bool {
        self.counts.answer(question, answer);
        if let Answer::Unheard(why) = answer {
            tracing::debug!(container = question.id, probe = question.kind.word(), "not asked: {why}");
        }
        self.probes.answered(question, answer, self.clock.now())
    }

    /// Which containers are to be probed from now on.
    pub(crate) fn choose_subjects(&mut self) {
        self.subjects = match (self.plans.desired(), &self.observed) {
            (Some(desired), Some(observed)) => subjects(desired, observed, self.reach),
            (_, _) => Vec::new(),
        };
        self.probes.keep_only(&self.subjects);
        let jump = self.jumps.since_last(&self.clock);
        if jump != 0 && !mutant::is(Mutant::ClockTrusted) {
            warn!("the clock has jumped by {} s", jump / 1_000);
            self.probes.clock_jumped(jump);
            self.ledger.clock_jumped(jump);
            self.keep_ledger();
        }
    }

    /// The workload of a replica, where the plan or a pod tells it.
    pub(crate) fn workload_of(&self, replica: &ReplicaName) -> Option<WorkloadName> {
        let wanted = self.plans.desired().and_then(|desired| desired.wanted(replica));
        let pod = || self.observed.as_ref()?.pods_of(replica).next().map(|pod| pod.workload.clone());
        wanted.map(|wanted| wanted.instance.workload.clone()).or_else(pod)
    }

    /// Notes that the agent begins.
    fn note_begin(&mut self) {
        let (version, recovered) = (env!("CARGO_PKG_VERSION").to_owned(), self.recovered.clone());
        self.notice.note(self.clock.now(), Whom::node(), Event::Began { version, recovered });
        self.notice.keep();
    }

    /// Writes the ledger. A failure costs what it would have remembered, and jobs wait until it is written.
    pub(crate) fn keep_ledger(&mut self) {
        if mutant::is(Mutant::LedgerUnkept) {
            return;
        }
        let written = self.store.write(&self.ledger);
        self.is_ledger_kept = written.is_ok();
        if let Err(error) = written {
            warn!(%error, "the ledger is not kept");
        }
    }

    /// What somebody should know about the agent itself.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let own = self.podman_error.iter().chain(&self.recovered).cloned();
        own.chain(self.network_warning()).chain(self.plans.warnings()).collect()
    }

    /// A network with pods in it keeps the addresses that it gives.
    fn network_warning(&self) -> Option<String> {
        let (desired, there) = (self.plans.desired()?, self.observed.as_ref()?.network?);
        let name = PodLabels::network_name(&desired.fleet);
        let wrong = match (there, desired.ip_family) {
            (IpFamily::Ipv4, IpFamily::Ipv4) | (IpFamily::Dual, IpFamily::Dual) => return None,
            (IpFamily::Ipv4, IpFamily::Dual) => "gives no addresses of IPv6",
            (IpFamily::Dual, IpFamily::Ipv4) => "gives addresses of IPv6 too",
        };
        Some(format!(
            "the network {name} {wrong}: it is made anew once no pod is in it; `podman network rm --force {name}` removes it and them, and all come back"
        ))
    }

    /// Without its ledger the agent starts recovered, where anything of its fleet is here.
    async fn note_how_found(&mut self, found: Found) -> Result<(), CannotBegin> {
        let why = match found {
            Found::Whole => return Ok(()),
            Found::Torn(why) => Some(why),
            Found::Nothing => {
                let observed = self.podman.observe().await?;
                (!observed.pods.is_empty()).then(|| "there is no ledger, but there are pods of the fleet".to_owned())
            }
        };
        if let Some(why) = why {
            warn!("recovered: {why}; back-offs begin anew");
            self.recovered = Some(format!("recovered: {why}"));
            self.ledger.recovered = true;
        }
        // From now on the state is bound to this machine.
        Ok(self.store.write(&self.ledger)?)
    }
}
