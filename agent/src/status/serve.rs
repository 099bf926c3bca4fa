//! Where the agent is asked (edge): HTTP/1.1 over a Unix socket for the owner and the group, and over the loopback where the
//! settings say so.
//!
//! No client can hurt the agent: each door has so many connections and no more, each connection answers one request and
//! lasts for so long, and a request has so many bytes. What was asked stands in [`super::answers`].
#![expect(clippy::disallowed_methods, reason = "edge: makes the socket's folder and clears an old socket away")]

use std::{
    convert::Infallible,
    fs, io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tracing::{info, warn};

use super::answers::{Answers, Door};

/// How long a connection may last.
const LIMIT: Duration = Duration::from_secs(10);
/// How long a request may take to come in.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// Most bytes of a request's head.
const HEAD_BYTES: usize = 16 << 10;
/// Most headers of a request.
const HEADERS: usize = 64;
/// Linux's number of the user that is nobody.
const NOBODY: u32 = 65_534;
/// How many may ask at once over the socket, and over the loopback.
const AT_ONCE: [usize; 2] = [64, 16];
/// Until the loopback is tried again where its port is taken.
const PORT_PAUSE: Duration = Duration::from_secs(10);
const MODE: u32 = 0o660;

/// The status socket while it is open; its file goes with it.
pub struct StatusSocket {
    path: PathBuf,
    listener: UnixListener,
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
    pub async fn serve(self, answers: Arc<Answers>) {
        let places = Arc::new(Semaphore::new(AT_ONCE[0]));
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // Who cannot be told is taken for nobody.
                    let user = stream.peer_cred().map_or(NOBODY, |peer| peer.uid());
                    admit(stream, &places, Door::Socket { user }, &answers);
                }
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

impl Drop for StatusSocket {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

/// Answers on the loopback until it is aborted. A port that is taken holds up nothing: it is tried again.
pub async fn serve_loopback(address: SocketAddr, answers: Arc<Answers>) {
    assert!(address.ip().is_loopback(), "the settings take no other address");
    let mut is_told = false;
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(error) if !is_told => warn!(%address, %error, "cannot be listened on; tried again"),
            Err(_) => {}
        }
        is_told = true;
        sleep(PORT_PAUSE).await;
    };
    info!(%address, "answers on the loopback too");
    accept_on(listener, answers).await;
}

async fn accept_on(listener: TcpListener, answers: Arc<Answers>) {
    let places = Arc::new(Semaphore::new(AT_ONCE[1]));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => admit(stream, &places, Door::Loopback, &answers),
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Answers a client if there is a place for it; one too many is sent away without a word.
fn admit<Stream>(stream: Stream, places: &Arc<Semaphore>, door: Door, answers: &Arc<Answers>)
where
    Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let Ok(place) = Arc::clone(places).try_acquire_owned() else { return };
    let answers = Arc::clone(answers);
    tokio::spawn(async move {
        let respond = service_fn(|request| {
            let response = answers.to(&request, door);
            async { Ok::<_, Infallible>(response) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT).keep_alive(false);
        builder.max_buf_size(HEAD_BYTES).max_headers(HEADERS);
        // A client that breaks off gets nothing.
        drop(timeout(LIMIT, builder.serve_connection(TokioIo::new(stream), respond)).await);
        drop(place);
    });
}

#[cfg(test)]
mod tests;
