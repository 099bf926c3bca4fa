//! A Podman that only answers questions, from files: what a real one answered once. It changes nothing, since it has nothing.

#![allow(clippy::unwrap_used, reason = "a test ends where its own tools fail")]

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    thread,
};

use serde_json::{Value, json};

/// What is asked of a Podman, and what it answers: paths of its API below `/libpod`, without what stands behind `?`.
pub type Answers = BTreeMap<String, Value>;

/// The answers of a Podman that has nothing.
pub fn empty() -> Answers {
    ["/containers/json", "/pods/json", "/volumes/json"].map(|path| (path.to_owned(), json!([]))).into()
}

/// The answers that a file holds.
pub fn read(path: &Path) -> Answers {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Answers at a socket until the test ends.
pub fn serve(socket: &Path, answers: Answers) {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = answers.clone();
            thread::spawn(move || answer(stream, &answers));
        }
    });
}

fn answer(mut stream: UnixStream, answers: &Answers) {
    let Some(path) = asked(&mut stream) else { return };
    let (status, body) = match answers.get(&path) {
        Some(value) => ("200 OK", value.to_string()),
        // A ping without its headers tells no version, so it is asked for.
        None if path == "/_ping" => ("200 OK", "OK".to_owned()),
        None if path == "/version" => ("200 OK", json!({ "Version": "4.3.1" }).to_string()),
        None => ("404 Not Found", json!({ "message": format!("{path}: no such thing"), "response": 404 }).to_string()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // Whoever asked may be gone.
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())));
}

/// The path that is asked for; a request that would change something is none.
fn asked(stream: &mut UnixStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.strip_prefix("GET ")?.split([' ', '?']).next()?;
    Some(path.split_once("/libpod").map_or(path, |(_, below)| below).to_owned())
}
