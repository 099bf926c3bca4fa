//! `wlagent wait`: until replicas are ready, of a generation where one is said.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Exit, output};
use crate::{
    decide::Phase,
    settings::Settings,
    status::{
        client,
        document::{Document, Instance},
    },
};

/// How often the agent is asked.
const PAUSE: Duration = Duration::from_millis(200);

/// Waits until all replicas that `names` mean are ready, within `limit`; of a generation, where one is said, or a newer one.
pub(super) async fn wait(settings: &Settings, (names, generation): (&[String], Option<u64>), limit: Duration) -> Exit {
    let begun = Instant::now();
    loop {
        let open = match client::ask(&settings.listen).await {
            Ok(document) => match behind(&document, generation) {
                Some(why) => vec![why],
                None => names.iter().filter_map(|name| open(&document, name)).collect(),
            },
            Err(error) => vec![error.to_string()],
        };
        if open.is_empty() {
            return Exit::Fine;
        }
        if begun.elapsed() >= limit {
            output::fail(&format!("not ready: {}", open.join("; ")));
            return Exit::Problems;
        }
        sleep(PAUSE).await;
    }
}

/// What the agent has accepted instead of a generation.
fn behind(document: &Document, asked: Option<u64>) -> Option<String> {
    let asked = asked.filter(|asked| document.generation.is_none_or(|there| there < *asked))?;
    let there = document.generation.map_or("none".to_owned(), |there| format!("generation {there}"));
    let why = document.refused.as_ref().map(|refused| &refused.reason).or(document.waiting.as_ref());
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    Some(format!("generation {asked} is not accepted here, {there} is{why}"))
}

/// Why a name is not ready yet.
fn open(document: &Document, name: &str) -> Option<String> {
    if document.of_name(name).next().is_none() {
        return Some(format!("no workload or replica `{name}` is on this node"));
    }
    let not_ready = document.of_name(name).find(|instance| !is_settled(instance))?;
    let wait = not_ready.waits.first().map_or_else(String::new, |wait| format!(" ({})", wait.reason));
    Some(format!("`{}` is {}{wait}", not_ready.replica, not_ready.state))
}

/// What is being replaced, or leaves, may be ready until the moment in which it is stopped.
fn is_settled(instance: &Instance) -> bool {
    let is = |phase: Phase| instance.state == phase.word();
    let is_going = is(Phase::Replacing) || is(Phase::Leaving);
    (instance.ready || is(Phase::Complete)) && !is_going && instance.waits.is_empty()
}
