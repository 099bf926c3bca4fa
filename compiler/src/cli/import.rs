//! `wlc import`: KDL from the files of other systems.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "edge: the files to be imported, and standard input"
)]

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use serde::Serialize;

use super::{Done, FINE, Failure, Format, PROBLEMS, ReportFormat, output};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, json},
    import,
    sources::Sources,
};

/// Longest file that is imported, in bytes. Parts of real manifests are far shorter; the tree of one takes about 30 times
/// the memory.
const FILE_BYTES: u64 = 8 << 20;

/// Prints KDL for Kubernetes manifests, Compose files and Podman Quadlet units.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The files, read together so that references between them resolve; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// How the result is printed: the KDL alone, or one JSON document with the KDL and the diagnostics.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    kdl: &'a str,
    diagnostics: Vec<json::One<'a>>,
}

impl Import {
    pub(super) fn run(&self) -> Done {
        let mut problems = Problems::default();
        let mut sources = Sources::default();
        for name in &self.files {
            match read(name) {
                Ok(text) => drop(sources.add(name, &text)),
                Err(why) => {
                    let message = format!("`{name}` cannot be read: {why}");
                    problems.add(Diagnostic::nowhere(Code::UnreadableFile, message));
                }
            }
        }
        let text = import::import(&sources, &mut problems);
        match self.format {
            Format::Text => {
                output::result(&text)?;
                output::diagnostics(&sources, &problems, ReportFormat::Text, &String::new)?;
            }
            Format::Json => {
                let diagnostics = json::list(&sources, &problems.sorted());
                output::document(&Document { version: 1, kdl: &text, diagnostics })?;
            }
        }
        match (problems.errors(), text.is_empty()) {
            (0, false) => Ok(FINE),
            (0, true) => Err(Failure::new(PROBLEMS, "there is nothing in the input that could be imported")),
            _ => Ok(PROBLEMS),
        }
    }
}

fn read(name: &str) -> Result<String, String> {
    let bytes = match name {
        "-" => bounded(io::stdin().lock()),
        path => match Path::new(path).is_dir() {
            true => return Err("it is a folder".to_owned()),
            false => File::open(path).and_then(bounded),
        },
    };
    let bytes = bytes.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(format!("it is longer than {FILE_BYTES} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
