//! A command in a container with its streams: what `wlagent exec` speaks to.
//!
//! Podman gives the connection of the request away for the streams. What the command writes comes in frames, one stream in
//! each; with a terminal it comes as it is.

use std::io;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, ReadHalf, WriteHalf, split};

use super::{Client, LOOK};
use crate::podman::{PodmanError, raw::Call};

/// Podman's number of the stream for errors.
const ERRORS: u8 = 2;
/// More bytes than Podman puts into one frame.
const MOST_BYTES: usize = 16 << 20;
const CHUNK: usize = 16 << 10;

/// A command as it is to be run.
#[derive(Debug, Clone, Copy)]
pub struct Command<'a> {
    /// Program and arguments.
    pub words: &'a [String],
    /// Whether it is given an input.
    pub has_input: bool,
    /// Whether it has a terminal, and how the one here is called.
    pub terminal: Option<&'a str>,
}

/// A command that runs.
pub struct Attached {
    /// Podman's name for it.
    pub id: String,
    /// What it writes.
    pub output: Output,
    /// What it reads.
    pub input: WriteHalf<TokioIo<Upgraded>>,
}

/// What a command writes.
pub struct Output {
    from: ReadHalf<TokioIo<Upgraded>>,
    has_terminal: bool,
}

/// A piece of what a command wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// To its output, or to its terminal.
    Output(Vec<u8>),
    /// To its errors.
    Errors(Vec<u8>),
}

impl Client {
    /// Begins a command in a container.
    ///
    /// # Errors
    /// Podman says no, as where there is no such program.
    pub async fn attach(&self, container: &str, command: Command<'_>) -> Result<Attached, PodmanError> {
        let Command { words, has_input, terminal } = command;
        let what = format!("run a command in {container}");
        let env: Vec<String> = terminal.iter().map(|name| format!("TERM={name}")).collect();
        let body = json!({
            "Cmd": words, "AttachStdin": has_input, "AttachStdout": true, "AttachStderr": true, "Tty": terminal.is_some(), "Env": env
        });
        let id = self.make_session(container, &body).await?;
        let start = Call::post(&what, format!("/exec/{id}/start"), LOOK);
        let start = start.with(&json!({ "Detach": false, "Tty": terminal.is_some() }));
        let (from, input) = split(self.raw.upgrade(start).await?);
        Ok(Attached { id, output: Output { from, has_terminal: terminal.is_some() }, input })
    }

    /// Tells the terminal of a command how large it is: rows and columns.
    ///
    /// # Errors
    /// Podman says no.
    pub async fn resize(&self, id: &str, (rows, columns): (u16, u16)) -> Result<(), PodmanError> {
        let what = "resize a terminal";
        self.raw.send(Call::post(what, format!("/exec/{id}/resize?h={rows}&w={columns}"), LOOK)).await?.done(what)
    }

    /// The exit code of a command that ended.
    ///
    /// # Errors
    /// Podman does not tell it.
    pub async fn exit_code(&self, id: &str) -> Result<i32, PodmanError> {
        self.code_of(id).await
    }

    /// Kills a command with all its children.
    pub async fn end(&self, id: &str) {
        self.end_session(id).await;
    }
}

impl Output {
    /// The next piece; none when the command has closed its streams.
    ///
    /// # Errors
    /// The connection breaks, or what comes is no frame.
    pub async fn next(&mut self) -> io::Result<Option<Piece>> {
        if self.has_terminal { raw(&mut self.from).await } else { framed(&mut self.from).await }
    }
}

async fn raw(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Piece>> {
    let mut bytes = vec![0; CHUNK];
    let length = from.read(&mut bytes).await?;
    bytes.truncate(length);
    Ok((length > 0).then_some(Piece::Output(bytes)))
}

/// A frame: a byte for the stream, three that are 0, four of length, and the bytes.
async fn framed(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Piece>> {
    let mut head = [0; 8];
    match from.read_exact(&mut head).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = usize::try_from(u32::from_be_bytes([head[4], head[5], head[6], head[7]])).unwrap_or(usize::MAX);
    if head[0] > ERRORS || head[1..4] != [0, 0, 0] || length > MOST_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "Podman sent something else than a frame"));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await?;
    Ok(Some(if head[0] == ERRORS { Piece::Errors(bytes) } else { Piece::Output(bytes) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_tell_output_and_errors_apart() {
        let bytes = [&[1, 0, 0, 0, 0, 0, 0, 2][..], b"ok", &[2, 0, 0, 0, 0, 0, 0, 3], b"bad"].concat();
        let mut from = bytes.as_slice();
        assert_eq!(framed(&mut from).await.unwrap(), Some(Piece::Output(b"ok".to_vec())));
        assert_eq!(framed(&mut from).await.unwrap(), Some(Piece::Errors(b"bad".to_vec())));
        assert_eq!(framed(&mut from).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_no_frame_is_an_error() {
        for bytes in [&b"OCI runtime error"[..], &[1, 0, 0, 0, 255, 255, 255, 255], &[1, 0, 0, 0, 0, 0, 0, 9, b'x']] {
            assert!(framed(&mut &*bytes).await.is_err(), "{bytes:?}");
        }
    }
}
