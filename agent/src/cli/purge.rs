//! `wlagent purge`: removes everything of a fleet from this node, after a list and a question.

use std::{
    io::{self, IsTerminal},
    path::Path,
    sync::Arc,
};

use serde::Serialize;
use wlc_plan::name::FleetName;

use super::{Exit, Format, fleet_name, output};
use crate::{
    clock,
    disk::MachineDisk,
    ledger::store::{self, Store},
    plans::{KnownContents, Plans},
    podman::{Podman, client::Client, places::Places},
    purge::{Belongings, Folders, Purge},
    settings::{DEFAULT_FILE, Settings},
    source::DirectorySource,
};

/// What goes.
#[derive(Debug, clap::Args)]
pub(super) struct Request {
    /// The fleet that goes.
    #[arg(long, value_name = "NAME", value_parser = fleet_name)]
    fleet: FleetName,
    /// The volumes of claims go too, and those with a name of their own, with all data.
    #[arg(long)]
    volumes: bool,
    /// Nobody is asked.
    #[arg(long)]
    yes: bool,
    /// How the list is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    fleet: &'a FleetName,
    removes_volumes: bool,
    #[serde(flatten)]
    belongings: &'a Belongings,
}

/// Lists, asks and removes. Where the machine has no settings any more, the usual paths are meant.
pub(super) async fn purge(config: &Path, request: &Request) -> Exit {
    let is_usual = config == Path::new(DEFAULT_FILE) && !config.exists();
    let read = if is_usual { Ok(Settings::usual(&request.fleet)) } else { Settings::read(config) };
    let settings = match read {
        Ok(settings) => Arc::new(Settings { fleet: request.fleet.clone(), ..settings }),
        Err(error) => {
            output::fail(&error.to_string());
            return Exit::Usage;
        }
    };
    let folders = Folders::of(&settings);
    // Held to the end: an agent that is started meanwhile would bring everything back.
    let _guarded = match folders.guard(&settings) {
        Ok(guarded) => guarded,
        Err(error) => return output::fail(&format!("{error}; stop it first")),
    };
    match purge_guarded(&settings, request, &folders).await {
        Ok(exit) => exit,
        Err(why) => output::fail(&why),
    }
}

async fn purge_guarded(settings: &Arc<Settings>, request: &Request, folders: &Folders) -> Result<Exit, String> {
    let state = settings.fleet_state();
    let (contents, source) = (Arc::new(KnownContents::default()), Arc::new(DirectorySource::new(settings)));
    // A state of another machine or version says nothing of what is here.
    let known = Store::look(&state, &settings.fleet, store::machine(Path::new("/")));
    let ledger = known.map(|(ledger, _)| ledger).unwrap_or_default();
    let plans = Plans::load(settings, Arc::new(MachineDisk), source, Arc::clone(&contents));
    let plans = plans.map_err(|error| error.to_string())?;
    let client = Client::connect(&settings.podman, &settings.fleet, &state, contents).await;
    let client = client.map_err(|error| error.to_string())?;
    let client = client.with_places(Places::of_machine(&settings.secrets, &settings.auth_file));
    let observed = client.observe().await.map_err(|error| error.to_string())?;
    let (desired, ledger) = (plans.desired(), &ledger);
    let purge = Purge { settings, client: &client, desired, observed: &observed, ledger };
    let belongings = purge.belongings().await?;
    print(request, &belongings);
    if belongings.is_empty() {
        output::note(&format!("nothing of the fleet `{}` is here", request.fleet));
        return Ok(Exit::Fine);
    }
    if !request.yes && !is_wanted()? {
        return Ok(Exit::Refused);
    }
    let mut failures = purge.remove(&belongings, request.volumes, clock::now()).await;
    if failures.is_empty() {
        failures.extend(folders.remove().err().map(|error| error.to_string()));
    }
    failures.iter().for_each(|failure| {
        output::fail(failure);
    });
    if failures.is_empty() {
        output::note(&format!(
            "the fleet `{}` is gone from this node; an agent that is started brings it back",
            request.fleet
        ));
        return Ok(Exit::Fine);
    }
    output::note("what is left, and the state, can be removed by the same command again");
    Ok(Exit::Problems)
}

fn print(request: &Request, belongings: &Belongings) {
    match request.format {
        Format::Text => output::print(&belongings.text(request.volumes)),
        Format::Json => {
            let (fleet, removes_volumes) = (&request.fleet, request.volumes);
            let document = Document { version: 1, fleet, removes_volumes, belongings };
            let text = serde_json::to_string_pretty(&document).expect("a list of names is a document");
            output::print(&format!("{text}\n"));
        }
    }
}

/// Asks whoever sits at the terminal.
fn is_wanted() -> Result<bool, String> {
    if !io::stdin().is_terminal() {
        output::note("nothing was removed: there is no terminal to ask on, and --yes is not given");
        return Ok(false);
    }
    output::note("Remove all of this? Nothing brings it back. [y/N]");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| format!("the answer cannot be read: {error}"))?;
    let is_yes = matches!(answer.trim(), "y" | "yes");
    if !is_yes {
        output::note("nothing was removed");
    }
    Ok(is_yes)
}
