//! The other end of the agent's socket: what the commands of `wlagent` ask of the running agent, and say to it.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, body::Bytes, client};
use hyper_util::rt::TokioIo;
use tokio::{net::UnixStream, time::timeout};

use super::document::Document;
use crate::words::Beside;

const LIMIT: Duration = Duration::from_secs(10);
const MOST_BYTES: usize = 64 << 20;

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
pub enum NoStatus {
    /// Nobody listens.
    #[error("no agent runs here: {} does not answer ({source})", path.display())]
    NoAgent {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody listens, but does not take what is said.
    #[error("the agent at {} refuses: {why}", path.display())]
    Refused {
        /// The socket.
        path: PathBuf,
        /// What it says.
        why: String,
    },
    /// Somebody listens, but gives no status.
    #[error("the agent at {} gives no status: {why}", path.display())]
    NoAnswer {
        /// The socket.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
}

/// Asks the agent behind a socket for its status.
///
/// # Errors
/// Nobody listens, or what listens gives no status.
pub async fn ask(path: &Path) -> Result<Document, NoStatus> {
    let no_agent = |source| NoStatus::NoAgent { path: path.to_owned(), source };
    let no_answer = |why: String| NoStatus::NoAnswer { path: path.to_owned(), why };
    let stream = UnixStream::connect(path).await.map_err(no_agent)?;
    let bytes = match timeout(LIMIT, fetch(stream)).await {
        Ok(fetched) => fetched.map_err(|error| no_answer(error.to_string()))?,
        Err(_) => return Err(no_answer(format!("no answer within {} s", LIMIT.as_secs()))),
    };
    serde_json::from_slice(&bytes).map_err(|error| no_answer(error.to_string()))
}

/// Says something to the agent behind a socket.
///
/// # Errors
/// Nobody listens, or what listens does not take it.
pub async fn say(path: &Path, what: &str, beside: &Beside) -> Result<(), NoStatus> {
    let no_agent = |source| NoStatus::NoAgent { path: path.to_owned(), source };
    let refused = |why: String| NoStatus::Refused { path: path.to_owned(), why };
    let stream = UnixStream::connect(path).await.map_err(no_agent)?;
    let request = Request::post(format!("{what}?{beside}")).header("host", "wlagent").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| refused(error.to_string()))?;
    let (status, body) = match timeout(LIMIT, exchange(stream, request)).await {
        Ok(answered) => answered.map_err(|error| refused(error.to_string()))?,
        Err(_) => return Err(refused(format!("no answer within {} s", LIMIT.as_secs()))),
    };
    if status == StatusCode::ACCEPTED { Ok(()) } else { Err(refused(why_not(&body))) }
}

/// The sentence of a refusal.
fn why_not(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Said {
        error: String,
    }
    match serde_json::from_slice(body) {
        Ok(Said { error }) => error,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}

async fn fetch(stream: UnixStream) -> Result<Bytes, Box<dyn std::error::Error + Send + Sync>> {
    let request = Request::get("/status").header("host", "wlagent").body(Empty::<Bytes>::new())?;
    Ok(exchange(stream, request).await?.1)
}

async fn exchange(
    stream: UnixStream,
    request: Request<Empty<Bytes>>,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MOST_BYTES).collect().await?.to_bytes();
    driver.abort();
    Ok((status, body))
}
