//! A repository on disk: its root, its files, its lock.

use std::{
    io,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use wlc_plan::{
    name::{FleetName, WorkloadName},
    signature::PublicKey,
};

use super::{Done, Failure, PROBLEMS, Place, ReportFormat, git, output};
use crate::{
    attachments,
    cache::{Cache, disk},
    diagnostics::{Code, Diagnostic, Problems, suggest},
    expand::How,
    files,
    lock::{
        Lock, WorkloadLock,
        store::{self, Reading, StoreError},
    },
    model::fleet::{self, Fleet},
    pipeline::{self, Compiled, Front},
    publish::{Signer, Signers},
    sources::Sources,
};

/// The folder of the plan set where none is asked for.
const PLANS: &str = "plans";

/// A repository and what was compiled of it.
pub(super) struct Project {
    /// The folder of `fleet.kdl`.
    pub(super) root: PathBuf,
    /// The lock as it was found.
    pub(super) lock: Lock,
    /// What was compiled.
    pub(super) compiled: Compiled,
}

impl Project {
    /// Finds, reads and compiles a repository.
    pub(super) fn open(place: &Place, reading: Reading) -> Result<Self, Failure> {
        Self::open_by(place, files::read, pipeline::read, |folder| store::read(folder, reading), reading)
    }

    /// The same by way of the cache, which is written anew.
    pub(super) fn open_cached(place: &Place, reading: Reading) -> Result<Self, Failure> {
        let cache = files::find_root(&place.dir).and_then(|root| disk::Place::find(&root));
        let Some(cache) = cache else { return Self::open(place, reading) };
        // An overlay is laid over texts.
        let quick = place.overlay.is_none().then(|| Self::open_by_cache(place, reading, &cache, Some(&cache.cache)));
        match quick {
            Some(Ok(project)) if !project.misses_a_text() => Ok(project),
            Some(_) | None => Self::open_by_cache(place, reading, &cache, None),
        }
    }

    /// The same, where files that one cache has seen are not read.
    fn open_by_cache(
        place: &Place,
        reading: Reading,
        cache: &disk::Place,
        seen: Option<&Cache>,
    ) -> Result<Self, Failure> {
        let files = |root: &Path, problems: &mut Problems| files::read_changed(root, seen, problems);
        let front = |sources, problems| {
            let how = How { cache: Some(&cache.cache), ..How::default() };
            let mut front = pipeline::read_by(how, sources, problems);
            cache.renew(&std::mem::take(&mut front.keep));
            front
        };
        Self::open_by(place, files, front, |folder| store::read(folder, reading), reading)
    }

    /// Whether a text was needed, or is about to be printed, that was not read.
    fn misses_a_text(&self) -> bool {
        let Compiled { sources, problems, .. } = &self.compiled;
        let mut labels = problems.sorted().into_iter().flat_map(|one| &one.labels);
        sources.misses_a_text() || labels.any(|label| !sources.file(label.span.file).is_read())
    }

    /// The same with a lock that lies nowhere yet.
    pub(super) fn open_with(place: &Place, lock: &Lock) -> Result<Self, Failure> {
        Self::open_by(place, files::read, pipeline::read, |_| Ok(lock.clone()), Reading::Healing)
    }

    fn open_by(
        place: &Place,
        files: impl FnOnce(&Path, &mut Problems) -> io::Result<Sources>,
        front: impl FnOnce(Sources, Problems) -> Front,
        lock: impl FnOnce(&Path) -> Result<Lock, StoreError>,
        reading: Reading,
    ) -> Result<Self, Failure> {
        let Some(root) = files::find_root(&place.dir) else {
            let message = format!(
                "there is no `{}` in `{}` or above it; `wlc init DIR` makes a new repository",
                files::ROOT_FILE,
                place.dir.display()
            );
            return Err(Failure::new(PROBLEMS, message));
        };
        let mut problems = Problems::default();
        let mut sources = files(&root, &mut problems).map_err(Failure::problem)?;
        if let Some(overlay) = &place.overlay {
            sources.choose_overlay(overlay);
        }
        let mut front = front(sources, problems);
        let found = files::attach(&root, &attachments::named(&front.sources, &front.repository));
        let lock = match &front.repository.fleet {
            Some(fleet) => lock(&lock_folder(&root, &fleet.name.value)).unwrap_or_else(|error| {
                front.problems.add(bad_lock(error.seen_from(&root), reading));
                Lock::default()
            }),
            None => Lock::default(),
        };
        let compiled = pipeline::compile(front, &found, &lock);
        Ok(Self { root, lock, compiled })
    }

    /// The fleet block of a repository without errors.
    pub(super) fn fleet(&self) -> Result<&Fleet, Failure> {
        let fleet = self.compiled.repository.fleet.as_ref();
        fleet.ok_or_else(|| Failure::new(PROBLEMS, "the repository has no fleet block that can be read"))
    }

    /// The folder of the plan set: the one that is asked for, or `plans`, with the name of the overlay behind it.
    pub(super) fn plans(&self, asked: Option<&Path>) -> PathBuf {
        match (asked, self.compiled.sources.overlay()) {
            (Some(asked), _) => asked.to_owned(),
            (None, None) => PathBuf::from(PLANS),
            (None, Some(overlay)) => PathBuf::from(format!("{PLANS}-{overlay}")),
        }
    }

    /// The folder of the lock.
    pub(super) fn lock_folder(&self) -> Result<PathBuf, Failure> {
        Ok(lock_folder(&self.root, &self.fleet()?.name.value))
    }

    /// The signers, as `fleet.kdl` names them.
    pub(super) fn signers(&self) -> Result<Signers, Failure> {
        let fleet = self.fleet()?;
        let none = || {
            Failure::new(
                PROBLEMS,
                "the fleet names no signers; `wlc keygen` makes a key and prints the line for `fleet.kdl`",
            )
        };
        let signers = fleet.signers.as_ref().ok_or_else(none)?;
        let key = |key: &fleet::PublicKey| PublicKey::parse(&key.0).map_err(Failure::problem);
        let mut list = Vec::new();
        for signer in &signers.signers {
            let was = signer.was.as_ref().map(|was| key(&was.value)).transpose()?;
            list.push(Signer { name: signer.name.value.clone(), key: key(&signer.key.value)?, was });
        }
        let threshold = NonZeroU32::new(signers.threshold.value.0).ok_or_else(none)?;
        Signers::new(threshold, list).map_err(Failure::problem)
    }

    /// Makes errors of what is read and checked and that no build carries out.
    pub(super) fn refuse_what_is_not_carried_out(&mut self) {
        self.compiled.problems.refuse_what_is_not_carried_out();
    }

    /// Prints what is wrong, and says whether a command ends here.
    pub(super) fn report(&self, format: impl Into<ReportFormat>) -> Done {
        let Compiled { sources, problems, .. } = &self.compiled;
        output::diagnostics(sources, problems, format.into(), &|| git::prefix(&self.root))?;
        Ok(if problems.errors() == 0 { super::FINE } else { PROBLEMS })
    }

    /// Reports a lock that this build would change.
    pub(super) fn require_settled_lock(&mut self) {
        let changed = self.compiled.lowered.as_ref().map(|lowered| self.changed(&lowered.lock)).unwrap_or_default();
        if !changed.is_empty() {
            let message = format!("the lock is out of date: {}", changed.join(", "));
            let diagnostic = Diagnostic::nowhere(Code::LockOutOfDate, message);
            self.compiled.problems.add(diagnostic.hint("run `wlc lock` and commit what it writes"));
        }
    }

    /// The lock of a workload of this name.
    pub(super) fn locked(&self, name: &str) -> Result<(WorkloadName, &WorkloadLock), Failure> {
        let found = WorkloadName::parse(name).ok().and_then(|name| self.lock.workloads.get_key_value(&name));
        match found {
            Some((name, lock)) => Ok((name.clone(), lock)),
            None => {
                let hint = suggest::hint(name, self.lock.workloads.keys().map(WorkloadName::as_str));
                Err(Failure::new(PROBLEMS, format!("the lock knows no workload `{name}`; {hint}")))
            }
        }
    }

    /// Says which rollbacks end with a new lock.
    pub(super) fn ended_rollbacks(&self, new: &Lock) -> Vec<String> {
        let was_pinned = self.lock.workloads.iter().filter(|(_, one)| one.pinned.is_some());
        let is_pinned = |name: &WorkloadName| new.workloads.get(name).is_some_and(|one| one.pinned.is_some());
        let ended = was_pinned.filter(|(name, _)| !is_pinned(name));
        ended.map(|(name, _)| format!("the rollback of `{name}` has ended: the files have another revision")).collect()
    }

    /// Names of workloads whose lock would change.
    pub(super) fn changed(&self, new: &Lock) -> Vec<String> {
        let mut names: Vec<_> = self.lock.workloads.keys().chain(new.workloads.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let differs =
            |name: &&&wlc_plan::name::WorkloadName| self.lock.workloads.get(**name) != new.workloads.get(**name);
        let mut changed: Vec<String> = names.iter().filter(differs).map(|name| name.to_string()).collect();
        if changed.is_empty() && self.lock.bodies != new.bodies {
            changed.push("the bodies of its revisions".to_owned());
        }
        changed
    }
}

fn bad_lock(error: StoreError, reading: Reading) -> Diagnostic {
    let diagnostic = Diagnostic::nowhere(Code::BadLock, format!("the lock cannot be read: {error}"));
    diagnostic.hint(match reading {
        Reading::Strict if error.can_be_healed() => {
            "`wlc lock` keeps what can be read and decides the rest anew; commit what it writes"
        }
        Reading::Strict | Reading::Healing => {
            "take the file from an older commit, or delete it: then its replicas are placed anew"
        }
    })
}

fn lock_folder(root: &Path, fleet: &FleetName) -> PathBuf {
    root.join("lock").join(fleet.as_str())
}
