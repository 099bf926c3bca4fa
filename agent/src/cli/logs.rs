//! `wlagent logs`: what containers wrote, also of several replicas at once, and from now on.
//!
//! Lines of several containers are in the order of their times, each behind the name of its own. What is followed goes on with
//! the next run of a container, and with the next pod of its replica.

use std::{collections::BTreeSet, io::Write, sync::Arc, time::Duration};

use clap::Args;
use tokio::{sync::mpsc, time::timeout};
use wlc_plan::{
    name::{ContainerName, ReplicaName},
    time::Timestamp,
};

use super::{Exit, choose, output, since::Since};
use crate::{
    disk::MachineDisk,
    events::{Entry, Event, record},
    observed::{ContainerState, Observed, ObservedContainer, ObservedPod},
    plans::KnownContents,
    podman::{
        Podman,
        client::{
            Client,
            logs::{LogLine, Wanted},
        },
    },
    settings::Settings,
};

/// How long until it is looked for new runs at the latest.
const PAUSE: Duration = Duration::from_secs(2);

/// Which lines of which containers.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// A workload or a replica.
    name: String,
    /// Go on with what is written from now on.
    #[arg(short, long, conflicts_with = "previous")]
    follow: bool,
    /// Of the run before the newest one, of a cron job or an attempt too; where its container is gone, the last lines that
    /// are recorded.
    #[arg(long)]
    previous: bool,
    /// Of this container only.
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    /// How many lines of each container at most.
    #[arg(long, alias = "lines", value_name = "COUNT", default_value_t = 1_000)]
    tail: u32,
    /// From this time on, or so long ago.
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    since: Option<Since>,
}

/// A run of a container whose lines are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    replica: ReplicaName,
    container: ContainerName,
    id: String,
}

/// Prints the lines.
pub(super) async fn logs(settings: &Settings, request: &Request) -> Exit {
    match show(settings, request).await {
        Ok(()) => Exit::Fine,
        Err(why) => output::fail(&why),
    }
}

async fn show(settings: &Settings, request: &Request) -> Result<(), String> {
    let (contents, state) = (Arc::new(KnownContents::default()), settings.fleet_state());
    let client = Client::connect(&settings.podman, &settings.fleet, &state, contents).await;
    let client = Arc::new(client.map_err(|error| error.to_string())?);
    let observed = client.observe().await.map_err(|error| error.to_string())?;
    if request.previous {
        return previous(settings, &client, (&observed, request)).await;
    }
    let shown = newest(&observed, request)?;
    if request.follow { follow(&client, request, shown).await } else { once(&client, request, &shown).await }
}

/// The newest run of each container that is meant.
fn newest(observed: &Observed, request: &Request) -> Result<Vec<Shown>, String> {
    let pods = choose::pods(observed, &request.name);
    if pods.is_empty() {
        return Err(format!("{}; `--previous` shows what is recorded", choose::nobody(&request.name)));
    }
    let mut shown = Vec::new();
    for pod in pods {
        let names = choose::containers(pod, request.container.as_deref())?;
        shown.extend(names.into_iter().filter_map(|name| pod.newest(name)).map(|one| shown_of(&pod.replica, one)));
    }
    Ok(shown)
}

fn shown_of(replica: &ReplicaName, one: &ObservedContainer) -> Shown {
    Shown { replica: replica.clone(), container: one.container.clone(), id: one.id.clone() }
}

fn wanted(request: &Request, follow: bool) -> Wanted {
    Wanted { tail: Some(request.tail), since: request.since.map(Since::time), follow }
}

/// Prints what was written so far.
async fn once(client: &Client, request: &Request, shown: &[Shown]) -> Result<(), String> {
    let mut all: Vec<(LogLine, usize)> = Vec::new();
    for (index, one) in shown.iter().enumerate() {
        let mut lines = client.log_lines(&one.id, wanted(request, false));
        while let Some(line) = lines.next().await.map_err(|error| error.to_string())? {
            all.push((line, index));
        }
    }
    // Stable: lines of one container keep their order.
    all.sort_by(|(a, _), (b, _)| a.at.cmp(&b.at));
    for (line, index) in all {
        if !print(&shown[index], &line.text, shown.len() > 1) {
            break;
        }
    }
    Ok(())
}

/// Prints what is written, until nobody reads any more.
async fn follow(client: &Arc<Client>, request: &Request, first: Vec<Shown>) -> Result<(), String> {
    let has_names = first.len() > 1;
    let (telling, mut told) = mpsc::channel::<(Shown, LogLine)>(64);
    let mut followed = BTreeSet::new();
    let (mut shown, mut wanted_lines) = (first, wanted(request, true));
    loop {
        for one in shown.into_iter().filter(|one| followed.insert(one.id.clone())) {
            tokio::spawn(tell(Arc::clone(client), one, wanted_lines, telling.clone()));
        }
        // A run that begins from now on is shown from its beginning.
        wanted_lines = Wanted { tail: None, since: None, follow: true };
        let until_news = async {
            while let Some((one, line)) = told.recv().await {
                if !print(&one, &line.text, has_names) {
                    return;
                }
            }
        };
        tokio::select! {
            () = until_news => return Ok(()),
            _ = timeout(PAUSE, client.changes().notified()) => {}
        }
        let observed = client.observe().await.map_err(|error| error.to_string())?;
        // A replica may have no pod for a while.
        shown = newest(&observed, request).unwrap_or_default();
    }
}

async fn tell(client: Arc<Client>, one: Shown, wanted: Wanted, telling: mpsc::Sender<(Shown, LogLine)>) {
    let mut lines = client.log_lines(&one.id, wanted);
    loop {
        match lines.next().await {
            Ok(Some(line)) => {
                if telling.send((one.clone(), line)).await.is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => return output::note(&format!("{}: {error}", one.replica)),
        }
    }
}

/// Prints a line; false where nobody reads any more.
fn print(of: &Shown, text: &str, has_name: bool) -> bool {
    let mut out = std::io::stdout().lock();
    let name = if has_name { format!("{}/{} | ", of.replica, of.container) } else { String::new() };
    writeln!(out, "{name}{text}").and_then(|()| out.flush()).is_ok()
}

/// Prints the run before the newest one of each container that is meant; of what is gone, what is recorded.
async fn previous(
    settings: &Settings,
    client: &Client,
    (observed, request): (&Observed, &Request),
) -> Result<(), String> {
    let mut shown = Vec::new();
    for pod in choose::pods(observed, &request.name) {
        let names = choose::containers(pod, request.container.as_deref())?;
        let runs = names.into_iter().filter_map(|name| choose::run(pod, name, true));
        shown.extend(runs.map(|one| shown_of(&pod.replica, one)));
    }
    if shown.is_empty() {
        for pod in choose::pods_before(observed, &request.name) {
            let names = choose::containers(pod, request.container.as_deref())?;
            shown.extend(names.into_iter().filter_map(|name| pod.newest(name)).map(|one| shown_of(&pod.replica, one)));
        }
    }
    if !shown.is_empty() {
        return once(client, request, &shown).await;
    }
    let folder = record::folder(&settings.fleet_state());
    let entries = record::read(&MachineDisk, &folder).map_err(|error| format!("the record cannot be read: {error}"))?;
    let is_here = |entry: &Entry| observed.pods().any(|pod| is_shown(pod, entry));
    let recorded = entries.iter().rev().filter(|entry| entry.is_about(&request.name) && !is_here(entry));
    let mut ended = recorded.filter_map(|entry| {
        let Event::Ended { run } = &entry.event else { return None };
        let is_meant = request.container.as_ref().is_none_or(|name| run.container.as_str() == name);
        // Of a run that ended well no lines are recorded.
        (is_meant && run.exit_code != 0).then_some((entry, run))
    });
    let nothing = || format!("no run of `{}` before this one is here, and none that failed is recorded", request.name);
    let (entry, run) = ended.next().ok_or_else(nothing)?;
    let of = entry.whom.replica.as_ref().map(ToString::to_string).unwrap_or_default();
    output::note(&format!(
        "run {} of `{}` of `{of}` is gone; it ended with {} at {}, and its last lines were:",
        run.attempt, run.container, run.exit_code, run.at
    ));
    output::print(&run.log.iter().map(|line| format!("{line}\n")).collect::<String>());
    Ok(())
}

/// Whether the run that an entry speaks of is the newest of its container still.
fn is_shown(pod: &ObservedPod, entry: &Entry) -> bool {
    let Event::Ended { run } = &entry.event else { return false };
    entry.whom.replica.as_ref() == Some(&pod.replica)
        && pod.newest(&run.container).is_some_and(|newest| ended_at(newest) == Some(run.at))
}

fn ended_at(one: &ObservedContainer) -> Option<Timestamp> {
    match one.state {
        ContainerState::Exited { finished, .. } => Some(finished.timestamp()),
        ContainerState::Created
        | ContainerState::Running { .. }
        | ContainerState::Paused
        | ContainerState::Stopping => None,
    }
}
