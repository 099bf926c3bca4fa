//! `wlc up`: a loop for one machine. Builds into a folder of its own with a key of its own, lets `wlagent apply` carry it
//! out, and does so again at each save.

mod agent;
mod folder;
mod watch;

use std::{num::NonZeroU32, path::PathBuf};

use wlc_plan::name::{FleetName, NodeName, SignerName};

use self::{agent::Agent, folder::Folder, watch::Watch};
use super::{Done, FINE, Failure, PROBLEMS, Place, ReportFormat, build, diff, output, project::Project};
use crate::{
    attachments,
    content::Content,
    diagnostics::Problems,
    diff::text,
    files,
    lock::{
        Lock,
        store::{self, Reading},
    },
    model::Repository,
    pipeline,
    publish::{self, Ancestry, Anyway, ExpectedHead, Outcome, PublishOptions, Signer, Signers},
};

/// Builds and applies on this machine, again at each save, until Ctrl-C. What runs goes on.
#[derive(Debug, clap::Args)]
pub(super) struct Up {
    /// The node that this machine stands for; without it, the one with this machine's name, or the only one.
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Podman's socket; without it, the one of this user.
    #[arg(long, value_name = "SOCKET")]
    podman: Option<PathBuf>,
    /// How long one round may take to converge.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    timeout: String,
    /// One round only.
    #[arg(long)]
    once: bool,
    /// Removes what an earlier round has started.
    #[arg(long, conflicts_with = "once")]
    down: bool,
}

impl Up {
    pub(super) fn run(&self, place: &Place) -> Done {
        let Some(root) = files::find_root(&place.dir) else {
            return Err(Failure::new(PROBLEMS, "there is no `fleet.kdl` here or above; `wlc init` makes a repository"));
        };
        let agent = Agent::find()?;
        let mut shop = Workshop { up: self, folder: Folder::make(&root)?, agent, place, root, facts: None };
        if self.once || self.down {
            return Ok(shop.round(None)?.unwrap_or(FINE));
        }
        let watch = Watch::begin(&shop.root)?;
        loop {
            match shop.round(Some(&watch)) {
                Ok(None) => continue,
                Ok(Some(FINE)) => output::note("converged; waiting for a change (Ctrl-C ends, and what runs goes on)"),
                Ok(Some(_)) => output::note("waiting for a change"),
                Err(failure) => {
                    output::error(&failure.message);
                    output::note("waiting for a change");
                }
            }
            output::note(&format!("changed: {}", watch.wait()?));
        }
    }
}

/// What all rounds share.
struct Workshop<'a> {
    up: &'a Up,
    place: &'a Place,
    root: PathBuf,
    folder: Folder,
    agent: Agent,
    /// What `wlagent facts` says of this machine, once it was asked for.
    facts: Option<String>,
}

impl Workshop<'_> {
    /// Builds, and applies what was built. None where a save has interrupted it.
    fn round(&mut self, watch: Option<&Watch>) -> Result<Option<u8>, Failure> {
        let mut project = self.compile()?;
        let node = self.node(&project.compiled.repository)?;
        let is_known = project.compiled.repository.facts.contains_key(&node);
        if self.facts.is_none() && !is_known {
            self.facts = Some(self.agent.facts(&node)?);
            project = self.compile()?;
        }
        project.refuse_what_is_not_carried_out();
        project.report(ReportFormat::Text)?;
        let Some(lowered) = &project.compiled.lowered else { return Ok(Some(PROBLEMS)) };
        let mut content = lowered.content.clone();
        if self.up.down {
            content.plans.values_mut().for_each(|plan| plan.instances.clear());
        }
        self.publish(&project, &content)?;
        store::write(&self.folder.lock(), &lowered.lock).map_err(Failure::problem)?;
        let settings = self.folder.settings(&content.fleet, &node, self.up.podman.as_deref())?;
        self.agent.apply(&settings, &self.up.timeout, watch)
    }

    /// Compiles under a name of its own, so that nothing of a real agent on this machine is touched.
    fn compile(&self) -> Result<Project, Failure> {
        let mut problems = Problems::default();
        let mut sources = files::read(&self.root, &mut problems).map_err(Failure::problem)?;
        if let Some(overlay) = &self.place.overlay {
            sources.choose_overlay(overlay);
        }
        if let Some(facts) = &self.facts {
            sources.add(".wlc/up/facts.kdl", facts);
        }
        let mut front = pipeline::read(sources, problems);
        if let Some(fleet) = &mut front.repository.fleet {
            let name = format!("{}-up", fleet.name.value);
            fleet.name.value = FleetName::parse(&name).map_err(Failure::problem)?;
        }
        let found = files::attach(&self.root, &attachments::named(&front.sources, &front.repository));
        let mut lock = store::read(&self.folder.lock(), Reading::Healing).unwrap_or_default();
        forget(&mut lock, &front.repository);
        let compiled = pipeline::compile(front, &found, &lock);
        Ok(Project { root: self.root.clone(), lock, compiled })
    }

    fn node(&self, repository: &Repository) -> Result<NodeName, Failure> {
        let asked = self.up.node.clone().or_else(folder::host_name);
        let named = asked.as_deref().and_then(|name| NodeName::parse(name).ok());
        let declared: Vec<&NodeName> = repository.nodes.keys().collect();
        match (named.filter(|name| repository.nodes.contains_key(name)), &declared[..], &self.up.node) {
            (Some(node), _, _) => Ok(node),
            (None, [only], None) => Ok((*only).clone()),
            (None, _, _) => {
                let names = crate::diagnostics::suggest::list(declared.iter().map(|node| node.as_str()));
                let asked = asked.unwrap_or_default();
                let message = format!(
                    "no node `{asked}` is declared; say with `--node` which one this machine stands for: {names}"
                );
                Err(Failure::new(PROBLEMS, message))
            }
        }
    }

    fn publish(&self, project: &Project, content: &Content) -> Result<(), Failure> {
        let files = content.files().map_err(Failure::problem)?;
        let out = self.folder.plans();
        // A round of `--down` has nothing to tell: all of it goes.
        let told = (!self.up.down).then_some(project.compiled.lowered.as_ref()).flatten();
        let told = told.and_then(|lowered| diff::against(project, lowered, &files, &out, &Lock::default()).ok());
        let key = self.folder.key()?;
        let name = SignerName::parse(folder::SIGNER).expect("a word of letters is a name");
        let signer = Signer { name, key: key.public(), was: None };
        let signers = Signers::new(NonZeroU32::MIN, vec![signer]).map_err(Failure::problem)?;
        let options = PublishOptions {
            out: &out,
            key: Some(&key),
            signers: &signers,
            valid_for: None,
            now: build::now(),
            commit: None,
            expect_head: ExpectedHead::Any,
            generation_after: None,
            anyway: Anyway::Yes,
            is_ancestor: &|_| Ancestry::Ancestor,
        };
        let published = publish::publish(content, &options).map_err(|error| Failure::from(&error))?;
        match published.outcome {
            Outcome::Written(_) => output::note(&format!("generation {}", published.generation)),
            Outcome::SignedLast | Outcome::Unchanged => {
                output::note(&format!("generation {}, as before", published.generation));
            }
        }
        told.iter().flat_map(text::brief).for_each(|line| output::note(&line));
        Ok(())
    }
}

/// What is no longer declared goes without a word: this lock is thrown away sooner or later.
fn forget(lock: &mut Lock, repository: &Repository) {
    lock.workloads.retain(|name, _| repository.workloads.contains_key(name));
    for workload in lock.workloads.values_mut() {
        workload.replicas.retain(|_, replica| repository.nodes.contains_key(&replica.node));
    }
}
