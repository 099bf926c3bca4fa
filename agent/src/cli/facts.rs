//! `wlagent facts`: this machine as a `facts` block.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use wlc_plan::{format::Format, name::NodeName};

use super::{Exit, output};
use crate::{
    facts::{AgentFacts, Cgroups, PodmanFacts, collect, render},
    podman::raw::{Call, Raw},
    settings::{DEFAULT_FILE, Settings, default_podman, host_name},
};

const LIMIT: Duration = Duration::from_secs(10);

/// What Podman says about itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    host: Host,
    version: Version,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Host {
    cgroup_version: String,
    oci_runtime: Runtime,
    security: Security,
}

#[derive(Deserialize)]
struct Runtime {
    name: String,
}

#[derive(Deserialize)]
struct Security {
    rootless: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
}

/// Prints the facts. Works without a config; a config that is named and wrong is a fault.
pub(super) async fn facts(config: &Path, node: Option<NodeName>) -> Exit {
    let is_needed = config != Path::new(DEFAULT_FILE);
    let settings = match Settings::read(config) {
        Ok(settings) => Some(settings),
        Err(error) if is_needed => {
            output::fail(&error.to_string());
            return Exit::Usage;
        }
        Err(_) => None,
    };
    let own_name = || host_name().and_then(|name| NodeName::parse(&name).ok());
    let node = node.or_else(|| settings.as_ref().map(|settings| settings.node.clone())).or_else(own_name);
    let Some(node) = node else {
        output::fail("the host name is no node's name: say --node NAME");
        return Exit::Usage;
    };
    let socket = settings.as_ref().map_or_else(default_podman, |settings| settings.podman.clone());
    let state = settings.map_or_else(|| PathBuf::from("/var/lib"), |settings| settings.state);
    let existing = state.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let machine = match collect(Path::new("/"), existing) {
        Ok(machine) => machine,
        Err(error) => return output::fail(&error.to_string()),
    };
    let podman = ask_podman(&socket).await;
    if let Err(why) = &podman {
        output::note(&format!("wlagent: no line about Podman: {why}"));
    }
    let agent = AgentFacts { version: env!("CARGO_PKG_VERSION").to_owned(), formats: Format::NEWEST.number() };
    output::print(&render(node.as_str(), &machine, podman.ok().as_ref(), &agent));
    Exit::Fine
}

async fn ask_podman(socket: &Path) -> Result<PodmanFacts, String> {
    let what = "describe itself";
    let reply = Raw::new(socket.to_owned()).send(Call::get(what, "/info".to_owned(), LIMIT)).await;
    let info: Info = reply.and_then(|reply| reply.json(what)).map_err(|error| error.to_string())?;
    let cgroups = if info.host.cgroup_version == "v2" { Cgroups::V2 } else { Cgroups::V1 };
    let rootless = info.host.security.rootless;
    Ok(PodmanFacts { version: info.version.version, rootless, cgroups, runtime: info.host.oci_runtime.name })
}
