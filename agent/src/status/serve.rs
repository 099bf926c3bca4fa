//! The agent's socket (edge): HTTP/1.1 over a Unix socket, for the owner and the group. `GET /status` reads; `POST /restart/NAME`
//! is a word to the agent.
#![expect(clippy::disallowed_methods, reason = "edge: makes the socket's folder and clears an old socket away")]

use std::{
    convert::Infallible,
    fs, io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use http_body_util::{BodyExt, Empty, Full, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Bytes, body::Incoming, client, server, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{mpsc, watch},
    time::timeout,
};

use super::{document::Document, live::Live};
use crate::words::Word;

const LIMIT: Duration = Duration::from_secs(10);
const MOST_BYTES: usize = 64 << 20;
const MODE: u32 = 0o660;

/// The status socket while it is open; its file goes with it.
pub struct StatusSocket {
    path: PathBuf,
    listener: UnixListener,
}

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

impl StatusSocket {
    /// Opens the socket. A file of an agent that is gone is replaced: the guard keeps a second agent away.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
            fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
        Ok(Self { path: path.to_owned(), listener })
    }

    /// Answers until it is aborted.
    pub async fn serve(self, status: watch::Receiver<Arc<Document>>, ear: mpsc::UnboundedSender<Word>) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(timeout(LIMIT, answer(stream, status.clone(), ear.clone())))),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

impl Drop for StatusSocket {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

async fn answer(stream: UnixStream, status: watch::Receiver<Arc<Document>>, ear: mpsc::UnboundedSender<Word>) {
    let respond = service_fn(move |request: Request<Incoming>| {
        let document = Arc::clone(&status.borrow());
        let said = match request.method() {
            &Method::POST => Some(heard(request.uri().path(), &document, &ear)),
            _ => None,
        };
        async move { Ok::<_, Infallible>(said.unwrap_or_else(|| response(&request, &document))) }
    });
    // A client that breaks off gets nothing.
    drop(server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), respond).await);
}

/// Hears a word; 202 where it is taken.
fn heard(path: &str, document: &Document, ear: &mpsc::UnboundedSender<Word>) -> Response<Full<Bytes>> {
    let word = Word::read(path, document);
    let (status, body) = match word.map(|word| ear.send(word)) {
        Some(Ok(())) => (StatusCode::ACCEPTED, "{}"),
        Some(Err(_)) => (StatusCode::SERVICE_UNAVAILABLE, "{\"error\":\"the agent is ending\"}"),
        None => (StatusCode::NOT_FOUND, "{\"error\":\"no workload or replica of this name is on this node\"}"),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}

fn response(request: &Request<Incoming>, document: &Document) -> Response<Full<Bytes>> {
    let (status, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/status") => (
            StatusCode::OK,
            serde_json::to_vec(&Document { machine: Live::read(), ..document.clone() })
                .expect("a document has string keys and cannot fail to serialize"),
        ),
        (&Method::GET, _) => (StatusCode::NOT_FOUND, b"{\"error\":\"there is only /status\"}".to_vec()),
        _ => (StatusCode::METHOD_NOT_ALLOWED, b"{\"error\":\"there are only GET and POST\"}".to_vec()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    response
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
pub async fn say(path: &Path, what: &str) -> Result<(), NoStatus> {
    let no_agent = |source| NoStatus::NoAgent { path: path.to_owned(), source };
    let refused = |why: String| NoStatus::Refused { path: path.to_owned(), why };
    let stream = UnixStream::connect(path).await.map_err(no_agent)?;
    let request = Request::post(what).header("host", "wlagent").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| refused(error.to_string()))?;
    let (status, body) = match timeout(LIMIT, exchange(stream, request)).await {
        Ok(answered) => answered.map_err(|error| refused(error.to_string()))?,
        Err(_) => return Err(refused(format!("no answer within {} s", LIMIT.as_secs()))),
    };
    let why = String::from_utf8_lossy(&body).into_owned();
    if status == StatusCode::ACCEPTED { Ok(()) } else { Err(refused(why)) }
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

#[cfg(test)]
mod tests {
    use wlc_plan::name::{FleetName, NodeName};

    use super::*;
    use crate::status::document::VERSION;

    fn document() -> Document {
        Document {
            version: VERSION,
            node: NodeName::parse("n1").unwrap(),
            fleet: FleetName::parse("example").unwrap(),
            generation: Some(3),
            refused: None,
            waiting: None,
            warnings: Vec::new(),
            machine: None,
            instances: Vec::new(),
        }
    }

    #[tokio::test]
    async fn what_is_served_is_what_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/status.sock");
        assert!(matches!(ask(&path).await, Err(NoStatus::NoAgent { .. })));
        let status = watch::Sender::new(Arc::new(document()));
        let socket = StatusSocket::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        let (ear, mut words) = mpsc::unbounded_channel();
        let serving = tokio::spawn(socket.serve(status.subscribe(), ear));
        let answer = ask(&path).await.unwrap();
        assert!(answer.machine.is_some(), "the machine's values are read for the answer");
        assert_eq!(Document { machine: None, ..answer }, document());
        let newer = Document { generation: Some(4), ..document() };
        status.send_replace(Arc::new(newer.clone()));
        assert_eq!(Document { machine: None, ..ask(&path).await.unwrap() }, newer);
        let refused = say(&path, "/restart/nobody").await.unwrap_err();
        assert!(refused.to_string().contains("no workload or replica"), "{refused}");
        assert!(words.try_recv().is_err());
        serving.abort();
        drop(serving.await);
        assert!(!path.exists(), "the socket goes with the agent");
    }

    #[tokio::test]
    async fn a_dead_socket_is_replaced_and_any_other_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        drop(StatusSocket::open(&path).unwrap());
        fs::write(&path, "mine").unwrap();
        assert!(StatusSocket::open(&path).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}
