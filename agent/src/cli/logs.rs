//! `wlagent logs`: what a container wrote.

use clap::Args;
use wlc_plan::name::ContainerName;

use super::{Exit, output};
use crate::{
    observed::{ObservedContainer, ObservedPod},
    plans::KnownContents,
    podman::{Podman, client::Client},
    settings::Settings,
};

/// Which lines of which container.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// A replica, or a workload with one replica here.
    name: String,
    /// Of the run before the newest one.
    #[arg(long)]
    previous: bool,
    /// How many lines at most.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    lines: u32,
    /// The container; needed where the pod has several.
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
}

/// Prints the lines.
pub(super) async fn logs(settings: &Settings, request: &Request) -> Exit {
    match read(settings, request).await {
        Ok(text) => {
            output::print(&text);
            Exit::Fine
        }
        Err(why) => output::fail(&why),
    }
}

async fn read(settings: &Settings, request: &Request) -> Result<String, String> {
    let contents = std::sync::Arc::new(KnownContents::default());
    let state = settings.fleet_state();
    let client = Client::connect(&settings.podman, &settings.fleet, &state, contents).await;
    let client = client.map_err(|error| error.to_string())?;
    let observed = client.observe().await.map_err(|error| error.to_string())?;
    let pod = choose_pod(&observed.pods, &request.name)?;
    let container = choose_container(pod, request)?;
    client.logs(&container.name, request.lines).await.map_err(|error| error.to_string())
}

fn choose_pod<'a>(pods: &'a [ObservedPod], name: &str) -> Result<&'a ObservedPod, String> {
    let means = |pod: &&ObservedPod| pod.replica.as_str() == name || pod.workload.as_str() == name;
    let mut found: Vec<_> = pods.iter().filter(means).collect();
    found.sort_by_key(|pod| (pod.replica.clone(), std::cmp::Reverse(pod.created)));
    found.dedup_by_key(|pod| &pod.replica);
    match found[..] {
        [] => Err(format!("no pod of a workload or replica `{name}` is on this node")),
        [pod] => Ok(pod),
        [..] => {
            let names: Vec<String> = found.iter().map(|pod| format!("`{}`", pod.replica)).collect();
            Err(format!("`{name}` has several replicas here, name one: {}", names.join(", ")))
        }
    }
}

fn choose_container<'a>(pod: &'a ObservedPod, request: &Request) -> Result<&'a ObservedContainer, String> {
    let mut names: Vec<&ContainerName> = pod.containers.iter().map(|one| &one.container).collect();
    names.dedup();
    let name = match (&request.container, &names[..]) {
        (Some(asked), _) => names.iter().find(|name| name.as_str() == asked).copied(),
        (None, [only]) => Some(*only),
        (None, []) => return Err(format!("`{}` has no container yet", pod.replica)),
        (None, [..]) => None,
    };
    let listed = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let name = name.ok_or_else(|| format!("name one of the containers of `{}`: {}", pod.replica, listed()))?;
    let mut attempts: Vec<_> = pod.containers.iter().filter(|one| one.container == *name).collect();
    attempts.sort_by_key(|one| std::cmp::Reverse(one.attempt));
    let chosen = attempts.get(usize::from(request.previous)).copied();
    chosen.ok_or_else(|| format!("`{name}` of `{}` has no run before this one", pod.replica))
}
