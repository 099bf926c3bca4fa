//! `wlagent eject`: what runs, as units of Quadlet (edge).

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;

use super::{Exit, output};
use crate::{
    clock,
    contents::Folders,
    decide::{Lists, Scene, describe},
    disk::MachineDisk,
    eject::{Body, Ejected, Target, Version, eject},
    ledger::Ledger,
    plans::{KnownContents, Plans},
    podman::{Podman, client::Client, places::Places},
    probes::verdict::Verdicts,
    settings::Settings,
    source::DirectorySource,
};

/// Where to, and for whom.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// A folder that is not there yet, or is empty.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The Podman that is to read the units; older ones get options in place of keys that they do not know.
    #[arg(long, value_name = "VERSION", default_value = "5.0", value_parser = version)]
    podman: Version,
}

fn version(text: &str) -> Result<Version, String> {
    let numbers =
        text.split_once('.').and_then(|(major, minor)| Some(Version(major.parse().ok()?, minor.parse().ok()?)));
    let numbers = numbers.ok_or("a version is two numbers, as in `5.4`")?;
    if numbers < Version::default() { Err("units of pods need Podman 5.0".to_owned()) } else { Ok(numbers) }
}

/// Writes the units, and prints what they leave open. Nothing that runs is touched, and an agent may run.
pub(super) async fn run(settings: &Arc<Settings>, request: &Request) -> Exit {
    let folder = match empty_folder(&request.to) {
        Ok(folder) => folder,
        Err(error) => return output::fail(&format!("cannot write to `{}`: {error}", request.to.display())),
    };
    let written = match described(settings, folder.clone(), request.podman).await {
        Ok(ejected) => write(&folder, &ejected).map_err(|error| error.to_string()),
        Err(why) => Err(why),
    };
    match written {
        Ok(report) => {
            output::print(&report);
            Exit::Fine
        }
        Err(why) => output::fail(&why),
    }
}

async fn described(settings: &Arc<Settings>, folder: PathBuf, version: Version) -> Result<Ejected, String> {
    let contents = Arc::new(KnownContents::default());
    let source = Arc::new(DirectorySource::new(settings));
    let plans = Plans::load(settings, Arc::new(MachineDisk), source, Arc::clone(&contents));
    let plans = plans.map_err(|error| error.to_string())?;
    let desired = plans.desired().ok_or("no plan set was accepted yet: there is nothing to write")?;
    let state = settings.fleet_state();
    let client = Client::connect(&settings.podman, &settings.fleet, &state, contents).await;
    let observed = client.map_err(|error| error.to_string())?.observe().await.map_err(|error| error.to_string())?;
    let (verdicts, ledger, busy) = (Verdicts::new(), Ledger::default(), std::collections::BTreeSet::new());
    let now = clock::now();
    let lists = Lists::default();
    let scene =
        Scene { desired, observed: &observed, verdicts: &verdicts, ledger: &ledger, busy: &busy, now, lists: &lists };
    let (described, untold) = describe(scene);
    let places = Places::of_machine(&settings.secrets, &settings.auth_file);
    let (fleet, node, folders) = (settings.fleet.clone(), settings.node.clone(), Folders::new(&state));
    let target = Target { folder, version, fleet, node, folders, profiles: places.profiles, secrets: places.secrets };
    Ok(eject(&target, &described, &untold))
}

#[expect(clippy::disallowed_methods, reason = "edge: writes the units where the command line names")]
fn empty_folder(path: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(path)?;
    let path = path.canonicalize()?;
    if fs::read_dir(&path)?.next().is_some() {
        return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, "it is not empty"));
    }
    Ok(path)
}

/// Writes all files; gives the report among them.
#[expect(clippy::disallowed_methods, reason = "edge: writes the units where the command line names")]
fn write(folder: &Path, ejected: &Ejected) -> io::Result<String> {
    let mut report = String::new();
    for (name, body) in &ejected.files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder"))?;
        match body {
            Body::Text(text) => {
                fs::write(&path, text)?;
                if name == "README.txt" {
                    report.clone_from(text);
                }
            }
            Body::CopyOf(from) => copy(from, &path)?,
        }
    }
    Ok(report)
}

/// Copies a folder with what is in it; links are followed, and what is hidden behind them is not copied twice.
#[expect(clippy::disallowed_methods, reason = "edge: writes the units where the command line names")]
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        if !name.to_string_lossy().starts_with("..") {
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}
