//! Asks over HTTP (edge): a GET that answers 200 to 399 is good (S-320 to S-327).
//!
//! Redirects are followed on the same host, at most ten; one to another host counts as good. At most 10 KiB of a body are
//! read.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{ACCEPT, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT},
    rt::{Read, Write},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tracing::warn;
use wlc_plan::{quantity::Millis, spec::HttpProbe};

use super::{tcp, tls, verdict::Answer};

const AGENT: &str = concat!("wlc-probe/", env!("CARGO_PKG_VERSION"));
const REDIRECTS: usize = 10;
const BODY_BYTES: usize = 10 << 10;

/// Whether a request is sent over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// It is not.
    Http,
    /// It is, and whoever answers is trusted.
    Https,
}

impl Scheme {
    /// The word in a URL, and the port that it stands for.
    fn word(self) -> (&'static str, u16) {
        match self {
            Self::Http => ("http:", 80),
            Self::Https => ("https:", 443),
        }
    }
}

/// Sends the request of a probe and judges the answer; all of it within the limit.
pub async fn ask(target: SocketAddr, scheme: Scheme, probe: &HttpProbe, limit: Millis) -> Answer {
    match timeout(limit.duration(), follow(target, scheme, probe)).await {
        Ok(answer) => answer,
        Err(_) => Answer::Bad(format!("no answer from {target}{} within {limit}", probe.path)),
    }
}

async fn follow(target: SocketAddr, scheme: Scheme, probe: &HttpProbe) -> Answer {
    let mut path = probe.path.clone();
    for _ in 0..=REDIRECTS {
        let (status, location) = match get((target, scheme), &path, &probe.headers).await {
            Ok(answer) => answer,
            Err(answer) => return answer,
        };
        match location.filter(|_| status.is_redirection()).map(|location| next_path(&location, (target, scheme), &path))
        {
            Some(Some(next)) => path = next,
            Some(None) => {
                warn!("{target}{path} redirects to another host, which is not asked: that counts as well");
                return Answer::Good;
            }
            None if (200..400).contains(&status.as_u16()) => return Answer::Good,
            None => return Answer::Bad(format!("{target}{path} answers {}", status.as_u16())),
        }
    }
    Answer::Bad(format!("{target}{} redirects more than {REDIRECTS} times", probe.path))
}

/// The path that a redirect leads to on the same host; none where it leads to another.
fn next_path(location: &str, (target, scheme): (SocketAddr, Scheme), path: &str) -> Option<String> {
    let (word, port) = scheme.word();
    let with_scheme = location.strip_prefix(word).unwrap_or(location);
    if let Some(behind) = with_scheme.strip_prefix("//") {
        let (host, rest) = behind.split_at(behind.find(['/', '?']).unwrap_or(behind.len()));
        let is_same = host == target.to_string() || (target.port() == port && host == target.ip().to_string());
        let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
        return is_same.then_some(rest);
    }
    if location.contains("://") {
        return None;
    }
    let parent = || path.split('?').next().and_then(|path| path.rsplit_once('/')).map_or("", |(parent, _)| parent);
    Some(if location.starts_with('/') { location.to_owned() } else { format!("{}/{location}", parent()) })
}

type Told = (StatusCode, Option<String>);

/// One request: the status and where it redirects to.
async fn get((target, scheme): (SocketAddr, Scheme), path: &str, headers: &[(String, String)]) -> Result<Told, Answer> {
    let request = request(target, path, headers).map_err(|why| Answer::Unheard(format!("no request: {why}")))?;
    let stream = TcpStream::connect(target).await.map_err(|error| tcp::connection_failed(target, &error))?;
    match scheme {
        Scheme::Http => exchange(TokioIo::new(stream), request, (target, path)).await,
        Scheme::Https => {
            let no_tls = |error: std::io::Error| Answer::Bad(format!("no TLS with {target}: {error}"));
            let stream = tls::begin(stream, target).await.map_err(no_tls)?;
            exchange(TokioIo::new(stream), request, (target, path)).await
        }
    }
}

async fn exchange(
    stream: impl Read + Write + Unpin,
    request: Request<Empty<Bytes>>,
    (target, path): (SocketAddr, &str),
) -> Result<Told, Answer> {
    let broken = |error: hyper::Error| Answer::Bad(format!("{target}{path} gives no answer: {error}"));
    let (mut sender, connection) = http1::handshake(stream).await.map_err(broken)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let (parts, body) = response.into_parts();
        drain(body).await.map_err(broken)?;
        let location = parts.headers.get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok((parts.status, location))
    };
    // The connection may end before the answer was taken from it; whatever broke it reaches the exchange too.
    let driver = async {
        drop(connection.await);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = exchange => answer,
        () = driver => unreachable!("the driver never ends"),
    }
}

async fn drain(mut body: Incoming) -> Result<(), hyper::Error> {
    let mut read = 0;
    while read < BODY_BYTES {
        match body.frame().await {
            None => break,
            Some(frame) => read += frame?.data_ref().map_or(0, Bytes::len),
        }
    }
    Ok(())
}

fn request(
    target: SocketAddr,
    path: &str,
    headers: &[(String, String)],
) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    let mut map = HeaderMap::new();
    map.insert(HOST, HeaderValue::from_str(&target.to_string())?);
    map.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    map.insert(ACCEPT, HeaderValue::from_static("*/*"));
    let mut given = Vec::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(name)?;
        if !given.contains(&name) {
            map.remove(&name);
            given.push(name.clone());
        }
        if !value.is_empty() {
            map.append(name, HeaderValue::from_str(value)?);
        }
    }
    let mut request = Request::get(if path.is_empty() { "/" } else { path }).body(Empty::new())?;
    *request.headers_mut() = map;
    Ok(request)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use wlc_plan::name::PortName;

    use super::*;

    /// Serves `answers` to one connection each, and gives back what was asked.
    async fn serve(answers: Vec<String>) -> (SocketAddr, tokio::task::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut buffer = vec![0; 4096];
                let length = stream.read(&mut buffer).await.unwrap();
                asked.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            asked
        });
        (target, served)
    }

    fn probe(headers: &[(&str, &str)]) -> HttpProbe {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpProbe { path: "/healthz".to_owned(), port: PortName::parse("http").unwrap(), host: None, headers }
    }

    fn answer(status: &str, more: &str) -> String {
        format!("HTTP/1.1 {status} X\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n")
    }

    #[tokio::test]
    async fn statuses_from_200_to_399_are_good() {
        for (status, good) in [("200", true), ("204", true), ("399", true), ("400", false), ("500", false)] {
            let (target, _served) = serve(vec![answer(status, "")]).await;
            let is_good = ask(target, Scheme::Http, &probe(&[]), Millis(2_000)).await == Answer::Good;
            assert_eq!(is_good, good, "{status}");
        }
    }

    #[tokio::test]
    async fn headers_are_ours_unless_the_probe_says_otherwise() {
        let (target, served) = serve(vec![answer("200", "")]).await;
        let probe = probe(&[("Host", "site.example"), ("accept", ""), ("X-Who", "probe")]);
        assert_eq!(ask(target, Scheme::Http, &probe, Millis(2_000)).await, Answer::Good);
        let asked = timeout(Millis(2_000).duration(), served).await.unwrap().unwrap().remove(0).to_lowercase();
        assert!(asked.starts_with("get /healthz http/1.1\r\n"), "{asked}");
        assert!(asked.contains("user-agent: wlc-probe/") && asked.contains("host: site.example"), "{asked}");
        assert!(asked.contains("x-who: probe") && !asked.contains("accept:"), "{asked}");
    }

    /// C-154, C-155, C-169, C-175, C-176.
    #[tokio::test]
    async fn redirects_are_followed_on_the_same_host_only() {
        let here = vec![answer("302", "location: /there\r\n"), answer("503", "")];
        let (target, served) = serve(here).await;
        assert!(matches!(ask(target, Scheme::Http, &probe(&[]), Millis(2_000)).await, Answer::Bad(_)));
        let asked = timeout(Millis(2_000).duration(), served).await.unwrap().unwrap();
        assert!(asked[1].starts_with("GET /there "), "{asked:?}");
        let (target, _served) = serve(vec![answer("302", "location: http://elsewhere.example/\r\n")]).await;
        assert_eq!(ask(target, Scheme::Http, &probe(&[]), Millis(2_000)).await, Answer::Good);
        let (target, _served) = serve(vec![answer("302", "location: /again\r\n"); 11]).await;
        assert!(matches!(ask(target, Scheme::Http, &probe(&[]), Millis(2_000)).await, Answer::Bad(_)));
    }

    #[tokio::test]
    async fn a_body_without_end_is_cut_and_silence_runs_into_the_limit() {
        let endless = format!("HTTP/1.1 200 X\r\ncontent-length: 99999999\r\n\r\n{}", "x".repeat(20_000));
        let (target, _served) = serve(vec![endless]).await;
        assert_eq!(ask(target, Scheme::Http, &probe(&[]), Millis(2_000)).await, Answer::Good);
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let said = ask(silent.local_addr().unwrap(), Scheme::Http, &probe(&[]), Millis(50)).await;
        assert!(matches!(said, Answer::Bad(why) if why.contains("within 50ms")));
    }

    /// Serves one answer over TLS, with a certificate that nobody vouches for.
    async fn serve_tls(answer: String) -> SocketAddr {
        use tokio_rustls::{
            TlsAcceptor,
            rustls::{ServerConfig, pki_types::PrivateKeyDer},
        };
        let certificate = include_bytes!("tests/nobody.crt.der").to_vec().into();
        let key = PrivateKeyDer::Pkcs8(include_bytes!("tests/nobody.key.der").to_vec().into());
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = TlsAcceptor::from(std::sync::Arc::new(config)).accept(stream).await.unwrap();
            let mut buffer = vec![0; 4096];
            assert!(stream.read(&mut buffer).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        });
        target
    }

    /// S-323, C-194: the certificate is not looked at, the answer is.
    #[tokio::test]
    async fn over_tls_the_answer_counts_and_not_the_certificate() {
        let target = serve_tls(answer("200", "")).await;
        assert_eq!(ask(target, Scheme::Https, &probe(&[]), Millis(5_000)).await, Answer::Good);
        let target = serve_tls(answer("503", "")).await;
        let said = ask(target, Scheme::Https, &probe(&[]), Millis(5_000)).await;
        assert!(matches!(&said, Answer::Bad(why) if why.contains("answers 503")), "{said:?}");
        let (plain, _served) = serve(vec![answer("200", "")]).await;
        let said = ask(plain, Scheme::Https, &probe(&[]), Millis(5_000)).await;
        assert!(matches!(&said, Answer::Bad(why) if why.contains("no TLS")), "{said:?}");
    }
}
