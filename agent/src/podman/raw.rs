//! A small HTTP client on Podman's socket, for what podman-api is wrong or silent about (edge).
//!
//! It sends the bodies that we make ourselves, asks for inspections without sizes, reads exit codes and follows events.
//! Each request has a connection of its own; the path of the API is fixed.

use std::{path::PathBuf, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, UPGRADE},
    upgrade::Upgraded,
};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{net::UnixStream, time::timeout};

use super::PodmanError;

/// The version of the API that is asked for; servers from 4.3 on answer it, those of 5.1 and later in its old shape.
pub const API_VERSION: &str = "4.3.1";
/// Bytes of one answer that are read at most.
const MOST_BYTES: usize = 64 << 20;

/// Podman's socket.
#[derive(Debug, Clone)]
pub struct Raw {
    socket: PathBuf,
}

/// One request.
#[derive(Debug)]
pub struct Call<'a> {
    /// What it is for, as a verb: `make pod web`.
    pub what: &'a str,
    /// GET, POST or DELETE.
    pub method: Method,
    /// Path and query below `/libpod`.
    pub path: String,
    /// Its body, if any.
    pub body: Option<Vec<u8>>,
    /// How long it may take.
    pub limit: Duration,
    /// A header that nobody may see.
    secret: Option<(&'static str, HeaderValue)>,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    body: Bytes,
}

/// Lines of an answer that does not end by itself.
pub struct Lines {
    body: Incoming,
    held: Vec<u8>,
}

/// Podman's form of an error.
#[derive(serde::Deserialize)]
struct Fault {
    message: String,
}

impl<'a> Call<'a> {
    /// A GET.
    pub fn get(what: &'a str, path: String, limit: Duration) -> Self {
        Self { what, method: Method::GET, path, body: None, limit, secret: None }
    }

    /// A POST without a body.
    pub fn post(what: &'a str, path: String, limit: Duration) -> Self {
        Self { what, method: Method::POST, path, body: None, limit, secret: None }
    }

    /// A DELETE.
    pub fn delete(what: &'a str, path: String, limit: Duration) -> Self {
        Self { what, method: Method::DELETE, path, body: None, limit, secret: None }
    }

    /// The same with a body of JSON.
    #[must_use]
    pub fn with(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).expect("bodies are plain structs, which JSON can hold"));
        self
    }
}

impl Call<'_> {
    /// The same with a header that is never shown. `text` is ASCII.
    #[must_use]
    pub fn with_secret(mut self, name: &'static str, text: &str) -> Self {
        let mut value = HeaderValue::from_str(text).expect("base64 is ASCII");
        value.set_sensitive(true);
        self.secret = Some((name, value));
        self
    }
}

impl Raw {
    /// A client of this socket; nothing is opened yet.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Sends a request and reads the whole answer, within the time limit.
    ///
    /// # Errors
    /// The socket does not answer, or not in time. A status that says no is no error here.
    pub async fn send(&self, call: Call<'_>) -> Result<Reply, PodmanError> {
        let (what, limit) = (call.what, call.limit);
        let exchange = async {
            let response = self.open(&call).await?;
            let status = response.status().as_u16();
            let body = http_body_util::Limited::new(response.into_body(), MOST_BYTES).collect().await;
            let body = body.map_err(|error| self.unreachable(&error))?.to_bytes();
            Ok(Reply { status, body })
        };
        within(what, limit, exchange).await
    }

    /// Opens an answer that does not end by itself. The limit is for the first byte only.
    ///
    /// # Errors
    /// The socket does not answer in time, or Podman says no.
    pub async fn follow(&self, call: Call<'_>) -> Result<Lines, PodmanError> {
        let response = within(call.what, call.limit, self.open(&call)).await?;
        let status = response.status().as_u16();
        if status < 400 {
            return Ok(Lines { body: response.into_body(), held: Vec::new() });
        }
        let body = within(call.what, call.limit, async { Ok(response.into_body().collect().await) }).await?;
        let body = body.map_err(|error| self.unreachable(&error))?.to_bytes();
        Err(Reply { status, body }.refusal(call.what))
    }

    /// Sends a request whose connection Podman gives away for streams. The limit is for the begin only.
    ///
    /// # Errors
    /// The socket does not answer in time, or Podman says no.
    pub async fn upgrade(&self, call: Call<'_>) -> Result<TokioIo<Upgraded>, PodmanError> {
        let headers = [(CONNECTION, "Upgrade"), (UPGRADE, "tcp")];
        let response = within(call.what, call.limit, self.open_with(&call, &headers)).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let upgraded = hyper::upgrade::on(response).await.map_err(|error| self.unreachable(&error))?;
            return Ok(TokioIo::new(upgraded));
        }
        let status = response.status().as_u16();
        let body = within(call.what, call.limit, async { Ok(response.into_body().collect().await) }).await?;
        let body = body.map_err(|error| self.unreachable(&error))?.to_bytes();
        Err(Reply { status, body }.refusal(call.what))
    }

    async fn open(&self, call: &Call<'_>) -> Result<Response<Incoming>, PodmanError> {
        self.open_with(call, &[]).await
    }

    async fn open_with(
        &self,
        call: &Call<'_>,
        headers: &[(HeaderName, &'static str)],
    ) -> Result<Response<Incoming>, PodmanError> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.unreachable(&error))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| self.unreachable(&error))?;
        tokio::spawn(connection.with_upgrades());
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("/v{API_VERSION}/libpod{}", call.path))
            .header(HOST, "podman")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(call.body.clone().unwrap_or_default())))
            .expect("paths are made of checked names and encoded queries");
        request.headers_mut().extend(call.secret.clone().map(|(name, value)| (HeaderName::from_static(name), value)));
        for (name, value) in headers {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        sender.send_request(request).await.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &dyn std::fmt::Display) -> PodmanError {
        PodmanError::Unreachable { socket: self.socket.display().to_string(), why: error.to_string() }
    }
}

/// Runs a request within its limit.
///
/// # Errors
/// Those of the request, or that the time is over.
pub async fn within<T>(
    what: &str,
    limit: Duration,
    request: impl Future<Output = Result<T, PodmanError>>,
) -> Result<T, PodmanError> {
    let late = || PodmanError::TimedOut { what: what.to_owned(), seconds: limit.as_secs() };
    timeout(limit, request).await.unwrap_or_else(|_| Err(late()))
}

impl Reply {
    /// Whether Podman did it, or had it done already (304).
    pub fn is_done(&self) -> bool {
        self.status < 400
    }

    /// Whether there is no such thing.
    pub fn is_missing(&self) -> bool {
        self.status == 404
    }

    /// The answer as it came.
    pub fn bytes(&self) -> Bytes {
        self.body.clone()
    }

    /// Fine if it was done.
    ///
    /// # Errors
    /// Podman said no.
    pub fn done(self, what: &str) -> Result<(), PodmanError> {
        self.check(what)
    }

    /// Whether it was done.
    ///
    /// # Errors
    /// Podman said no.
    pub fn check(&self, what: &str) -> Result<(), PodmanError> {
        if self.is_done() { Ok(()) } else { Err(self.refusal(what)) }
    }

    /// The lines of the answer, each a value; those that are something else are left out.
    pub fn lines<T: DeserializeOwned>(&self) -> impl Iterator<Item = T> {
        self.body.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
    }

    /// The answer as a value.
    ///
    /// # Errors
    /// Podman said no, or something else than this.
    pub fn json<T: DeserializeOwned>(self, what: &str) -> Result<T, PodmanError> {
        if !self.is_done() {
            return Err(self.refusal(what));
        }
        let unreadable =
            |error: serde_json::Error| PodmanError::Unreadable { what: what.to_owned(), why: error.to_string() };
        serde_json::from_slice(&self.body).map_err(unreadable)
    }

    /// The answer as a value; none where there is no such thing.
    ///
    /// # Errors
    /// Podman said no for another reason, or something else than this.
    pub fn json_if_any<T: DeserializeOwned>(self, what: &str) -> Result<Option<T>, PodmanError> {
        if self.is_missing() { Ok(None) } else { self.json(what).map(Some) }
    }

    /// Podman's words of why not.
    pub fn refusal(&self, what: &str) -> PodmanError {
        let words = serde_json::from_slice::<Fault>(&self.body).map(|fault| fault.message);
        let why = words.unwrap_or_else(|_| String::from_utf8_lossy(&self.body).trim().to_owned());
        PodmanError::Refused { what: what.to_owned(), status: self.status, why }
    }
}

impl Lines {
    /// The next line without its end; none when the answer is over, for whatever reason.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.held.iter().position(|byte| *byte == b'\n') {
                let rest = self.held.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.held, rest);
                line.pop();
                return Some(line);
            }
            let frame = self.body.frame().await?.ok()?;
            if let Some(data) = frame.data_ref() {
                self.held.extend_from_slice(data);
            }
        }
    }
}

/// A text as part of a path or query.
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_no_plain_letter_is_encoded() {
        assert_eq!(encoded("wlc.f-1.web_0"), "wlc.f-1.web_0");
        assert_eq!(encoded("{\"a\":[\"b=c\"]}/?&ä"), "%7B%22a%22%3A%5B%22b%3Dc%22%5D%7D%2F%3F%26%C3%A4");
    }

    #[test]
    fn podmans_words_are_kept() {
        let reply = |status, body: &'static str| Reply { status, body: Bytes::from_static(body.as_bytes()) };
        let told = reply(500, r#"{"cause":"x","message":"name is taken","response":500}"#).refusal("make pod p");
        assert_eq!(told.to_string(), "Podman refused to make pod p: name is taken");
        assert!(reply(304, "").done("stop").is_ok());
        assert!(matches!(reply(404, "{}").json_if_any::<Vec<u8>>("look"), Ok(None)));
        assert!(matches!(reply(200, "{").json::<Vec<u8>>("look"), Err(PodmanError::Unreadable { .. })));
    }
}
