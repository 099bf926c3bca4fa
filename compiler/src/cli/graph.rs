//! `wlc graph`: the placement as a page.

use std::path::PathBuf;

use wlc_plan::name::LabelKey;

use super::{Done, FINE, Failure, Format, PROBLEMS, Place, USAGE, output, project::Project};
use crate::{
    graph::{self, Picture},
    lock::store::Reading,
    pipeline::Compiled,
    placement::utilisation,
};

/// Draws what runs where: one page of HTML that needs nothing from elsewhere.
#[derive(Debug, clap::Args)]
pub(super) struct Graph {
    /// Writes the page to this file; without it, to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Groups nodes by this label, and then by the next.
    #[arg(long, value_name = "LABEL", default_values = ["zone", "rack"])]
    by: Vec<String>,
}

impl Graph {
    pub(super) fn run(&self, place: &Place) -> Done {
        let label = |text: &String| LabelKey::parse(text).map_err(|error| Failure::new(USAGE, error.to_string()));
        let by: Vec<LabelKey> = self.by.iter().map(label).collect::<Result<_, _>>()?;
        let project = Project::open(place, Reading::Healing)?;
        if project.compiled.problems.errors() > 0 {
            project.report(Format::Text)?;
            return Ok(PROBLEMS);
        }
        let fleet = project.fleet()?.name.value.clone();
        let Compiled { repository, placement, pins, .. } = &project.compiled;
        let picture = Picture::of(repository, fleet, placement, &utilisation(repository, placement, pins), &by);
        let page = graph::html(&picture);
        match &self.out {
            None => output::result(&page)?,
            Some(file) => output::file(file, &page)?,
        }
        Ok(FINE)
    }
}
