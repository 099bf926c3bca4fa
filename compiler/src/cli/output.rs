//! Printing: results to standard output, everything else to standard error.
#![allow(clippy::print_stdout, reason = "edge: the terminal")]

use std::{
    io::{IsTerminal, Write},
    path::Path,
};

use serde::Serialize;

use super::{Failure, ReportFormat};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, Severity, github, json, sarif, terminal},
    sources::Sources,
    words::counted,
};

/// Prints a result. A reader that went away, as `head` does, is no error; a full disk is.
pub(super) fn result(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::problem(format!("standard output cannot be written: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a result to a file.
#[expect(clippy::disallowed_methods, reason = "edge: writes the file that the command line names")]
pub(super) fn file(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::problem(format!("`{}` cannot be written: {error}", path.display()));
    std::fs::write(path, text).map_err(failed)
}

/// Prints what happened.
pub(super) fn note(text: &str) {
    told(&format!("{}\n", terminal::harmless(text)));
}

/// Prints why a command ended early.
pub(super) fn error(text: &str) {
    told(&format!("wlc: {}\n", terminal::harmless(text)));
}

/// Standard error may be closed or full: the exit code says the same.
fn told(text: &str) {
    std::io::stderr().lock().write_all(text.as_bytes()).ok();
}

/// Prints a document for programs.
pub(super) fn document(value: &impl Serialize) -> Result<(), Failure> {
    result(&format!("{}\n", json::document(value)))
}

/// Prints diagnostics, and for people a line that counts them. `prefix` gives the way from the top of the repository to
/// the folder of the fleet; only forges need it.
pub(super) fn diagnostics(
    sources: &Sources,
    problems: &Problems,
    format: ReportFormat,
    prefix: &dyn Fn() -> String,
) -> Result<(), Failure> {
    let sorted = problems.sorted();
    match format {
        ReportFormat::Json => result(&format!("{}\n", json::render(sources, &sorted))),
        ReportFormat::Sarif => result(&format!("{}\n", sarif::render(sources, &sorted, &prefix()))),
        ReportFormat::Github => result(&github::render(sources, &sorted, &prefix())),
        ReportFormat::Text if sorted.is_empty() => Ok(()),
        ReportFormat::Text => {
            let colour = std::io::stderr().is_terminal() && !no_colour();
            let style = if colour { terminal::Style::Colour } else { terminal::Style::Plain };
            told(&format!("{}{}\n", terminal::render(sources, &sorted, style), count(&sorted)));
            refused_by_build(problems);
            Ok(())
        }
    }
}

/// Says how many things are fine and yet refused by a build.
pub(super) fn refused_by_build(problems: &Problems) {
    let warnings = problems.sorted().into_iter().filter(|one| one.severity() == Severity::Warning);
    let refused = warnings.filter(|one| one.code == Code::NotInThisVersion).count();
    if refused > 0 {
        note(&format!("`wlc build` would refuse {}", counted(refused, "thing")));
    }
}

#[expect(clippy::disallowed_methods, reason = "edge: the convention of no-color.org")]
fn no_colour() -> bool {
    std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty())
}

fn count(sorted: &[&Diagnostic]) -> String {
    let errors = sorted.iter().filter(|one| one.severity() == Severity::Error).count();
    let warnings = sorted.len() - errors;
    match (errors, warnings) {
        (0, warnings) => counted(warnings, "warning"),
        (errors, 0) => counted(errors, "error"),
        (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    }
}
