//! `wlagent exec`: runs a command in a running container of a replica, with its input, output and terminal.

use std::io::{IsTerminal, Read, Write};

use clap::Args;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::{
    io::{AsyncWriteExt, WriteHalf},
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use super::{Exit, choose, output};
use crate::{
    plans::KnownContents,
    podman::{
        Podman,
        client::{
            Client,
            attach::{Attached, Command, Piece},
        },
    },
    settings::Settings,
};

/// The code where the command could not be run at all, as other tools have it.
const NOT_RUN: u8 = 125;
/// The code of a command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Which command, where.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// A replica, or a workload with one replica here.
    name: String,
    /// The container; needed where several of the pod run.
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    /// Give the command what is typed or piped in.
    #[arg(short = 'i', long)]
    stdin: bool,
    /// Give the command a terminal.
    #[arg(short = 't', long)]
    tty: bool,
    /// The command with its arguments, without a shell.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs the command; ends with its exit code.
pub(super) async fn exec(settings: &Settings, request: &Request) -> Exit {
    match run(settings, request).await {
        Ok(code) => Exit::Of(code),
        Err(why) => {
            output::fail(&why);
            Exit::Of(NOT_RUN)
        }
    }
}

async fn run(settings: &Settings, request: &Request) -> Result<u8, String> {
    if request.tty && !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Err("`-t` needs a terminal here too; leave it out in a pipe".to_owned());
    }
    let contents = std::sync::Arc::new(KnownContents::default());
    let client = Client::connect(&settings.podman, &settings.fleet, &settings.fleet_state(), contents).await;
    let client = client.map_err(|error| error.to_string())?;
    let observed = client.observe().await.map_err(|error| error.to_string())?;
    let pod = choose::pod(&observed, &request.name)?;
    let container = choose::running(pod, request.container.as_deref())?;
    let terminal = request.tty.then(|| std::env::var_os("TERM").and_then(|name| name.into_string().ok()));
    let terminal = terminal.map(|name| name.unwrap_or_else(|| "xterm".to_owned()));
    let command = Command { words: &request.command, has_input: request.stdin, terminal: terminal.as_deref() };
    let attached = client.attach(&container.id, command).await.map_err(|error| error.to_string())?;
    let id = attached.id.clone();
    let ended = if request.tty {
        let _raw = RawTerminal::begin().map_err(|error| format!("the terminal cannot be used: {error}"))?;
        follow(&client, attached, request).await
    } else {
        follow(&client, attached, request).await
    };
    match ended? {
        Ended::Itself => {
            let code = client.exit_code(&id).await.map_err(|error| error.to_string())?;
            Ok(u8::try_from(code).unwrap_or(u8::MAX))
        }
        Ended::Interrupted => {
            client.end(&id).await;
            Ok(INTERRUPTED)
        }
    }
}

enum Ended {
    Itself,
    Interrupted,
}

/// Carries input and output until the command closes its streams.
async fn follow(client: &Client, attached: Attached, request: &Request) -> Result<Ended, String> {
    let Attached { id, mut output, input } = attached;
    let feeding = request.stdin.then(|| tokio::spawn(feed(input)));
    let mut resized = signal(SignalKind::window_change()).map_err(|error| error.to_string())?;
    if request.tty {
        fit(client, &id).await;
    }
    let ended = loop {
        tokio::select! {
            piece = output.next() => match piece.map_err(|error| error.to_string())? {
                Some(piece) if print(&piece) => {}
                // Nobody reads any more.
                Some(_) => break Ended::Interrupted,
                None => break Ended::Itself,
            },
            _ = resized.recv(), if request.tty => fit(client, &id).await,
            _ = tokio::signal::ctrl_c(), if !request.tty => break Ended::Interrupted,
        }
    };
    feeding.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(ended)
}

/// Gives the command what comes in, and the end of it.
async fn feed<Stream: tokio::io::AsyncWrite>(mut input: WriteHalf<Stream>) {
    let (giving, mut given) = mpsc::channel(16);
    // Reading a terminal cannot be broken off: the thread ends with the program.
    std::thread::spawn(move || read_input(&giving));
    while let Some(bytes) = given.recv().await {
        // A command that does not read its input any more may still write.
        if input.write_all(&bytes).await.is_err() {
            break;
        }
    }
    drop(input.shutdown().await);
}

fn read_input(giving: &mpsc::Sender<Vec<u8>>) {
    let (mut from, mut bytes) = (std::io::stdin().lock(), vec![0; 8 << 10]);
    while let Ok(length) = from.read(&mut bytes) {
        if length == 0 || giving.blocking_send(bytes[..length].to_vec()).is_err() {
            return;
        }
    }
}

fn print(piece: &Piece) -> bool {
    match piece {
        Piece::Output(bytes) => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush()).is_ok()
        }
        Piece::Errors(bytes) => std::io::stderr().write_all(bytes).is_ok(),
    }
}

/// Gives the command's terminal the size of the one here. A terminal of a wrong size is no reason to end.
async fn fit(client: &Client, id: &str) {
    if let Ok(size) = tcgetwinsize(std::io::stdout()) {
        drop(client.resize(id, (size.ws_row, size.ws_col)).await);
    }
}

/// The terminal hands each key over as it is; afterwards it is as it was.
struct RawTerminal {
    before: Termios,
}

impl RawTerminal {
    fn begin() -> std::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}
