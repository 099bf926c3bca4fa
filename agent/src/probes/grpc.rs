//! Asks the health service of gRPC (edge): `grpc.health.v1.Health/Check`, which must answer that it serves (S-329, S-330).
//!
//! The question has one field and the answer has one, so both are written and read by hand. The connection is HTTP/2
//! without TLS.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http2,
    header::{CONTENT_TYPE, HeaderMap, TE},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, time::timeout};
use wlc_plan::{quantity::Millis, spec::GrpcProbe};

use super::{tcp, verdict::Answer};

/// Most bytes of an answer that are read.
const MOST_BYTES: usize = 10 << 10;
/// The field of the question that names the service, and that of the answer with the status: number and form of each.
const SERVICE: u8 = 0x0a;
const STATUS: u8 = 0x08;
/// The status that says that it serves.
const SERVING: u8 = 1;

/// Asks, all of it within the limit.
pub async fn ask(target: SocketAddr, probe: &GrpcProbe, limit: Millis) -> Answer {
    match timeout(limit.duration(), check(target, probe)).await {
        Ok(Ok(())) => Answer::Good,
        Ok(Err(answer)) => answer,
        Err(_) => Answer::Bad(format!("no answer from the health service of {target} within {limit}")),
    }
}

async fn check(target: SocketAddr, probe: &GrpcProbe) -> Result<(), Answer> {
    let broken = |error: hyper::Error| Answer::Bad(format!("the health service of {target} gives no answer: {error}"));
    let stream = TcpStream::connect(target).await.map_err(|error| tcp::connection_failed(target, &error))?;
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(broken)?;
    let exchange = async {
        let response = sender.send_request(request(target, probe)).await.map_err(broken)?;
        judge(target, response).await
    };
    let driver = async {
        drop(connection.await);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = exchange => answer,
        () = driver => unreachable!("the driver never ends"),
    }
}

fn request(target: SocketAddr, probe: &GrpcProbe) -> Request<Full<Bytes>> {
    Request::post(format!("http://{target}/grpc.health.v1.Health/Check"))
        .header(CONTENT_TYPE, "application/grpc")
        .header(TE, "trailers")
        .body(Full::new(Bytes::from(question(&probe.service))))
        .expect("an address and a fixed path are a URL")
}

/// The question in its frame: not compressed, the length, the field with the service where one is named.
fn question(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(SERVICE);
        let mut length = service.len();
        while length > 0x7f {
            message.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
            length >>= 7;
        }
        message.push(u8::try_from(length).expect("seven bits"));
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0], &length[..], &message].concat()
}

async fn judge(target: SocketAddr, response: Response<Incoming>) -> Result<(), Answer> {
    let bad = |why: String| Answer::Bad(format!("the health service of {target} {why}"));
    let (parts, body) = response.into_parts();
    if parts.status.as_u16() != 200 {
        return Err(bad(format!("answers {}", parts.status.as_u16())));
    }
    let body = http_body_util::Limited::new(body, MOST_BYTES).collect().await;
    let body = body.map_err(|error| bad(format!("gives no answer: {error}")))?;
    let code = code(body.trailers().unwrap_or(&parts.headers)).or_else(|| code(&parts.headers));
    match code.as_deref() {
        Some("0") | None => {}
        Some("12") => return Err(bad("does not exist there".to_owned())),
        Some("5") => return Err(bad("does not know the service".to_owned())),
        Some(code) => return Err(bad(format!("fails with the code {code}"))),
    }
    match status(&body.to_bytes()) {
        Some(SERVING) => Ok(()),
        Some(status) => Err(bad(format!("says that it does not serve (status {status})"))),
        None => Err(bad("answers something else".to_owned())),
    }
}

fn code(headers: &HeaderMap) -> Option<String> {
    headers.get("grpc-status")?.to_str().ok().map(str::to_owned)
}

/// The status in the frame of an answer; an answer without the field has the one of number 0.
fn status(body: &[u8]) -> Option<u8> {
    let (head, message) = body.split_at_checked(5)?;
    let length = usize::try_from(u32::from_be_bytes([head[1], head[2], head[3], head[4]])).ok()?;
    match (head[0], message.get(..length)?) {
        (0, []) => Some(0),
        (0, [STATUS, status, ..]) => Some(*status),
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::StreamBody;
    use hyper::{body::Frame, server::conn::http2, service::service_fn};
    use tokio::net::TcpListener;
    use wlc_plan::name::PortName;

    use super::*;

    /// A server that serves the whole, and `down` not; it knows no other service.
    async fn serve() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(|request: Request<Incoming>| async move {
                    assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
                    let asked = request.into_body().collect().await.unwrap().to_bytes();
                    let (frame, code) = match asked {
                        asked if asked == question("") => (vec![0, 0, 0, 0, 2, STATUS, SERVING], "0"),
                        asked if asked == question("down") => (vec![0, 0, 0, 0, 2, STATUS, 2], "0"),
                        _ => (Vec::new(), "5"),
                    };
                    let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), code.parse().unwrap())]);
                    let frames = [Frame::data(Bytes::from(frame)), Frame::trailers(trailers)];
                    let body = StreamBody::new(futures_util::stream::iter(frames.map(Ok::<_, Infallible>)));
                    Ok::<_, Infallible>(Response::new(body))
                });
                let connection =
                    http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        target
    }

    fn probe(service: &str) -> GrpcProbe {
        GrpcProbe { port: PortName::parse("grpc").unwrap(), service: service.to_owned() }
    }

    /// S-329, S-330, C-160, C-181.
    #[tokio::test]
    async fn only_a_service_that_serves_is_good() {
        let target = serve().await;
        assert_eq!(ask(target, &probe(""), Millis(2_000)).await, Answer::Good);
        for (service, word) in [("down", "does not serve"), ("other", "does not know")] {
            let said = ask(target, &probe(service), Millis(2_000)).await;
            assert!(matches!(&said, Answer::Bad(why) if why.contains(word)), "{said:?}");
        }
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let said = ask(silent.local_addr().unwrap(), &probe(""), Millis(50)).await;
        assert!(matches!(said, Answer::Bad(why) if why.contains("within 50ms")));
    }

    #[test]
    fn long_names_of_services_are_framed() {
        let name = "x".repeat(200);
        let frame = question(&name);
        assert_eq!(frame[..8], [0, 0, 0, 0, 203, SERVICE, 0xc8, 0x01]);
        assert_eq!(question(""), [0; 5]);
    }
}
