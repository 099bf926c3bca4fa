//! What a machine is: its hardware and system, read below a root folder and written as a `facts` block.
//!
//! `read` turns the files of `/sys`, `/proc` and `/etc` below any root into a [`Machine`]; a captured tree gives the same
//! facts as the machine it was taken from. What cannot be read, or reads as garbage, is absent: only a root that is no
//! folder is an error. This room touches files: `tree` is the one place that reads them, `edges` runs `nvidia-smi` and
//! asks for the size of a file system. Everything else here is a function from text to values.

mod arm;
mod cpu;
mod cpu_info;
mod cpu_set;
mod disk;
mod edges;
mod gpu;
mod kernel;
mod line;
mod memory;
mod needs;
mod nic;
mod numa;
mod nvidia_driver;
pub mod nvidia_smi;
mod pci;
mod pci_address;
mod render;
mod text;
mod tree;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::Serialize;
use wlc_plan::digest::Digest;
use wlc_plan::quantity::Bytes;

pub use cpu::Cpu;
pub use cpu_set::CpuSet;
pub use disk::{Disk, DiskKind, Encryption};
pub use edges::{NvidiaSmiError, SMI_TIME_LIMIT, run_nvidia_smi, storage_size};
pub use gpu::{Gpu, GpuVendor, Mig};
pub use needs::{Unmet, unmet};
pub use nic::{LinkSpeed, Nic};
pub use numa::NumaNode;
pub use pci::{PciClass, PciDevice, PciId};
pub use pci_address::PciAddress;
pub use render::{AgentFacts, Cgroups, PodmanFacts, render};

use tree::Tree;

/// The hardware and system of one machine. What is not known is absent; nothing in it changes while the machine stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// The processors that are online.
    pub cpu: Cpu,
    /// The memory that the kernel manages, without the memory that a GPU lends to it.
    pub memory: Option<Bytes>,
    /// The size of the file system that holds the agent's state. Not read below the root: [`collect`] asks for it.
    pub storage: Option<Bytes>,
    /// The NUMA nodes, by number.
    pub numa: Vec<NumaNode>,
    /// The GPUs of NVIDIA, AMD and Intel, by address.
    pub gpus: Vec<Gpu>,
    /// The other PCI devices that a workload may want, by address.
    pub pci: Vec<PciDevice>,
    /// The whole disks, by name.
    pub disks: Vec<Disk>,
    /// The physical network interfaces, by name.
    pub nics: Vec<Nic>,
    /// The release of the kernel, as `uname -r` prints it.
    pub kernel: Option<String>,
    /// The digest of `wlc machine`, a line feed, and the machine-id.
    pub machine: Option<Digest>,
}

/// Why a machine could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// The root is missing, no folder, or closed to us.
    #[error("cannot read facts below `{}`", path.display())]
    Root {
        /// The root that was given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file system of the state folder does not say its size.
    #[error("cannot tell the size of the file system of `{}`", path.display())]
    Storage {
        /// The state folder that was given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Reads the machine whose `/sys`, `/proc` and `/etc` lie below `root`, and touches nothing else.
///
/// # Errors
/// [`FactsError::Root`] when `root` is no folder. Whatever is missing or broken below it is absent from the result.
pub fn read(root: &Path) -> Result<Machine, FactsError> {
    let tree = Tree::open(root).map_err(|source| FactsError::Root { path: root.to_owned(), source })?;
    let kernel = kernel::release(&tree);
    let online = cpu::online(&tree);
    let driver = nvidia_driver::read(&tree);
    let numa = numa::read(&tree, &online, &driver);
    let pci = pci::read(&tree, &numa);
    Ok(Machine {
        cpu: cpu::read(&tree, &online, kernel.as_deref()),
        memory: memory::read(&tree, &numa),
        storage: None,
        gpus: gpu::read(&tree, &pci, &driver),
        pci: pci::worth_listing(pci, |device| gpu::vendor(device, &driver).is_some()),
        numa,
        disks: disk::read(&tree),
        nics: nic::read(&tree),
        kernel,
        machine: kernel::machine_digest(&tree),
    })
}

/// Reads this machine: [`read`], the size of the file system of `state_folder`, and what `nvidia-smi` knows.
///
/// `nvidia-smi` runs only where `root` is `/` and an NVIDIA GPU was found. When it fails, that is one warning in the log
/// and what only it knows stays absent.
///
/// # Errors
/// Those of [`read`], and [`FactsError::Storage`].
pub fn collect(root: &Path, state_folder: &Path) -> Result<Machine, FactsError> {
    let mut machine = read(root)?;
    let storage = |source| FactsError::Storage { path: state_folder.to_owned(), source };
    machine.storage = Some(storage_size(state_folder).map_err(storage)?);
    if root == Path::new("/") && machine.gpus.iter().any(|gpu| gpu.vendor == GpuVendor::Nvidia) {
        match run_nvidia_smi(Path::new("nvidia-smi"), SMI_TIME_LIMIT) {
            Ok(output) => nvidia_smi::merge(&nvidia_smi::parse(&output), &mut machine.gpus),
            Err(error) => tracing::warn!(%error, "nvidia-smi does not answer: facts of NVIDIA GPUs stay incomplete"),
        }
    }
    Ok(machine)
}
