//! `wlc verify`: every file of a plan set, as a node would judge it.

use std::path::PathBuf;

use serde::Serialize;
use wlc_plan::set::{Expectations, Verdict, WholeSet, read_all};

use super::{Done, FINE, Failure, Format, PROBLEMS, Place, REFUSED, build, output, project::Project};
use crate::{
    lock::store::Reading,
    publish::{Folder, list},
    words,
};

/// Verifies every file of a plan set.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// The folder of the plan set: `plans`, or `plans-OVERLAY` with an overlay.
    #[arg(long, value_name = "DIR")]
    plans: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    version: u32,
    fleet: String,
    generation: Option<u64>,
    nodes: usize,
    files: usize,
    signers: Vec<String>,
    problems: Vec<Row>,
    orphans: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    node: Option<String>,
    code: &'static str,
    message: String,
}

impl Verify {
    pub(super) fn run(&self, place: &Place) -> Done {
        let project = Project::open(place, Reading::Healing)?;
        let signers = project.signers()?;
        let plans = project.plans(self.plans.as_deref());
        let expectations = Expectations {
            fleet: &project.fleet()?.name.value,
            trust: signers.all(),
            threshold: signers.threshold(),
            last: None,
            now: build::now(),
        };
        let listed = list(&plans).map_err(Failure::problem)?;
        let set = match read_all(&Folder::new(&plans), &listed, &expectations) {
            Ok(set) => set,
            Err(verdict) => return self.refused(&expectations, &verdict),
        };
        match self.format {
            Format::Text => report(&set),
            Format::Json => output::document(&document(&set))?,
        }
        Ok(if set.problems.is_empty() { FINE } else { REFUSED })
    }

    /// The whole set is refused.
    fn refused(&self, expectations: &Expectations<'_>, verdict: &Verdict) -> Done {
        let code = if matches!(verdict, Verdict::NoSet) { PROBLEMS } else { REFUSED };
        match self.format {
            Format::Text => Err(Failure::new(code, format!("{}: {verdict}", verdict.code()))),
            Format::Json => {
                output::document(&Document {
                    version: 1,
                    fleet: expectations.fleet.to_string(),
                    generation: None,
                    nodes: 0,
                    files: 0,
                    signers: Vec::new(),
                    problems: vec![Row { node: None, code: verdict.code(), message: verdict.to_string() }],
                    orphans: Vec::new(),
                })?;
                Ok(code)
            }
        }
    }
}

fn document(set: &WholeSet) -> Document {
    let problems = set.problems.iter().map(|problem| Row {
        node: problem.node.as_ref().map(ToString::to_string),
        code: problem.verdict.code(),
        message: problem.verdict.to_string(),
    });
    Document {
        version: 1,
        fleet: set.envelope.head.fleet.to_string(),
        generation: Some(set.envelope.head.generation.number()),
        nodes: set.nodes.len(),
        files: set.files.len(),
        signers: set.envelope.signers.iter().map(ToString::to_string).collect(),
        problems: problems.collect(),
        orphans: set.orphans.clone(),
    }
}

fn report(set: &WholeSet) {
    for problem in &set.problems {
        let at = problem.node.as_ref().map_or_else(|| "set".to_owned(), |node| format!("node `{node}`"));
        output::error(&format!("{at}: {}: {}", problem.verdict.code(), problem.verdict));
    }
    for orphan in &set.orphans {
        output::note(&format!("`{orphan}` belongs to no set"));
    }
    let head = &set.envelope.head;
    let signers: Vec<String> = set.envelope.signers.iter().map(ToString::to_string).collect();
    output::note(&format!(
        "generation {} of fleet `{}`: {}, {}, signed by {}",
        head.generation,
        head.fleet,
        words::counted(set.nodes.len(), "node"),
        words::counted(set.files.len(), "file"),
        signers.join(", "),
    ));
}
