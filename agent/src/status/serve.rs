//! The status socket (edge): HTTP/1.1 over a Unix socket, `GET /status`. Read-only, for the owner and the group.
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
    sync::watch,
    time::timeout,
};

use super::{document::Document, live::Live};

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
    pub async fn serve(self, status: watch::Receiver<Arc<Document>>) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(timeout(LIMIT, answer(stream, status.clone())))),
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

async fn answer(stream: UnixStream, status: watch::Receiver<Arc<Document>>) {
    let respond = service_fn(move |request: Request<Incoming>| {
        let document = Arc::clone(&status.borrow());
        async move { Ok::<_, Infallible>(response(&request, &document)) }
    });
    // A client that breaks off gets nothing.
    drop(server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), respond).await);
}

fn response(request: &Request<Incoming>, document: &Document) -> Response<Full<Bytes>> {
    let (status, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/status") => (
            StatusCode::OK,
            serde_json::to_vec(&Document { machine: Live::read(), ..document.clone() })
                .expect("a document has string keys and cannot fail to serialize"),
        ),
        (&Method::GET, _) => (StatusCode::NOT_FOUND, b"{\"error\":\"there is only /status\"}".to_vec()),
        _ => (StatusCode::METHOD_NOT_ALLOWED, b"{\"error\":\"there is only GET\"}".to_vec()),
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

async fn fetch(stream: UnixStream) -> Result<Bytes, Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let request = Request::get("/status").header("host", "wlagent").body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let body = Limited::new(response.into_body(), MOST_BYTES).collect().await?.to_bytes();
    driver.abort();
    Ok(body)
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
        let serving = tokio::spawn(socket.serve(status.subscribe()));
        let answer = ask(&path).await.unwrap();
        assert!(answer.machine.is_some(), "the machine's values are read for the answer");
        assert_eq!(Document { machine: None, ..answer }, document());
        let newer = Document { generation: Some(4), ..document() };
        status.send_replace(Arc::new(newer.clone()));
        assert_eq!(Document { machine: None, ..ask(&path).await.unwrap() }, newer);
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
