//! A machine as `wlagent facts` found it. What is not known is absent.

use wlc_plan::{
    binding::{DeviceUuid, PciAddress},
    name::NodeName,
    quantity::{Bytes, Cpu},
};

use super::range::Speed;
use crate::{
    diagnostics::Problems,
    fields::{FromBlock, value::Whole},
    parallel,
    syntax::Block,
};

/// A count of cores, threads and the like.
pub type Count = Whole<0, 1_000_000>;

crate::block! {
    /// What a machine is, written by `wlagent facts` and never by hand.
    Facts "facts" ("") {
        /// The node.
        node: [required argument] NodeName, "node" ("");
        /// What replicas may use, before anything is reserved.
        capacity: [child] Capacity, "capacity" ("status.capacity");
        /// The processors.
        cpu: [child] CpuFacts, "cpu" ("");
        /// A NUMA node.
        numa: [children] Numa, "numa" ("");
        /// A graphics or compute card.
        gpus: [children] Gpu, "gpu" ("");
        /// A disk.
        disks: [children] Disk, "disk" ("");
        /// A network card.
        nics: [children] Nic, "nic" ("");
        /// Any other PCI device.
        pci: [children] Pci, "pci" ("");
        /// The release of the kernel.
        kernel: [optional property] String, "kernel" ("status.nodeInfo.kernelVersion");
        /// Podman.
        podman: [child] PodmanFacts, "podman" ("status.nodeInfo.containerRuntimeVersion");
        /// The agent.
        agent: [child] AgentFacts, "agent" ("status.nodeInfo.kubeletVersion");
        /// The digest of the machine's identity.
        machine: [optional property] String, "machine" ("status.nodeInfo.machineID");
    }

    /// What replicas may use, before anything is reserved.
    Capacity "capacity" ("status.capacity") {
        /// CPUs: hardware threads that are on line.
        cpu: [optional property] Cpu, "cpu" ("cpu");
        /// Memory.
        memory: [optional property] Bytes, "memory" ("memory");
        /// The file system that holds containers and volumes.
        storage: [optional property] Bytes, "storage" ("ephemeral-storage");
    }

    /// The processors of a machine.
    CpuFacts "cpu" ("") {
        /// The architecture, as the kernel names it.
        arch: [optional property] String, "arch" ("status.nodeInfo.architecture");
        /// The vendor, as the processor names it.
        vendor: [optional property] String, "vendor" ("");
        /// The model.
        model: [optional property] String, "model" ("");
        /// Cores.
        cores: [optional property] Count, "cores" ("");
        /// Hardware threads.
        threads: [optional property] Count, "threads" ("");
        /// Instruction set extensions, by the kernel's names.
        features: [list] String, "features" ("");
    }

    /// A NUMA node.
    Numa "numa" ("") {
        /// Its number.
        number: [required argument] Count, "number" ("");
        /// Its threads, such as `"0-15"`.
        cpus: [optional property] String, "cpus" ("");
        /// Its memory.
        memory: [optional property] Bytes, "memory" ("");
        /// The card whose own memory it is.
        gpu: [optional property] PciAddress, "gpu" ("");
    }

    /// A graphics or compute card.
    Gpu "gpu" ("") {
        /// Its PCI address.
        address: [required argument] PciAddress, "address" ("");
        /// PCI vendor and device, `10de:2335`.
        id: [optional property] String, "id" ("");
        /// The vendor: `nvidia`, `amd` or `intel`.
        vendor: [optional property] String, "vendor" ("");
        /// The model, as its driver names it.
        model: [optional property] String, "model" ("");
        /// Its memory.
        memory: [optional property] Bytes, "memory" ("");
        /// The NUMA node that it is nearest to.
        numa: [optional property] Count, "numa" ("");
        /// The identity that its vendor gave it.
        uuid: [optional property] DeviceUuid, "uuid" ("");
        /// The version of its driver.
        driver: [optional property] String, "driver" ("");
        /// Whether it is cut into instances of its own (MIG).
        mig: [flag] bool, "mig" ("");
    }

    /// A disk.
    Disk "disk" ("") {
        /// The kernel's name of it.
        name: [required argument] String, "name" ("");
        /// What kind of disk.
        kind: [optional property] String, "kind" ("");
        /// Its size.
        size: [optional property] Bytes, "size" ("");
        /// Its model.
        model: [optional property] String, "model" ("");
        /// Whether it is encrypted.
        encrypted: [flag] bool, "encrypted" ("");
    }

    /// A network card.
    Nic "nic" ("") {
        /// The kernel's name of it.
        name: [required argument] String, "name" ("");
        /// The speed of its link.
        speed: [optional property] Speed, "speed" ("");
        /// Its driver.
        driver: [optional property] String, "driver" ("");
        /// Its PCI address.
        address: [optional property] PciAddress, "address" ("");
        /// The NUMA node that it is nearest to.
        numa: [optional property] Count, "numa" ("");
    }

    /// Any other PCI device.
    Pci "pci" ("") {
        /// Its PCI address.
        address: [required argument] PciAddress, "address" ("");
        /// PCI vendor and device, `10de:2335`.
        id: [optional property] String, "id" ("");
        /// PCI class and subclass, four hexadecimal digits.
        class: [optional property] String, "class" ("");
        /// The NUMA node that it is nearest to.
        numa: [optional property] Count, "numa" ("");
        /// The device of which it is a virtual function.
        virtual_of: [optional property] PciAddress, "virtual-of" ("");
    }

    /// Podman on a machine.
    PodmanFacts "podman" ("") {
        /// Its version.
        version: [required argument] String, "version" ("");
        /// Whether it runs without root.
        rootless: [flag] bool, "rootless" ("");
        /// The version of the control groups, `v1` or `v2`.
        cgroups: [optional property] String, "cgroups" ("");
        /// The OCI runtime.
        runtime: [optional property] String, "runtime" ("");
    }

    /// The agent on a machine.
    AgentFacts "agent" ("") {
        /// Its version.
        version: [required argument] String, "version" ("");
        /// The newest format of plans that it reads.
        formats: [optional property] Count, "formats" ("");
    }
}

/// So many machines' facts are read before another thread would have begun.
const FACTS_FOR_A_THREAD: usize = 8;

/// The facts of one machine, read before their turn, and what is wrong with them.
pub(super) struct ReadFacts(Option<Facts>, Problems);

impl ReadFacts {
    /// The facts; what is wrong with them is told now.
    pub(super) fn take(self, problems: &mut Problems) -> Option<Facts> {
        problems.append(self.1);
        self.0
    }
}

/// Reads the facts among these blocks, of which large fleets have most: with several threads, since none depends on
/// another. What a template or an overlay has made is left for its turn.
pub(super) fn read_ahead(blocks: &[Block], problems: &Problems) -> Vec<Option<ReadFacts>> {
    let is_meant = |block: &&Block| {
        block.word.value == Facts::SCHEMA.word && problems.origins().get(block.word.span.file).is_none()
    };
    let count = blocks.iter().filter(is_meant).count();
    parallel::map(blocks, (count, FACTS_FOR_A_THREAD), |block| {
        Some(block).filter(is_meant).map(|block| {
            let mut problems = Problems::default();
            let facts = Facts::from_block(block, &mut problems);
            ReadFacts(facts, problems)
        })
    })
}
