//! `wlagent check-upgrade`: what this version would do here, before it is let do anything.

use std::sync::Arc;

use serde::Serialize;

use super::{Exit, Format, output};
use crate::{
    clock,
    ledger::store::StoreError,
    settings::Settings,
    upgrade::{Outlook, Unknown, outlook},
};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    outlook: &'a Outlook,
}

/// Prints what the first pass would do.
pub(super) async fn check_upgrade(settings: &Arc<Settings>, format: Format) -> Exit {
    let outlook = match outlook(settings, clock::now()).await {
        Ok(outlook) => outlook,
        Err(error) => return cannot_say(&error),
    };
    match format {
        Format::Text => output::print(&outlook.to_string()),
        Format::Json => {
            let document = Document { version: 1, outlook: &outlook };
            let text = serde_json::to_string_pretty(&document).expect("a document has string keys");
            output::print(&format!("{text}\n"));
        }
    }
    if outlook.is_quiet() { Exit::Fine } else { Exit::Changes }
}

fn cannot_say(error: &Unknown) -> Exit {
    output::fail(&error.to_string());
    match error {
        Unknown::Store(
            StoreError::OtherMachine { .. } | StoreError::OtherFleet { .. } | StoreError::NewerFormat { .. },
        ) => Exit::Refused,
        Unknown::Store(StoreError::Guarded { .. } | StoreError::Disk { .. }) | Unknown::Other(_) => Exit::Problems,
    }
}
