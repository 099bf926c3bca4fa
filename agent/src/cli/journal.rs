//! Where the log goes: to standard error as text or JSON, or to the journal with its fields.
//!
//! Whoever is started by systemd has the journal behind standard error; `JOURNAL_STREAM` says so, with the numbers of the
//! stream (systemd.exec(5)). Then events go to the journal itself, so that their fields can be asked for.

use std::{env, io::IsTerminal};

use clap::ValueEnum;
use tracing_journald::{Layer as Journal, Priority, PriorityMappings};
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// What stands before the names of our fields in the journal.
const PREFIX: &str = "WLC";

/// Where the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Log {
    /// To the journal where it is behind standard error, else as text.
    Auto,
    /// As text to standard error.
    Text,
    /// As JSON to standard error, a line for each event.
    Json,
    /// To the journal.
    Journal,
}

/// Begins to write the log; events below `level` only where `WLAGENT_LOG` says so.
pub(super) fn begin(log: Log, level: &str) {
    let filter = EnvFilter::try_from_env("WLAGENT_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let (layer, missing) = match log {
        Log::Text => (text(), None),
        Log::Json => (fmt::layer().json().with_writer(std::io::stderr).boxed(), None),
        Log::Auto if !is_behind_standard_error() => (text(), None),
        Log::Auto | Log::Journal => match Journal::new() {
            Ok(journal) => (fields(journal).boxed(), None),
            Err(error) => (text(), Some(error)),
        },
    };
    // The layer comes first: it is boxed for a bare registry.
    tracing_subscriber::registry().with(layer).with(filter).init();
    if let Some(error) = missing {
        tracing::warn!(%error, "the journal cannot be written to; standard error is");
    }
}

fn text() -> Box<dyn Layer<Registry> + Send + Sync> {
    let has_colours = std::io::stderr().is_terminal();
    fmt::layer().with_target(false).with_ansi(has_colours).with_writer(std::io::stderr).boxed()
}

/// systemd's levels are one step louder: our `info` is its `info`.
fn fields(journal: Journal) -> Journal {
    let info = Priority::Informational;
    let levels = PriorityMappings { info, debug: Priority::Debug, ..PriorityMappings::new() };
    journal.with_field_prefix(Some(PREFIX.to_owned())).with_priority_mappings(levels)
}

/// Whether `JOURNAL_STREAM` names what standard error is.
fn is_behind_standard_error() -> bool {
    let named = env::var_os("JOURNAL_STREAM").and_then(|stream| stream.into_string().ok());
    let own = rustix::fs::fstat(std::io::stderr()).ok().map(|own| format!("{}:{}", own.st_dev, own.st_ino));
    named.is_some() && named == own
}
