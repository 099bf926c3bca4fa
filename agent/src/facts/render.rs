//! A machine as the `facts` block of the source. One line for each thing, in a fixed order, so that a change of the
//! machine is a small difference of the file.

use super::cpu::Cpu;
use super::disk::{Disk, Encryption};
use super::gpu::{Gpu, Mig};
use super::line::Line;
use super::nic::Nic;
use super::numa::NumaNode;
use super::pci::PciDevice;
use super::{Machine, text};

/// What the Podman of a machine is, as its socket told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodmanFacts {
    /// The version, `4.3.1`.
    pub version: String,
    /// Whether it runs without root.
    pub rootless: bool,
    /// The version of control groups that it uses.
    pub cgroups: Cgroups,
    /// The name of the OCI runtime, `crun`.
    pub runtime: String,
}

/// The version of control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cgroups {
    /// One hierarchy for each controller.
    V1,
    /// One hierarchy.
    V2,
}

/// What the agent of a machine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFacts {
    /// The version, `0.1.0`.
    pub version: String,
    /// The newest format of plans that it reads.
    pub formats: u32,
}

impl Cgroups {
    /// The name in the source.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

/// The whole file `nodes/<node>.facts.kdl`. Without an answer of Podman its line is absent.
pub fn render(node: &str, machine: &Machine, podman: Option<&PodmanFacts>, agent: &AgentFacts) -> String {
    let mut lines = vec![capacity(machine), cpu(&machine.cpu)];
    lines.extend(machine.numa.iter().map(numa));
    lines.extend(machine.gpus.iter().map(gpu));
    lines.extend(machine.pci.iter().map(pci));
    lines.extend(machine.disks.iter().map(disk));
    lines.extend(machine.nics.iter().map(nic));
    lines.push(machine.kernel.as_deref().and_then(|release| Line::new("kernel").argument(release).finish()));
    lines.push(podman.and_then(self::podman));
    lines.push(self::agent(agent));
    lines.push(machine.machine.and_then(|digest| Line::new("machine").argument(&format!("sha256:{digest}")).finish()));
    let body: String = lines.into_iter().flatten().map(|line| format!("    {line}\n")).collect();
    let head = Line::new("facts").argument(node).finish().unwrap_or_default();
    format!("// Written by `wlagent facts`, never edited by hand.\n{head} {{\n{body}}}\n")
}

fn capacity(machine: &Machine) -> Option<String> {
    let line = Line::new("capacity").number("cpu", machine.cpu.threads);
    line.property("memory", machine.memory).property("storage", machine.storage).finish()
}

pub(super) fn cpu(cpu: &Cpu) -> Option<String> {
    Line::new("cpu")
        .property("arch", cpu.arch.as_ref())
        .property("vendor", cpu.vendor.as_ref())
        .property("model", cpu.model.as_ref())
        .number("cores", cpu.cores)
        .number("threads", cpu.threads)
        .child("features", &cpu.features)
        .finish()
}

fn numa(node: &NumaNode) -> Option<String> {
    let cpus = (!node.cpus.is_empty()).then_some(&node.cpus);
    Line::new("numa")
        .number_argument(node.number)
        .property("cpus", cpus)
        .property("memory", node.memory)
        .property("gpu", node.gpu)
        .finish()
}

pub(super) fn gpu(gpu: &Gpu) -> Option<String> {
    Line::new("gpu")
        .argument(&gpu.address.to_string())
        .property("id", gpu.id)
        .property("vendor", Some(gpu.vendor.as_str()))
        .property("model", gpu.model.as_ref())
        .property("memory", gpu.memory)
        .number("numa", gpu.numa)
        .property("uuid", gpu.uuid.as_ref())
        .property("driver", gpu.driver.as_ref())
        .flag("mig", (gpu.mig == Some(Mig::Enabled)).then_some(true))
        .finish()
}

fn pci(device: &PciDevice) -> Option<String> {
    Line::new("pci")
        .argument(&device.address.to_string())
        .property("id", device.id)
        .property("class", device.class)
        .number("numa", device.numa)
        .property("virtual-of", device.virtual_of)
        .finish()
}

pub(super) fn disk(disk: &Disk) -> Option<String> {
    Line::new("disk")
        .argument(&disk.name)
        .property("kind", disk.kind.map(|kind| kind.as_str()))
        .property("size", Some(disk.size))
        .property("model", disk.model.as_ref())
        .flag("encrypted", (disk.encryption == Encryption::DmCrypt).then_some(true))
        .finish()
}

pub(super) fn nic(nic: &Nic) -> Option<String> {
    Line::new("nic").argument(&nic.name).property("speed", nic.speed).property("driver", nic.driver.as_ref()).finish()
}

/// Podman is another program: what it says of itself is checked like any foreign text.
fn podman(podman: &PodmanFacts) -> Option<String> {
    Line::new("podman")
        .argument(&text::clean(&podman.version)?)
        .flag("rootless", Some(podman.rootless))
        .property("cgroups", Some(podman.cgroups.as_str()))
        .property("runtime", text::clean(&podman.runtime))
        .finish()
}

fn agent(agent: &AgentFacts) -> Option<String> {
    Line::new("agent").argument(&agent.version).number("formats", Some(agent.formats)).finish()
}
