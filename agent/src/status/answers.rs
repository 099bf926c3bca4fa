//! What the agent answers: `GET /status`, `/metrics` and `/healthz`; `POST /restart/NAME` and so on are words to it, over its socket only.
//!
//! Over the loopback anyone on the machine may read, and nobody may say anything. There a request must name the loopback as
//! its host, so that no page in a browser can read along under a name of its own.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HOST, HeaderValue},
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    document::Document,
    exposition,
    live::Live,
    metrics::{self, Sources},
    own::Own,
};
use crate::{
    counts::Counts,
    heart::Heart,
    words::{Beside, Word},
};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// What was made for one client does for all that ask within this time.
const FRESH: Duration = Duration::from_secs(1);

/// Where a client came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The socket, which has an owner and a group.
    Socket {
        /// The number of the user who came in.
        user: u32,
    },
    /// The loopback, which is open to all of this machine.
    Loopback,
}

/// What clients are answered from.
pub struct Answers {
    /// The status, as it changes.
    pub status: watch::Receiver<Arc<Document>>,
    /// What was counted.
    pub counts: Arc<Counts>,
    /// Whether the loop turns.
    pub heart: Arc<Heart>,
    /// Where words go.
    pub ear: mpsc::UnboundedSender<Word>,
    /// The last status and the last metrics.
    pub made: Mutex<[Option<Made>; 2]>,
}

/// An answer that was made, when, and for which status.
pub struct Made {
    at: Instant,
    of: Arc<Document>,
    bytes: Bytes,
}

type Reply = (StatusCode, &'static str, Bytes);

impl Answers {
    /// The answer to a request.
    pub fn to<Body>(&self, request: &Request<Body>, door: Door) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let (status, media, body) = match (door, request.method()) {
            (Door::Loopback, _) if !names_loopback(request) => {
                error(StatusCode::MISDIRECTED_REQUEST, "this is the loopback, under no other name")
            }
            (_, &Method::GET) => self.told(path),
            (Door::Socket { user }, &Method::POST) => self.heard(path, request.uri().query(), user),
            (Door::Loopback, _) => error(StatusCode::METHOD_NOT_ALLOWED, "there is only GET on the loopback"),
            (Door::Socket { .. }, _) => error(StatusCode::METHOD_NOT_ALLOWED, "there are only GET and POST"),
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
        response
    }

    fn told(&self, path: &str) -> Reply {
        match path {
            "/status" => (StatusCode::OK, JSON, self.made(0, |document| self.status(document))),
            "/metrics" => (StatusCode::OK, exposition::MEDIA_TYPE, self.made(1, |document| self.metrics(document))),
            "/healthz" => self.health(),
            _ => error(StatusCode::NOT_FOUND, "there are only /status, /metrics and /healthz"),
        }
    }

    /// Hears a word; 202 where it is taken.
    fn heard(&self, path: &str, query: Option<&str>, user: u32) -> Reply {
        let beside = Beside::read(query.unwrap_or_default());
        let word = Word::read(path, user, &beside, &self.status.borrow());
        match word.map(|word| self.ear.send(word)) {
            Ok(Ok(())) => (StatusCode::ACCEPTED, JSON, Bytes::from_static(b"{}")),
            Ok(Err(_)) => error(StatusCode::SERVICE_UNAVAILABLE, "the agent is ending"),
            Err(why) => error(StatusCode::NOT_FOUND, &why.to_string()),
        }
    }

    /// Whether the agent lives: its loop turns. That Podman answers is not asked.
    fn health(&self) -> Reply {
        if self.heart.is_beating() {
            return (StatusCode::OK, TEXT, Bytes::from_static(b"ok\n"));
        }
        let silence = self.heart.silence().as_secs();
        let why = format!("the loop has not turned for {silence} s\n");
        (StatusCode::SERVICE_UNAVAILABLE, TEXT, Bytes::from(why))
    }

    fn made(&self, index: usize, make: impl FnOnce(&Document) -> Bytes) -> Bytes {
        let document = Arc::clone(&self.status.borrow());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let slot = &mut made[index];
        match slot {
            Some(made) if Arc::ptr_eq(&made.of, &document) && now - made.at < FRESH => made.bytes.clone(),
            Some(_) | None => {
                let bytes = make(&document);
                *slot = Some(Made { at: now, of: document, bytes: bytes.clone() });
                bytes
            }
        }
    }

    fn status(&self, document: &Document) -> Bytes {
        let document = Document { machine: Live::read(), ..document.clone() };
        Bytes::from(serde_json::to_vec(&document).expect("a document has string keys and cannot fail to serialize"))
    }

    fn metrics(&self, document: &Document) -> Bytes {
        let (counted, silence, own) = (self.counts.now(), self.heart.silence(), Own::read());
        Bytes::from(metrics::page(Sources { document, counted: &counted, silence, own }))
    }
}

fn error(status: StatusCode, why: &str) -> Reply {
    (status, JSON, Bytes::from(serde_json::json!({ "error": why }).to_string()))
}

/// Whether a request says that it goes to the loopback.
fn names_loopback<Body>(request: &Request<Body>) -> bool {
    let Some(host) = request.headers().get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let Ok(authority) = host.parse::<hyper::http::uri::Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
