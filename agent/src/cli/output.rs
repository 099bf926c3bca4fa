//! What commands print: results to standard output, faults to standard error. A reader that is gone is no fault.

use std::io::Write;

use super::Exit;

/// Prints a result.
pub(super) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Prints a result; false where nobody reads any more.
pub(super) fn is_printed(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// Prints a note that is no result.
pub(super) fn note(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Prints a fault.
pub(super) fn fail(text: &str) -> Exit {
    note(&format!("wlagent: {text}"));
    Exit::Problems
}
