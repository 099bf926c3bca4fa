//! `wlagent status`: what the running agent says.

use super::{Exit, Format, output};
use crate::{
    settings::Settings,
    status::{client, table::table},
};

/// Prints the status of the agent; ends with 1 where none runs.
pub(super) async fn status(settings: &Settings, format: Format) -> Exit {
    let document = match client::ask(&settings.listen).await {
        Ok(document) => document,
        Err(error) => return output::fail(&error.to_string()),
    };
    match format {
        Format::Text => output::print(&table(&document)),
        Format::Json => {
            let text = serde_json::to_string_pretty(&document).expect("a document has string keys");
            output::print(&format!("{text}\n"));
        }
    }
    Exit::Fine
}
