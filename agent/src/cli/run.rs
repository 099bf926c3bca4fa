//! `wlagent run`: the service.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

use super::{Exit, apply, live, output};
use crate::{
    agent::Agent,
    settings::Settings,
    status::serve::{StatusSocket, serve_loopback},
};

/// Runs until SIGTERM or Ctrl-C; the containers go on.
pub(super) async fn run(settings: &Arc<Settings>, watch: bool) -> Exit {
    let mut agent = match Agent::begin(settings).await {
        Ok(agent) => agent,
        Err(error) => return apply::cannot_begin(&error),
    };
    let socket = match StatusSocket::open(&settings.listen) {
        Ok(socket) => socket,
        Err(error) => return output::fail(&format!("cannot listen at {}: {error}", settings.listen.display())),
    };
    let serving = tokio::spawn(socket.serve(agent.answers()));
    let loopback = settings.http.map(|address| tokio::spawn(serve_loopback(address, agent.answers())));
    let showing = watch.then(|| tokio::spawn(live::show(agent.status())));
    info!(node = %settings.node, fleet = %settings.fleet, plans = %settings.source.display(), "runs");
    agent.run(stop_signal()).await;
    info!("stops; the containers go on");
    serving.abort();
    // The socket's file goes with the task.
    drop(serving.await);
    for task in showing.into_iter().chain(loopback) {
        task.abort();
    }
    Exit::Fine
}

async fn stop_signal() {
    let (mut terminate, mut interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
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
