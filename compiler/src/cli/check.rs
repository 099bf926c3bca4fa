//! `wlc check`: everything that a build checks, and nothing is written.

use super::{Done, Failure, Place, ReportFormat, project::Project};
use crate::lock::store::Reading;

/// Checks all files and places every replica, and writes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// How diagnostics are printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
    /// Reads every file anew. Without this, what a large fleet's facts said before is kept below `~/.cache/wlc`.
    #[arg(long)]
    no_cache: bool,
}

impl Check {
    pub(super) fn run(&self, place: &Place) -> Done {
        let open = if self.no_cache { Project::open } else { Project::open_cached };
        let project = open(place, Reading::Strict)?;
        let code = project.report(self.format)?;
        if let Some(lowered) = &project.compiled.lowered {
            lowered.content.files().map_err(Failure::problem)?;
        }
        // The process ends here, and frees all memory at once. Piece by piece it takes a large fleet's time.
        std::mem::forget(project);
        Ok(code)
    }
}
