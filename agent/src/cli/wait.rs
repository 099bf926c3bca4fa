//! `wlagent wait`: until replicas are ready.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Exit, output};
use crate::{
    settings::Settings,
    status::{client, document::Document},
};

/// How often the agent is asked.
const PAUSE: Duration = Duration::from_millis(200);

/// Waits until all replicas that `names` mean are ready, within `limit`.
pub(super) async fn wait(settings: &Settings, names: &[String], limit: Duration) -> Exit {
    let begun = Instant::now();
    loop {
        let open = match client::ask(&settings.listen).await {
            Ok(document) => names.iter().filter_map(|name| open(&document, name)).collect(),
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

/// Why a name is not ready yet.
fn open(document: &Document, name: &str) -> Option<String> {
    if document.of_name(name).next().is_none() {
        return Some(format!("no workload or replica `{name}` is on this node"));
    }
    let not_ready = document.of_name(name).find(|instance| !instance.ready || !instance.waits.is_empty())?;
    let wait = not_ready.waits.first().map_or_else(String::new, |wait| format!(" ({})", wait.reason));
    Some(format!("`{}` is {}{wait}", not_ready.replica, not_ready.state))
}
