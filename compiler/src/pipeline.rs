//! The stages of a build, in order. Read this first.
//!
//! ```text
//! files → syntax → expand → model → attachments → checks → contents → pins → placement → lower → content
//! ```
//!
//! Every stage takes values and gives values, and reports what is wrong to one collector. Files, the lock's folder and
//! the plan set are read and written by the edges around it.

use wlc_plan::limits;

use crate::{
    attachments::Attachments,
    cache::Keep,
    checks,
    diagnostics::{Code, Diagnostic, Problems},
    expand::{self, Expanded, How, Templates},
    immutable,
    lock::{Lock, WorkloadLock, guard},
    lower::{self, Lowered},
    model::{Repository, WORKLOADS},
    pins::Pins,
    placement::{self, Placement},
    rollback,
    sources::Sources,
    syntax::Block,
};

/// What the files say.
#[derive(Debug, Default)]
pub struct Front {
    /// The files.
    pub sources: Sources,
    /// What they declare.
    pub repository: Repository,
    /// The blocks of workloads, expanded, for those who show a line of one.
    pub blocks: Vec<Block>,
    /// The templates among it, for those who explain them.
    pub templates: Templates,
    /// What is wrong with them.
    pub problems: Problems,
    /// What a cache may keep of them for the next time.
    pub keep: Vec<Keep>,
}

/// What a build decides.
#[derive(Debug)]
pub struct Compiled {
    /// The files.
    pub sources: Sources,
    /// What they declare.
    pub repository: Repository,
    /// What is wrong.
    pub problems: Problems,
    /// Workloads that are rolled back.
    pub pins: Pins,
    /// Where every replica is; empty where the files have errors.
    pub placement: Placement,
    /// Content and lock; none where there are errors.
    pub lowered: Option<Lowered>,
}

/// Files → what they declare.
pub fn read(sources: Sources, problems: Problems) -> Front {
    read_by(How::default(), sources, problems)
}

/// Files → what they declare, the same as [`read`] gives, in another way.
pub fn read_by(how: How<'_>, mut sources: Sources, mut problems: Problems) -> Front {
    let Expanded { blocks, facts, keep, templates } = expand::expand(how, &mut sources, &mut problems);
    let names = templates.names().map(str::to_owned).collect();
    let mut repository = Repository { templates: names, ..Repository::default() };
    repository.read(&blocks, facts, &mut problems);
    let blocks = blocks.into_iter().filter(|block| WORKLOADS.contains(&block.word.value.as_str())).collect();
    Front { sources, repository, blocks, templates, problems, keep }
}

/// What the files declare, with the files that they name and the lock → what is to run where. What no build carries out
/// is checked and placed, and nothing is lowered where there is some of it.
pub fn compile(front: Front, attachments: &Attachments, lock: &Lock) -> Compiled {
    let Front { sources, repository, blocks, templates: _, mut problems, keep: _ } = front;
    let mut placement = Placement::default();
    let mut pins = Pins::default();
    checks::run(&repository, &mut problems);
    guard::check(&repository, lock, &mut problems);
    let contents = lower::contents(&repository, attachments, &mut problems);
    immutable::check(&blocks, &repository, &contents, lock, &mut problems);
    if problems.errors() == 0 {
        pins = rollback::pins(&blocks, &repository, &contents, lock, &mut problems);
        placement = placement::place(&repository, lock, &pins, &mut problems);
        lower::check_nodes(&repository, &placement, &mut problems);
    }
    let fleet = repository.fleet.as_ref().map(|fleet| fleet.name.value.clone());
    let lowered = match fleet {
        Some(fleet) if problems.errors() == 0 && problems.refused_by_build() == 0 => {
            Some(lower::lower(&repository, &fleet, &placement, &contents, &pins, lock, &mut problems))
        }
        Some(_) | None => None,
    };
    let lowered = lowered.filter(|lowered| templates_fit(&repository, lowered, &mut problems));
    Compiled { sources, repository, problems, pins, placement, lowered }
}

/// Whether each pod template is as small as nodes take it.
fn templates_fit(repository: &Repository, lowered: &Lowered, problems: &mut Problems) -> bool {
    for (name, workload) in &repository.workloads {
        let newest = lowered.lock.workloads.get(name).and_then(WorkloadLock::newest);
        let body = newest.and_then(|revision| lowered.lock.bodies.get(&revision.reference.spec));
        let size = body.map_or(0, |bytes| bytes.len() as u64);
        if size > limits::SPEC_BYTES {
            let message =
                format!("the pod of `{name}` takes {size} bytes in a plan, {} are allowed", limits::SPEC_BYTES);
            let diagnostic = Diagnostic::new(Code::BadValue, message, workload.span(), "too large");
            problems.add(diagnostic.hint("put long texts into a config or into the image"));
        }
    }
    problems.errors() == 0
}
