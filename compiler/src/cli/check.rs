//! `wlc check`: everything that a build checks, and nothing is written.

use super::{Done, Failure, Place, ReportFormat, project::Project};
use crate::lock::store::Reading;

/// Checks all files and places every replica, and writes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// How diagnostics are printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

impl Check {
    pub(super) fn run(&self, place: &Place) -> Done {
        let project = Project::open(place, Reading::Strict)?;
        let code = project.report(self.format)?;
        if let Some(lowered) = &project.compiled.lowered {
            lowered.content.files().map_err(Failure::problem)?;
        }
        // The process ends here, and frees all memory at once. Piece by piece it takes a large fleet's time.
        std::mem::forget(project);
        Ok(code)
    }
}
