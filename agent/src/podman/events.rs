//! Follows Podman's events, and wakes whoever waits for changes (edge).
//!
//! One stream stays open for as long as the agent runs. It is filtered to the fleet and to what needs an answer; what it
//! says is not read beyond its time, since whoever is woken observes anew. When it ends, as it does when Podman's service
//! is restarted, it is opened again from the last event on.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::sleep};
use tracing::{debug, warn};
use wlc_plan::name::FleetName;

use super::{
    PodmanError,
    labels::FLEET,
    raw::{Call, Lines, Raw, encoded},
};
use crate::clock;

/// What happens to a container without our doing and needs an answer.
const WANTED: [&str; 6] = ["died", "remove", "pause", "unpause", "rename", "update"];
/// How long Podman may take to open the stream.
const OPENING: Duration = Duration::from_secs(30);
/// From the end of a stream to the next try.
const PAUSE: Duration = Duration::from_millis(500);

/// An event, as far as it is read.
#[derive(serde::Deserialize)]
struct Event {
    #[serde(rename = "timeNano")]
    nanoseconds: Option<u64>,
}

/// Follows the events of a fleet until it is aborted.
pub async fn follow(raw: Raw, fleet: FleetName, changes: Arc<Notify>) {
    let mut since = clock::now().0.saturating_mul(1_000_000);
    let mut was_open = true;
    loop {
        match open(&raw, &fleet, since).await {
            Ok(lines) => {
                was_open = true;
                changes.notify_one();
                since = wake_on_each(lines, since, &changes).await;
                debug!("Podman's events ended; they are followed anew");
            }
            Err(error) if was_open => {
                was_open = false;
                warn!(%error, "Podman's events cannot be followed; tried again");
            }
            Err(_) => {}
        }
        changes.notify_one();
        sleep(PAUSE).await;
    }
}

async fn open(raw: &Raw, fleet: &FleetName, since: u64) -> Result<Lines, PodmanError> {
    raw.follow(Call::get("follow events", path(fleet, since), OPENING)).await
}

fn path(fleet: &FleetName, since: u64) -> String {
    let filters = serde_json::json!({
        "type": ["container"],
        "event": WANTED,
        "label": [format!("{FLEET}={fleet}")],
    });
    let since = format!("{}.{:09}", since / 1_000_000_000, since % 1_000_000_000);
    format!("/events?stream=true&since={since}&filters={}", encoded(&filters.to_string()))
}

/// Wakes at each event, and returns the time of the last one.
async fn wake_on_each(mut lines: Lines, since: u64, changes: &Notify) -> u64 {
    let mut last = since;
    while let Some(line) = lines.next().await {
        changes.notify_one();
        let event = serde_json::from_slice::<Event>(&line).ok();
        last = event.and_then(|event| event.nanoseconds).unwrap_or(last);
    }
    last
}
