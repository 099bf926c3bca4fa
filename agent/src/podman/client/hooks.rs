//! Runs hooks: commands in the container, requests to it, pauses.
//!
//! What a hook asks over HTTP is asked at the pod's address, or, where that cannot be reached, at the published port.

use std::{net::SocketAddr, time::Duration};

use tokio::time::{sleep, timeout};
use wlc_plan::{
    quantity::Millis,
    spec::{Hook, HttpProbe},
};

use super::{Client, LOOK, look::Inspected, make::folder_error};
use crate::{
    action::{HookCall, HookRun},
    observed::HookOutcome,
    podman::{
        Executed, PodmanError,
        raw::{Call, encoded},
    },
    probes::{
        http::{self, Scheme},
        verdict::Answer,
    },
};

/// How long a post-start hook may take. Kubernetes sets no limit; one that hangs would hold its replica up for ever.
const POST_START: Millis = Millis::from_seconds(600);
/// How often a pause looks whether its container has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl Client {
    /// Runs a post-start hook, and then notes how it ended: after a crash in between it runs again (S-339).
    pub(super) async fn run_post_start(&self, run: &HookRun) -> Result<(), PodmanError> {
        let Some(found) = self.own_container(&run.container).await?.filter(Inspected::is_up) else { return Ok(()) };
        let outcome = match self.call_hook(&found.id, &run.call, POST_START).await? {
            Ok(()) => HookOutcome::Done,
            Err(why) => HookOutcome::Failed(why),
        };
        let noted = self.records.note_hook(&run.pod, &run.container, &outcome);
        self.changes.notify_one();
        noted.map_err(|error| folder_error(run.pod.as_ref(), &error))
    }

    /// Runs a hook within its limit, in a container by its name or id; tells why it failed.
    pub(super) async fn call_hook(
        &self,
        container: &str,
        call: &HookCall,
        limit: Millis,
    ) -> Result<Result<(), String>, PodmanError> {
        match &call.hook {
            Hook::Exec(exec) => Ok(match self.execute(container, &exec.command, limit).await? {
                Executed::Ended { code: 0, .. } => Ok(()),
                Executed::Ended { code, output } => Err(format!("it ended with {code}: {output}")),
                Executed::TimedOut => Err(format!("it took longer than {limit}")),
                Executed::NotStarted(why) => Err(format!("it cannot be run: {why}")),
            }),
            Hook::Http(http) => self.ask_http(container, (call, http), Scheme::Http, limit).await,
            Hook::Https(http) => self.ask_http(container, (call, http), Scheme::Https, limit).await,
            Hook::Sleep(length) => {
                self.pause(container, Millis(length.0.min(limit.0))).await;
                Ok(Ok(()))
            }
        }
    }

    async fn ask_http(
        &self,
        container: &str,
        (call, http): (&HookCall, &HttpProbe),
        scheme: Scheme,
        limit: Millis,
    ) -> Result<Result<(), String>, PodmanError> {
        let Some(target) = self.target(container, call, http).await? else {
            return Ok(Err("its port cannot be reached from the node".to_owned()));
        };
        Ok(match http::ask(target, scheme, http, limit).await {
            Answer::Good => Ok(()),
            Answer::Bad(why) | Answer::Unheard(why) => Err(why),
        })
    }

    async fn target(
        &self,
        container: &str,
        call: &HookCall,
        http: &HttpProbe,
    ) -> Result<Option<SocketAddr>, PodmanError> {
        let Some(port) = call.port else { return Ok(None) };
        if let Some(host) = &http.host {
            let found = timeout(LOOK, tokio::net::lookup_host((host.as_str(), port))).await;
            return Ok(found.ok().and_then(Result::ok).and_then(|mut found| found.next()));
        }
        let Some(pod) = self.container(container).await?.map(|found| found.pod) else { return Ok(None) };
        let Some(pod) = self.pod(&pod).await? else { return Ok(None) };
        let infra = self.container(pod.infra()).await?;
        let is_root = rustix::process::geteuid().is_root();
        Ok(infra.and_then(|infra| if is_root { infra.at_address(port) } else { infra.at_published(port) }))
    }

    /// Waits; no longer than the container runs (S-338).
    async fn pause(&self, container: &str, length: Millis) {
        let ends = async {
            while self.container(container).await.ok().flatten().is_some_and(|found| found.is_up()) {
                sleep(LOOK_AGAIN).await;
            }
        };
        tokio::select! {
            () = sleep(length.duration()) => {}
            () = ends => {}
        }
    }

    /// Lets a frozen container go on; fine if it is not frozen, or not there.
    pub(super) async fn unpause_if_paused(&self, name: &str) -> Result<(), PodmanError> {
        let found = self.own_container(name).await?.filter(|container| container.state.status == "paused");
        let Some(found) = found else { return Ok(()) };
        let what = format!("let container {name} go on");
        let path = format!("/containers/{}/unpause", encoded(&found.id));
        self.raw.send(Call::post(&what, path, LOOK)).await?.done(&what)
    }
}
