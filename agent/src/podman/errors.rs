//! Errors of podman-api in our words, mapped once, at the edge.
//!
//! They are taken by value: cloning one of them never returns.

use std::path::Path;

use podman_api::{Error, conn::Error as Connection};

use super::PodmanError;

/// What an error of podman-api means for the request that it answers.
pub fn from_api(error: Error, what: &str, socket: &Path) -> PodmanError {
    match error {
        Error::Fault { code, message } => refused(what, code.as_u16(), message),
        Error::ServerError(fault) => refused(what, 500, format!("{fault:?}")),
        Error::Error(error) => from_connection(error, what, socket),
        Error::IO(error) => unreachable(socket, error.to_string()),
        Error::SerdeJsonError(error) => unreadable(what, error.to_string()),
        error @ (Error::InvalidResponse(_)
        | Error::UnsupportedScheme(_)
        | Error::MissingAuthority
        | Error::InvalidUrl(_)
        | Error::InvalidPort(_)
        | Error::InvalidProtocol(_)
        | Error::OptsSerialization(_)
        | Error::StringError(_)
        | Error::UncheckedExec) => unreadable(what, error.to_string()),
    }
}

fn from_connection(error: Connection, what: &str, socket: &Path) -> PodmanError {
    match error {
        Connection::Fault { code, message } => refused(what, code.as_u16(), message),
        Connection::SerdeJsonError(error) => unreadable(what, error.to_string()),
        Connection::Encoding(error) => unreadable(what, error.to_string()),
        // Inside streams the error proper lies one deeper.
        Connection::Any(error) => match error.downcast::<Error>() {
            Ok(error) => from_api(*error, what, socket),
            Err(error) => unreachable(socket, error.to_string()),
        },
        Connection::IO(error) => unreachable(socket, error.to_string()),
        Connection::Hyper(error) => unreachable(socket, error.to_string()),
        Connection::Http(error) => unreachable(socket, error.to_string()),
        Connection::InvalidUri(error) => unreachable(socket, error.to_string()),
        error @ Connection::ConnectionNotUpgraded => unreachable(socket, error.to_string()),
    }
}

fn refused(what: &str, status: u16, why: String) -> PodmanError {
    PodmanError::Refused { what: what.to_owned(), status, why }
}

fn unreachable(socket: &Path, why: String) -> PodmanError {
    PodmanError::Unreachable { socket: socket.display().to_string(), why }
}

fn unreadable(what: &str, why: String) -> PodmanError {
    PodmanError::Unreadable { what: what.to_owned(), why }
}
