use std::{os::unix::net::UnixListener as StdListener, sync::Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    sync::{mpsc, watch},
};
use wlc_plan::name::{FleetName, NodeName};

use super::*;
use crate::{
    counts::Counts,
    heart::{Heart, MOST_SILENCE},
    status::{
        client::{NoStatus, ask, say},
        document::{Document, VERSION},
    },
    supervisor::Supervisor,
    words::{Beside, Word},
};

fn document() -> Document {
    Document {
        version: VERSION,
        node: NodeName::parse("n1").unwrap(),
        fleet: FleetName::parse("example").unwrap(),
        generation: Some(3),
        refused: None,
        waiting: None,
        warnings: Vec::new(),
        holds: Vec::new(),
        machine: None,
        jobs: Vec::new(),
        cron_jobs: Vec::new(),
        instances: Vec::new(),
    }
}

/// An agent's answers, with what is behind them.
struct Behind {
    answers: Arc<Answers>,
    status: watch::Sender<Arc<Document>>,
    words: mpsc::UnboundedReceiver<Word>,
}

fn behind() -> Behind {
    behind_with(Heart::new(Supervisor::default()))
}

fn behind_with(heart: Heart) -> Behind {
    let status = watch::Sender::new(Arc::new(document()));
    let (ear, words) = mpsc::unbounded_channel();
    let (counts, heart) = (Arc::new(Counts::default()), Arc::new(heart));
    let answers = Answers { status: status.subscribe(), counts, heart, ear, made: Mutex::default() };
    Behind { answers: Arc::new(answers), status, words }
}

async fn loopback(answers: &Arc<Answers>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(accept_on(listener, Arc::clone(answers)));
    address
}

/// What the agent says to these bytes, until it closes the connection.
async fn said_to(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The agent may have closed it before all was said.
    drop(stream.write_all(bytes).await);
    let mut heard = Vec::new();
    drop(stream.read_to_end(&mut heard).await);
    String::from_utf8(heard).unwrap()
}

async fn get(address: SocketAddr, path: &str) -> String {
    said_to(address, format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await
}

#[tokio::test]
async fn what_is_served_is_what_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/status.sock");
    assert!(matches!(ask(&path).await, Err(NoStatus::NoAgent { .. })));
    let Behind { answers, status, mut words } = behind();
    let socket = StatusSocket::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
    let serving = tokio::spawn(socket.serve(answers));
    let answer = ask(&path).await.unwrap();
    assert!(answer.machine.is_some(), "the machine's values are read for the answer");
    assert_eq!(Document { machine: None, ..answer }, document());
    let newer = Document { generation: Some(4), ..document() };
    status.send_replace(Arc::new(newer.clone()));
    assert_eq!(Document { machine: None, ..ask(&path).await.unwrap() }, newer, "news are told at once");
    let refused = say(&path, "/restart/nobody", &Beside::default()).await.unwrap_err();
    assert!(refused.to_string().ends_with("no workload or replica `nobody` is on this node"), "{refused}");
    assert!(words.try_recv().is_err());
    serving.abort();
    drop(serving.await);
    assert!(!path.exists(), "the socket goes with the agent");
}

#[tokio::test]
async fn a_dead_socket_is_replaced_and_any_other_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.sock");
    drop(StdListener::bind(&path).unwrap());
    drop(StatusSocket::open(&path).unwrap());
    fs::write(&path, "mine").unwrap();
    assert!(StatusSocket::open(&path).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[tokio::test]
async fn the_loopback_is_for_reading_under_its_own_name() {
    let behind = behind();
    let address = loopback(&behind.answers).await;
    let health = get(address, "/healthz").await;
    assert!(health.starts_with("HTTP/1.1 200 OK\r\n") && health.ends_with("\r\n\r\nok\n"), "{health}");
    let metrics = get(address, "/metrics").await;
    assert!(metrics.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{metrics}");
    assert!(metrics.contains("\nwlagent_generation 3\n"), "{metrics}");
    let status = get(address, "/status").await;
    let body: Document = serde_json::from_str(status.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(Document { machine: None, ..body }, document());
    for (request, code) in [
        ("GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        ("POST /restart/web HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 0\r\n\r\n", 405),
        ("GET /status HTTP/1.1\r\nHost: page.example\r\n\r\n", 421),
        ("GET /status HTTP/1.1\r\n\r\n", 421),
        ("GET /status HTTP/1.1\r\nHost: 127.0.0.1.page.example:80\r\n\r\n", 421),
        ("nonsense\r\n\r\n", 400),
    ] {
        let said = said_to(address, request.as_bytes()).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {code} ")), "{request:?}: {said}");
    }
}

#[tokio::test]
async fn huge_requests_are_sent_away() {
    let behind = behind();
    let address = loopback(&behind.answers).await;
    let host = "Host: localhost\r\n";
    let long = format!("GET /{} HTTP/1.1\r\n{host}\r\n", "a".repeat(1 << 20));
    let wide = format!("GET /healthz HTTP/1.1\r\n{host}X: {}\r\n\r\n", "b".repeat(1 << 20));
    let many = format!("GET /healthz HTTP/1.1\r\n{host}{}\r\n", "X: y\r\n".repeat(1_000));
    let endless = "x".repeat(4 << 20);
    for request in [long, wide, many, endless] {
        let said = said_to(address, request.as_bytes()).await;
        assert!(!said.contains(" 200 "), "{} bytes: {said}", request.len());
    }
    // A body is not read.
    let body = format!("GET /healthz HTTP/1.1\r\n{host}Content-Length: 100000000\r\n\r\n");
    let said = said_to(address, body.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    assert!(get(address, "/healthz").await.ends_with("ok\n"), "the agent still answers");
}

/// Slow clients hold the places of their door, each for a bounded time, and nobody's of the other door.
#[tokio::test]
async fn slow_and_many_clients_hold_up_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.sock");
    let behind = behind();
    let socket = StatusSocket::open(&path).unwrap();
    let serving = tokio::spawn(socket.serve(Arc::clone(&behind.answers)));
    let address = loopback(&behind.answers).await;
    let mut slow = Vec::new();
    for _ in 0..AT_ONCE[1] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /healthz HTT").await.unwrap();
        slow.push(stream);
    }
    // One after the other in the order of their connections: all places are taken when this one comes.
    assert_eq!(get(address, "/healthz").await, "", "one too many is sent away");
    let mut crowd: Vec<TcpStream> = Vec::new();
    for _ in 0..500 {
        crowd.push(TcpStream::connect(address).await.unwrap());
    }
    assert!(ask(&path).await.is_ok(), "the socket has places of its own");
    let begun = tokio::time::Instant::now();
    let mut heard = Vec::new();
    drop(timeout(LIMIT, slow[0].read_to_end(&mut heard)).await.expect("the agent ends it"));
    assert!(begun.elapsed() < HEAD_LIMIT + Duration::from_secs(2), "{:?}", begun.elapsed());
    drop((slow, crowd));
    while get(address, "/healthz").await.is_empty() {
        assert!(begun.elapsed() < LIMIT, "places come back");
        sleep(Duration::from_millis(20)).await;
    }
    serving.abort();
}

/// A client that asks and never reads is let go.
#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.sock");
    let behind = behind();
    let large = Document { warnings: vec!["w".repeat(8 << 20)], ..document() };
    behind.status.send_replace(Arc::new(large));
    let socket = StatusSocket::open(&path).unwrap();
    let serving = tokio::spawn(socket.serve(Arc::clone(&behind.answers)));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"GET /status HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    sleep(LIMIT + Duration::from_millis(500)).await;
    let mut heard = Vec::new();
    drop(stream.read_to_end(&mut heard).await);
    assert!(heard.len() < 8 << 20, "it was cut off after {} bytes", heard.len());
    serving.abort();
}

#[tokio::test]
async fn a_loop_that_hangs_is_not_healthy() {
    let hung = Heart::silent_since(tokio::time::Instant::now() - (MOST_SILENCE + Duration::from_secs(1)));
    let behind = behind_with(hung);
    let request = || hyper::Request::get("/healthz").body(()).unwrap();
    assert_eq!(behind.answers.to(&request(), Door::Socket { user: 0 }).status(), 503);
    behind.answers.heart.beat();
    assert_eq!(behind.answers.to(&request(), Door::Socket { user: 0 }).status(), 200);
}
