//! `wlc show NODE`: what a node must run, as people read it.

use std::net::SocketAddr;

use wlc_plan::{
    binding::PortBinding,
    instance::Instance,
    name::NodeName,
    node_plan::NodePlan,
    spec::{ContainerSpec, PodSpec, PortSpec, Protocol, Resources},
};

use super::{Done, FINE, Failure, Format, PROBLEMS, Place, output, project::Project};
use crate::{diagnostics::suggest, lock::store::Reading, words};

/// Shows what a node must run.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The node.
    node: String,
    /// How it is printed; JSON is the placement plan itself.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Show {
    pub(super) fn run(&self, place: &Place) -> Done {
        let project = Project::open(place, Reading::Healing)?;
        let Some(lowered) = &project.compiled.lowered else {
            project.report(self.format)?;
            return Ok(PROBLEMS);
        };
        let plans = &lowered.content.plans;
        let found = NodeName::parse(&self.node).ok().and_then(|node| plans.get(&node));
        let Some(plan) = found else {
            let hint = suggest::hint(&self.node, plans.keys().map(NodeName::as_str));
            return Err(Failure::new(PROBLEMS, format!("there is no node `{}`; {hint}", self.node)));
        };
        match self.format {
            Format::Json => output::result(&String::from_utf8_lossy(&plan.encode()))?,
            Format::Text => {
                let specs = lowered.content.specs.iter();
                let decoded = specs.filter_map(|(digest, bytes)| Some((*digest, serde_json::from_slice(bytes).ok()?)));
                output::result(&text(plan, &decoded.collect()))?;
            }
        }
        Ok(FINE)
    }
}

type Specs = std::collections::BTreeMap<wlc_plan::digest::Digest, PodSpec>;

fn text(plan: &NodePlan, specs: &Specs) -> String {
    let mut lines = vec![format!(
        "node {} of fleet {}: {}",
        plan.node,
        plan.fleet,
        words::counted(plan.instances.len(), "replica")
    )];
    for instance in &plan.instances {
        lines.push(String::new());
        lines.extend(instance_lines(instance, specs.get(&instance.spec.spec)));
    }
    lines.join("\n") + "\n"
}

fn instance_lines(instance: &Instance, spec: Option<&PodSpec>) -> Vec<String> {
    let Instance { replica, kind, spec: asked, binding, .. } = instance;
    let mut lines = vec![format!("{replica}  {}, revision {} ({})", kind.word(), asked.number, asked.revision.short())];
    for container in spec.iter().flat_map(|spec| &spec.containers) {
        lines.push(format!("  {}  {}{}", container.name, container.image.name, resources(&container.resources)));
        lines.extend(container.mounts.iter().map(|mount| format!("    mount {}", mount.path)));
        lines.extend(port_lines(container, instance));
    }
    lines.extend(binding.devices.iter().filter_map(|device| device.pci.as_ref()).map(|pci| format!("  device {pci}")));
    lines
}

fn port_lines(container: &ContainerSpec, instance: &Instance) -> Vec<String> {
    let line = |port: &PortSpec| {
        let bound = instance.binding.ports.iter().find(|one| one.container == container.name && one.port == port.name);
        let protocol = match port.protocol {
            Protocol::Tcp => "",
            Protocol::Udp => "/udp",
        };
        let host = bound.map(|bound| format!(" <- host port {}", host_port(bound))).unwrap_or_default();
        format!("    port {} {}{protocol}{host}", port.name, port.number)
    };
    container.ports.iter().map(line).collect()
}

fn host_port(bound: &PortBinding) -> String {
    let at = |number: u16| match bound.address {
        Some(address) => SocketAddr::new(address, number).to_string(),
        None => number.to_string(),
    };
    bound.host.all().map(at).collect::<Vec<_>>().join(", ")
}

fn resources(resources: &Resources) -> String {
    let Resources { cpu_request, cpu_limit, memory_request, memory_limit, huge_pages } = resources;
    let cpu = [("cpu", cpu_request), ("cpu at most", cpu_limit)];
    let memory = [("memory", memory_request), ("memory at most", memory_limit)];
    let cpu = cpu.iter().filter_map(|(word, amount)| amount.map(|amount| format!("{word} {amount}")));
    let memory = memory.iter().filter_map(|(word, amount)| amount.map(|amount| format!("{word} {amount}")));
    let pages = huge_pages.iter().map(|pages| format!("huge pages of {} {}", pages.page, pages.amount));
    let all: Vec<String> = cpu.chain(memory).chain(pages).collect();
    if all.is_empty() { String::new() } else { format!("  ({})", all.join(", ")) }
}
