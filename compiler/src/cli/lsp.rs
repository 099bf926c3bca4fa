//! `wlc lsp`: the language server, for editors.

use std::io::{BufReader, stdin, stdout};

use super::{Done, FINE, PROBLEMS};
use crate::lsp;

/// Serves an editor over standard input and output: diagnostics, completion, hover, definitions, formatting.
#[derive(Debug, clap::Args)]
pub(super) struct Lsp {
    /// Taken for editors that say it; there is no other way.
    #[arg(long)]
    stdio: bool,
}

impl Lsp {
    pub(super) fn run(&self) -> Done {
        let Self { stdio: _ } = self;
        Ok(if lsp::serve(BufReader::new(stdin()), stdout().lock()) { FINE } else { PROBLEMS })
    }
}
