//! `wlagent install`: what belongs on the machine of an agent.

use std::path::PathBuf;

use serde::Serialize;
use wlc_plan::name::FleetName;

use super::{Exit, Format, fleet_name, output};
use crate::install::{self, Found, Laid};

/// Where, and for whom.
#[derive(Debug, clap::Args)]
pub(super) struct Request {
    /// Print the list and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// The root of the machine; another one for the making of images.
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    /// The fleet, for new settings.
    #[arg(long, value_name = "NAME", value_parser = fleet_name)]
    fleet: Option<FleetName>,
    /// How.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    dry_run: bool,
    files: &'a [Laid],
}

/// Lays down what is missing, and prints the list.
pub(super) fn install(request: &Request) -> Exit {
    let program = match install::own_program() {
        Ok(program) => program,
        Err(error) => return output::fail(&format!("cannot read this program: {error}")),
    };
    let items = install::items(request.fleet.as_ref().map(FleetName::as_str), program);
    let laid = match install::lay(&request.root, &items, request.dry_run) {
        Ok(laid) => laid,
        Err((path, error)) => return output::fail(&format!("cannot install `{path}`: {error}; the others stay")),
    };
    match request.format {
        Format::Text => output::print(&install::text(&laid)),
        Format::Json => {
            let document = Document { version: 1, dry_run: request.dry_run, files: &laid };
            let text = serde_json::to_string_pretty(&document).expect("a list of files is a document");
            output::print(&format!("{text}\n"));
        }
    }
    if request.dry_run {
        output::note("dry run: nothing was changed");
    }
    let lacks = laid.iter().any(|one| matches!(one.found, Found::InTheWay(_)));
    if lacks { Exit::Problems } else { Exit::Fine }
}
