//! The replicas while the agent runs: a view that is drawn anew on a terminal, a line for each change in a pipe.

use std::{collections::BTreeMap, io::IsTerminal, sync::Arc};

use tokio::sync::watch;
use wlc_plan::name::ReplicaName;

use super::output;
use crate::status::{document::Document, table::table};

/// Clears the terminal and goes to its first line.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

/// Shows the replicas until it is aborted.
pub(super) async fn show(mut status: watch::Receiver<Arc<Document>>) {
    let is_terminal = std::io::stdout().is_terminal();
    let mut before = BTreeMap::new();
    loop {
        let document = Arc::clone(&status.borrow_and_update());
        if is_terminal {
            output::print(&format!("{CLEAR}{}\nCtrl-C stops the agent; the containers go on.\n", table(&document)));
        } else {
            before = print_changes(&document, &before);
        }
        if status.changed().await.is_err() {
            return;
        }
    }
}

fn print_changes(document: &Document, before: &BTreeMap<ReplicaName, String>) -> BTreeMap<ReplicaName, String> {
    let now: BTreeMap<ReplicaName, String> =
        document.instances.iter().map(|instance| (instance.replica.clone(), instance.state.clone())).collect();
    for instance in &document.instances {
        if before.get(&instance.replica) != Some(&instance.state) {
            let waits: Vec<&str> = instance.waits.iter().map(|wait| wait.reason.as_str()).collect();
            let waits = if waits.is_empty() { String::new() } else { format!(" ({})", waits.join("; ")) };
            output::print(&format!("{} {}{waits}\n", instance.replica, instance.state));
        }
    }
    for replica in before.keys().filter(|replica| !now.contains_key(*replica)) {
        output::print(&format!("{replica} gone\n"));
    }
    now
}
