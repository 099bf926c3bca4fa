//! Which plan is in force: looks at the source, keeps what is accepted, and reads it back at the start.
//!
//! A refusal changes nothing of what runs. Specs of revisions of which a pod still exists are kept with the set.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use tracing::{info, warn};
use wlc_plan::{
    content::ConfigContent,
    digest::Digest,
    head::Generation,
    revision::{Revision, TemplateVersion},
    set::{Accepted, Expectations, LastAccepted, NodeContent},
    spec::PodSpec,
};

use crate::{
    accept::Judgement,
    accepted::{AcceptedError, AcceptedFolder, Torn},
    clock::Moment,
    contents::Contents,
    desired::Desired,
    disk::Disk,
    mutant::{self, Mutant},
    observed::Observed,
    settings::Settings,
    source::Source,
};

/// The plan in force, and what the last look at the source gave.
pub struct Plans {
    settings: Arc<Settings>,
    source: Arc<dyn Source>,
    folder: AcceptedFolder,
    last: Option<LastAccepted>,
    specs: BTreeMap<Digest, PodSpec>,
    contents: Arc<KnownContents>,
    desired: Option<Desired>,
    judgement: Option<Judgement>,
    /// Why the trust file cannot be used, where that is so.
    mistrust: Option<String>,
    /// Why the accepted set cannot be kept, where that is so.
    unkept: Option<String>,
    torn: Vec<Torn>,
}

/// The contents of the accepted set, for those who mount them.
#[derive(Debug, Default)]
pub struct KnownContents(RwLock<BTreeMap<Digest, Arc<ConfigContent>>>);

/// Why the newest set is not in force, for status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// The word that scripts compare.
    pub code: String,
    /// The sentence.
    pub reason: String,
    /// Whether it is a refusal, or only something that is waited for.
    pub is_refusal: bool,
}

impl Plans {
    /// Reads what was accepted last from the state. `contents` is where its contents are put for those who mount them.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn load(
        settings: &Arc<Settings>,
        disk: Arc<dyn Disk>,
        source: Arc<dyn Source>,
        contents: Arc<KnownContents>,
    ) -> Result<Self, AcceptedError> {
        let folder = AcceptedFolder::below(disk, &settings.fleet_state());
        let loaded = folder.load(&settings.fleet, &settings.node)?;
        for torn in &loaded.torn {
            warn!("{torn}; it is not used");
        }
        let mut plans = Self {
            settings: Arc::clone(settings),
            source,
            folder,
            last: loaded.last,
            specs: loaded.older_specs,
            contents,
            desired: None,
            judgement: None,
            mistrust: None,
            unkept: None,
            torn: loaded.torn,
        };
        if let Some(set) = loaded.set {
            plans.enforce(&set.content);
        }
        Ok(plans)
    }

    /// What should run; none where no set was ever accepted.
    pub fn desired(&self) -> Option<&Desired> {
        self.desired.as_ref()
    }

    /// The generation in force.
    pub fn generation(&self) -> Option<Generation> {
        self.last.map(|last| last.generation)
    }

    /// What the last look gave.
    pub fn judgement(&self) -> Option<&Judgement> {
        self.judgement.as_ref()
    }

    /// What somebody should know about the kept set.
    pub fn warnings(&self) -> Vec<String> {
        let torn = self.torn.iter().map(|torn| format!("{torn}; it is not used"));
        let lost = self.last.is_none() && !self.torn.is_empty();
        let replay = "the accepted generation is not known any more: an older set would be accepted".to_owned();
        torn.chain(lost.then_some(replay)).collect()
    }

    /// Why the newest set is not in force.
    pub fn not_taken(&self) -> Option<NotTaken> {
        if let Some(reason) = &self.mistrust {
            return Some(NotTaken { code: "no-trust".to_owned(), reason: reason.clone(), is_refusal: true });
        }
        if let Some(reason) = &self.unkept {
            return Some(NotTaken { code: "not-kept".to_owned(), reason: reason.clone(), is_refusal: true });
        }
        let judgement = self.judgement.as_ref()?;
        let is_refusal = match judgement {
            Judgement::New(_) | Judgement::Same(_) => return None,
            Judgement::NoSet | Judgement::Waiting(_) => false,
            Judgement::NodeNotInSet { .. } | Judgement::Refused(_) | Judgement::Unreadable { .. } => true,
        };
        Some(NotTaken { code: judgement.code().to_owned(), reason: judgement.to_string(), is_refusal })
    }

    /// Looks at the source once; true where another plan is in force afterwards.
    pub fn look(&mut self, observed: Option<&Observed>, now: Moment) -> bool {
        let trust = match self.source.trust() {
            Ok(trust) => trust,
            Err(why) => {
                if self.mistrust.as_ref() != Some(&why) {
                    warn!("{why}");
                }
                self.mistrust = Some(why);
                return false;
            }
        };
        self.mistrust = None;
        let expectations = Expectations {
            fleet: &self.settings.fleet,
            trust: &trust,
            threshold: self.settings.signers,
            last: self.last.filter(|_| !mutant::is(Mutant::OlderTaken)),
            now: now.timestamp(),
        };
        let judgement = self.source.look(&self.settings.node, &expectations, self.judgement.as_ref());
        self.report(&judgement);
        let unkept = self.unkept.take();
        let is_new = match &judgement {
            Judgement::New(accepted) => self.take(accepted, observed, now, unkept.as_deref()),
            Judgement::Same(accepted) if self.desired.is_none() || !self.torn.is_empty() => {
                self.take(accepted, observed, now, unkept.as_deref())
            }
            Judgement::Same(_)
            | Judgement::NoSet
            | Judgement::Waiting(_)
            | Judgement::NodeNotInSet { .. }
            | Judgement::Refused(_)
            | Judgement::Unreadable { .. } => false,
        };
        if matches!(judgement, Judgement::NodeNotInSet { .. }) && mutant::is(Mutant::AbsentEmpties) {
            self.desired.iter_mut().for_each(|desired| desired.wanted.clear());
        }
        self.judgement = Some(judgement);
        is_new
    }

    /// Tells what the look gave, where it is another thing than before.
    fn report(&self, judgement: &Judgement) {
        let before = self.judgement.as_ref().map(|before| (before.code(), before.to_string()));
        if before == Some((judgement.code(), judgement.to_string())) {
            return;
        }
        match judgement {
            Judgement::New(_) => info!("{judgement}"),
            Judgement::Same(_) | Judgement::NoSet | Judgement::Waiting(_) => info!("plans: {judgement}"),
            Judgement::NodeNotInSet { .. } | Judgement::Refused(_) | Judgement::Unreadable { .. } => {
                warn!(code = judgement.code(), "the plan set is not taken: {judgement}; what runs keeps running");
            }
        }
    }

    /// Keeps an accepted set and puts it in force. Where it cannot be kept, the one before stays in force, and why is told
    /// once.
    fn take(&mut self, accepted: &Accepted, observed: Option<&Observed>, now: Moment, told: Option<&str>) -> bool {
        let keep = self.needed(observed);
        let save = || self.folder.save(&self.settings.node, accepted, now.timestamp(), &keep);
        let saved = if mutant::is(Mutant::SetUnkept) { Ok(()) } else { save() };
        if let Err(error) = saved {
            let generation = accepted.head.generation;
            let why = format!("generation {generation} cannot be kept, and so it is not carried out: {error}");
            if told != Some(&why) {
                warn!("{why}");
            }
            self.unkept = Some(why);
            return false;
        }
        self.specs.retain(|digest, _| keep.contains(digest));
        self.torn.clear();
        self.last = Some(LastAccepted { generation: accepted.head.generation, head: accepted.digest });
        self.enforce(&accepted.content);
        true
    }

    /// The files of specs of which a pod exists. While nothing was observed, all may be needed.
    fn needed(&self, observed: Option<&Observed>) -> BTreeSet<Digest> {
        let is_needed =
            |spec: &PodSpec| observed.is_none_or(|observed| observed.pods().any(|pod| pod.revision == revision(spec)));
        self.specs.iter().filter(|(_, spec)| is_needed(spec)).map(|(digest, _)| *digest).collect()
    }

    fn enforce(&mut self, content: &NodeContent) {
        let kept = self.specs.values().map(|spec| (revision(spec), Arc::new(spec.clone()))).collect();
        self.desired = Some(Desired::of(&content.plan, &content.specs, &kept));
        self.specs.extend(content.specs.clone());
        self.contents.replace(&content.contents);
    }
}

impl KnownContents {
    fn replace(&self, contents: &BTreeMap<Digest, ConfigContent>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|digest, _| contents.contains_key(digest));
        for (digest, content) in contents {
            known.entry(*digest).or_insert_with(|| Arc::new(content.clone()));
        }
    }
}

impl Contents for KnownContents {
    fn content(&self, digest: &Digest) -> Option<Arc<ConfigContent>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }
}

fn revision(spec: &PodSpec) -> Revision {
    Revision::of(TemplateVersion::NEWEST, spec)
}
