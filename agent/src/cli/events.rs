//! `wlagent events`: what happened on this node, from the record below the agent's state. No agent needs to run.

use std::{path::Path, time::Duration};

use clap::Args;
use serde::Serialize;
use tokio::time::sleep;
use wlc_plan::time::Timestamp;

use super::{Exit, Format, output, since::Since};
use crate::{
    disk::MachineDisk,
    events::{Entry, VERSION, record},
    settings::Settings,
};

/// How often the record is looked at for news.
const PAUSE: Duration = Duration::from_millis(300);

/// Which events.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// Of this workload or replica only.
    name: Option<String>,
    /// Go on with what happens from now on.
    #[arg(short, long)]
    follow: bool,
    /// From this time on, or so long ago.
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    since: Option<Since>,
    /// How: of JSON, a line for each event.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// An event as it is printed.
#[derive(Serialize)]
struct Printed<'a> {
    version: u32,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// Prints the events; while it follows, until it is ended or nobody reads any more.
pub(super) async fn events(settings: &Settings, request: &Request) -> Exit {
    let folder = record::folder(&settings.fleet_state());
    let since = request.since.map(Since::time);
    let mut printed = 0;
    let mut signs = None;
    loop {
        let now = record::signs(&MachineDisk, &folder);
        if signs.as_ref() != Some(&now) {
            signs = Some(now);
            match news(&folder, request, since, printed) {
                Ok((news, last)) => {
                    printed = last;
                    if !output::is_printed(&news) {
                        return Exit::Fine;
                    }
                }
                Err(error) => {
                    return output::fail(&format!("the record in {} cannot be read: {error}", folder.display()));
                }
            }
        }
        if !request.follow {
            return Exit::Fine;
        }
        sleep(PAUSE).await;
    }
}

/// What was not printed yet, and the number of the last event.
fn news(folder: &Path, request: &Request, since: Option<Timestamp>, printed: u64) -> std::io::Result<(String, u64)> {
    let entries = record::read(&MachineDisk, folder)?;
    let last = entries.last().map_or(printed, |entry| entry.number);
    let is_asked = |entry: &&Entry| {
        entry.number > printed
            && since.is_none_or(|since| entry.at >= since)
            && request.name.as_ref().is_none_or(|name| entry.is_about(name))
    };
    Ok((entries.iter().filter(is_asked).map(|entry| line(entry, request.format)).collect(), last))
}

fn line(entry: &Entry, format: Format) -> String {
    match format {
        Format::Text => format!("{entry}\n"),
        Format::Json => {
            let printed = Printed { version: VERSION, entry };
            format!("{}\n", serde_json::to_string(&printed).expect("an event has string keys"))
        }
    }
}
