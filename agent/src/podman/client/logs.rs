//! What containers wrote, line by line, for `wlagent logs`.

use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use podman_api::opts::ContainerLogsOpts;
use wlc_plan::time::Timestamp;

use super::{Client, LOOK};
use crate::podman::{PodmanError, errors, raw::within};

/// Which lines.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// At most so many of the newest; none: all.
    pub tail: Option<u32>,
    /// Those from this time on.
    pub since: Option<Timestamp>,
    /// Whether to go on with what is written from now on, until the container ends.
    pub follow: bool,
}

/// Lines as they come.
pub struct LogLines<'a> {
    stream: Pin<Box<dyn Stream<Item = podman_api::Result<Vec<u8>>> + Send + 'a>>,
    what: String,
    client: &'a Client,
    follow: bool,
    held: Vec<u8>,
    is_over: bool,
}

/// A line that was written, and when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogLine {
    /// When, as Podman writes it: texts of one day sort as their times do.
    pub at: String,
    /// The line without its end.
    pub text: String,
}

impl Client {
    /// The lines of a container, by its name or id.
    pub fn log_lines<'a>(&'a self, container: &'a str, wanted: Wanted) -> LogLines<'a> {
        let mut opts = ContainerLogsOpts::builder().stdout(true).stderr(true).timestamps(true).follow(wanted.follow);
        if let Some(tail) = wanted.tail {
            opts = opts.tail(tail.to_string());
        }
        if let Some(since) = wanted.since {
            opts = opts.since(since.seconds().to_string());
        }
        let opts = opts.build();
        let handle = self.api.containers().get(container);
        let stream = async_stream(handle, opts);
        let what = format!("read the log of {container}");
        LogLines {
            stream: Box::pin(stream),
            what,
            client: self,
            follow: wanted.follow,
            held: Vec::new(),
            is_over: false,
        }
    }
}

/// The handle lives as long as its stream.
fn async_stream(
    handle: podman_api::api::Container,
    opts: ContainerLogsOpts,
) -> impl Stream<Item = podman_api::Result<Vec<u8>>> + Send {
    let (pieces, received) = tokio::sync::mpsc::channel(16);
    tokio::spawn(async move {
        let mut stream = handle.logs(&opts);
        while let Some(piece) = stream.next().await {
            if pieces.send(piece.map(Vec::<u8>::from)).await.is_err() {
                return;
            }
        }
    });
    futures_util::stream::unfold(received, async |mut received| Some((received.recv().await?, received)))
}

impl LogLines<'_> {
    /// The next line; none when there are no more.
    ///
    /// # Errors
    /// Podman says no, or does not answer.
    pub async fn next(&mut self) -> Result<Option<LogLine>, PodmanError> {
        loop {
            if let Some(end) = self.held.iter().position(|byte| *byte == b'\n') {
                let rest = self.held.split_off(end + 1);
                let line = std::mem::replace(&mut self.held, rest);
                return Ok(Some(read(&line[..end])));
            }
            if self.is_over {
                let last = std::mem::take(&mut self.held);
                return Ok((!last.is_empty()).then(|| read(&last)));
            }
            match self.piece().await? {
                Some(bytes) => self.held.extend_from_slice(&bytes),
                None => self.is_over = true,
            }
        }
    }

    /// What is followed may be silent for as long as it likes.
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, PodmanError> {
        let (what, client) = (&self.what, self.client);
        let next = async {
            let piece = self.stream.next().await.transpose();
            piece.map_err(|error| errors::from_api(error, what, &client.socket))
        };
        if self.follow { next.await } else { within(what, LOOK, next).await }
    }
}

/// A line of Podman's: the time, a blank, and what was written.
fn read(line: &[u8]) -> LogLine {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end_matches('\r');
    match line.split_once(' ') {
        Some((at, text)) => LogLine { at: at.to_owned(), text: text.to_owned() },
        None => LogLine { at: line.to_owned(), text: String::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_its_time() {
        let line = |at: &str, text: &str| LogLine { at: at.to_owned(), text: text.to_owned() };
        assert_eq!(
            read(b"2026-11-26T06:00:00.1+00:00  two  blanks"),
            line("2026-11-26T06:00:00.1+00:00", " two  blanks")
        );
        assert_eq!(read(b"2026-11-26T06:00:00.1+00:00"), line("2026-11-26T06:00:00.1+00:00", ""));
    }
}
