//! `wlagent run`: the service.

use std::{sync::Arc, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};
use tracing::{error, info, warn};

use super::{Exit, apply, faults::Faults, live, output};
use crate::{
    agent::{Agent, CannotBegin},
    settings::Settings,
    status::serve::{StatusSocket, serve_loopback},
};

/// How long until a Podman is asked again that does not answer at the start.
const PAUSE: Duration = Duration::from_secs(1);

/// What to run.
#[derive(Debug, clap::Args)]
pub(super) struct Request {
    /// Show the replicas: a live view on a terminal, a line for each change in a pipe.
    #[arg(long)]
    pub(super) watch: bool,
    #[command(flatten)]
    faults: Faults,
}

/// Runs until SIGTERM or Ctrl-C; the containers go on.
pub(super) async fn run(settings: &Arc<Settings>, request: &Request) -> Exit {
    request.faults.set_clock();
    let mut agent = match begin(settings).await {
        Ok(agent) => agent,
        Err(error) => return apply::cannot_begin(&error),
    };
    agent.end_at(request.faults.ending());
    let socket = match StatusSocket::open(&settings.listen) {
        Ok(socket) => socket,
        Err(error) => return output::fail(&format!("cannot listen at {}: {error}", settings.listen.display())),
    };
    // Before anybody is told that the agent is ready: until then a signal ends it at once.
    let (stop, reloads) = (stop_signal(), hear_reloads(agent.reload()));
    let serving = tokio::spawn(socket.serve(agent.answers()));
    let loopback = settings.http.map(|address| tokio::spawn(serve_loopback(address, agent.answers())));
    let reloading = tokio::spawn(reloads);
    let showing = request.watch.then(|| tokio::spawn(live::show(agent.status())));
    info!(node = %settings.node, fleet = %settings.fleet, plans = %settings.source.display(), "runs");
    agent.run(stop).await;
    info!("stops; the containers go on");
    serving.abort();
    // The socket's file goes with the task.
    drop(serving.await);
    for task in showing.into_iter().chain(loopback).chain([reloading]) {
        task.abort();
    }
    Exit::Fine
}

/// Begins when Podman is there: it may come up after the agent.
async fn begin(settings: &Arc<Settings>) -> Result<Agent, CannotBegin> {
    let mut is_told = false;
    loop {
        match Agent::begin(settings).await {
            Err(CannotBegin::Podman(error)) if error.is_absence() => {
                if !is_told {
                    warn!(%error, "waits for Podman");
                }
                is_told = true;
                tokio::time::sleep(PAUSE).await;
            }
            ended => return ended,
        }
    }
}

/// SIGHUP is the word to look at everything anew. It is heard from the call on.
fn hear_reloads(reload: Arc<Notify>) -> impl Future<Output = ()> {
    let hangup = signal(SignalKind::hangup());
    async move {
        let Ok(mut hangup) = hangup else { return };
        while hangup.recv().await.is_some() {
            info!("looks at everything anew");
            reload.notify_one();
        }
    }
}

/// Ends with SIGTERM or Ctrl-C, which are heard from the call on.
fn stop_signal() -> impl Future<Output = ()> {
    let heard = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (mut terminate, mut interrupt) = match heard {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                error!(%error, "signals cannot be heard; only SIGKILL ends this agent");
                return std::future::pending().await;
            }
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
