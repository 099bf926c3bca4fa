//! `wlc diff`: what a build would change, and why.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::{CHANGES, Done, FINE, Failure, Format, PROBLEMS, Place, ReportFormat, output, project::Project};
use crate::{
    content::ContentFiles,
    diff::{self, After, Before, Difference, SignerChanges, markdown, text},
    lock::{Lock, store::Reading},
    lower::Lowered,
    placement::Reasons,
    publish::{self, PublishedSet},
};

/// Shows what a build would change, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Diff {
    /// The folder of the plan set, `plans` or `plans-OVERLAY`; without a set there, the lock is what is compared with.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    format: DiffFormat,
}

/// How a difference is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// For people.
    Text,
    /// For a pull request: a table, and the details behind folds.
    Markdown,
    /// For programs: one JSON document, versioned.
    Json,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    difference: &'a Difference,
}

impl Diff {
    pub(super) fn run(&self, place: &Place) -> Done {
        let project = Project::open(place, Reading::Healing)?;
        let Some(lowered) = &project.compiled.lowered else {
            return match self.format {
                DiffFormat::Json => project.report(Format::Json).map(|code| code.max(PROBLEMS)),
                DiffFormat::Text | DiffFormat::Markdown => {
                    project.report(ReportFormat::Text).map(|code| code.max(PROBLEMS))
                }
            };
        };
        project.report(ReportFormat::Text)?;
        let files = lowered.content.files().map_err(Failure::problem)?;
        let difference = against(&project, lowered, &files, &project.plans(self.out.as_deref()), &project.lock)?;
        match self.format {
            DiffFormat::Text => output::result(&text::render(&difference))?,
            DiffFormat::Markdown => output::result(&markdown::render(&difference))?,
            DiffFormat::Json => output::document(&Document { version: 1, difference: &difference })?,
        }
        Ok(if difference.is_empty() { FINE } else { CHANGES })
    }
}

/// What the build changes against the set in `out`, or against a lock where there is none.
pub(super) fn against(
    project: &Project,
    lowered: &Lowered,
    files: &ContentFiles,
    out: &Path,
    otherwise: &Lock,
) -> Result<Difference, Failure> {
    let published = publish::published(out, files).map_err(Failure::problem)?;
    let before = published.as_ref().map_or(Before::Lock(otherwise), Before::Set);
    let reasons = Reasons::new(&project.compiled.repository, &project.compiled.placement, &project.compiled.pins);
    let after = After {
        lowered,
        digest: files.index.sha256,
        locked: project.changed(&lowered.lock),
        signers: published.as_ref().map(|set| signers(project, set)).transpose()?.flatten(),
        why_left: &|workload, node| reasons.left(workload, node),
    };
    Ok(diff::difference(&before, &after))
}

/// How the signatures of the last set do not fit the signers of today. A fleet may have no signers yet.
fn signers(project: &Project, set: &PublishedSet) -> Result<Option<SignerChanges>, Failure> {
    if project.fleet()?.signers.is_none() {
        return Ok(None);
    }
    let signers = project.signers()?;
    let by = set.signed_by(&signers);
    let have = u32::try_from(by.current.len()).unwrap_or(u32::MAX);
    let changes = SignerChanges { removed: by.former, other_key: by.other_key, have, need: signers.threshold().get() };
    let is_fine = changes.removed.is_empty() && changes.other_key.is_empty() && changes.have >= changes.need;
    Ok((!is_fine).then_some(changes))
}
