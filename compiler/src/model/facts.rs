//! A machine as `wlagent facts` found it. What is not known is absent.

use std::collections::BTreeMap;

use smol_str::SmolStr;
use wlc_plan::{
    binding::{DeviceUuid, PciAddress},
    name::NodeName,
    quantity::{Bytes, Cpu},
};

use super::range::Speed;
use crate::{
    cache::kept,
    diagnostics::Problems,
    fields::{FromBlock, value::Whole},
    span::{Span, Spanned},
    syntax::{Block, Scalar},
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
        numa: [checked] Numa, "numa" ("");
        /// A graphics or compute card.
        gpus: [children] Gpu, "gpu" ("");
        /// A disk.
        disks: [children] Disk, "disk" ("");
        /// A network card.
        nics: [children] Nic, "nic" ("");
        /// Any other PCI device.
        pci: [checked] Pci, "pci" ("");
        /// The release of the kernel.
        kernel: [optional property] SmolStr, "kernel" ("status.nodeInfo.kernelVersion");
        /// Podman.
        podman: [child] PodmanFacts, "podman" ("status.nodeInfo.containerRuntimeVersion");
        /// The agent.
        agent: [child] AgentFacts, "agent" ("status.nodeInfo.kubeletVersion");
        /// The digest of the machine's identity.
        machine: [optional property] SmolStr, "machine" ("status.nodeInfo.machineID");
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
        arch: [optional property] SmolStr, "arch" ("status.nodeInfo.architecture");
        /// The vendor, as the processor names it.
        vendor: [optional property] SmolStr, "vendor" ("");
        /// The model.
        model: [optional property] SmolStr, "model" ("");
        /// Cores.
        cores: [optional property] Count, "cores" ("");
        /// Hardware threads.
        threads: [optional property] Count, "threads" ("");
        /// Instruction set extensions, by the kernel's names.
        features: [list] SmolStr, "features" ("");
    }

    /// A NUMA node.
    Numa "numa" ("") {
        /// Its number.
        number: [required argument] Count, "number" ("");
        /// Its threads, such as `"0-15"`.
        cpus: [optional property] SmolStr, "cpus" ("");
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
        id: [optional property] SmolStr, "id" ("");
        /// The vendor: `nvidia`, `amd` or `intel`.
        vendor: [optional property] SmolStr, "vendor" ("");
        /// The model, as its driver names it.
        model: [optional property] SmolStr, "model" ("");
        /// Its memory.
        memory: [optional property] Bytes, "memory" ("");
        /// The NUMA node that it is nearest to.
        numa: [optional property] Count, "numa" ("");
        /// The identity that its vendor gave it.
        uuid: [optional property] DeviceUuid, "uuid" ("");
        /// The version of its driver.
        driver: [optional property] SmolStr, "driver" ("");
        /// Whether it is cut into instances of its own (MIG).
        mig: [flag] bool, "mig" ("");
    }

    /// A disk.
    Disk "disk" ("") {
        /// The kernel's name of it.
        name: [required argument] SmolStr, "name" ("");
        /// What kind of disk.
        kind: [optional property] SmolStr, "kind" ("");
        /// Its size.
        size: [optional property] Bytes, "size" ("");
        /// Its model.
        model: [optional property] SmolStr, "model" ("");
        /// Whether it is encrypted.
        encrypted: [flag] bool, "encrypted" ("");
    }

    /// A network card.
    Nic "nic" ("") {
        /// The kernel's name of it.
        name: [required argument] SmolStr, "name" ("");
        /// The speed of its link.
        speed: [optional property] Speed, "speed" ("");
        /// Its driver.
        driver: [optional property] SmolStr, "driver" ("");
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
        id: [optional property] SmolStr, "id" ("");
        /// PCI class and subclass, four hexadecimal digits.
        class: [optional property] SmolStr, "class" ("");
        /// The NUMA node that it is nearest to.
        numa: [optional property] Count, "numa" ("");
        /// The device of which it is a virtual function.
        virtual_of: [optional property] PciAddress, "virtual-of" ("");
    }

    /// Podman on a machine.
    PodmanFacts "podman" ("") {
        /// Its version.
        version: [required argument] SmolStr, "version" ("");
        /// Whether it runs without root.
        rootless: [flag] bool, "rootless" ("");
        /// The version of the control groups, `v1` or `v2`.
        cgroups: [optional property] SmolStr, "cgroups" ("");
        /// The OCI runtime.
        runtime: [optional property] SmolStr, "runtime" ("");
    }

    /// The agent on a machine.
    AgentFacts "agent" ("") {
        /// Its version.
        version: [required argument] SmolStr, "version" ("");
        /// The newest format of plans that it reads.
        formats: [optional property] Count, "formats" ("");
    }
}

kept! {
    Facts { node, capacity, cpu, numa, gpus, disks, nics, pci, kernel, podman, agent, machine }
    Capacity { cpu, memory, storage }
    CpuFacts { arch, vendor, model, cores, threads, features }
    Gpu { address, id, vendor, model, memory, numa, uuid, driver, mig }
    Disk { name, kind, size, model, encrypted }
    Nic { name, speed, driver, address, numa }
    PodmanFacts { version, rootless, cgroups, runtime }
    AgentFacts { version, formats }
}

/// The facts of machines, read before their turn, by the place of each block's word. Large fleets are mostly facts, which
/// depend on nothing: whoever reads a file reads its facts at once and lets go of what they were written as.
#[derive(Debug, Default)]
pub struct EarlyFacts(BTreeMap<Span, (Option<Box<Facts>>, Problems)>);

impl Facts {
    /// The block without what stands inside it, as machines write it.
    fn head(&self) -> Block {
        let word = Self::SCHEMA.word.to_owned();
        let end = self.span.start.saturating_add(u32::try_from(word.len()).unwrap_or_default());
        Block {
            word: Spanned::new(word, Span { end, ..self.span }),
            arguments: vec![Spanned::new(Scalar::from(self.node.value.as_str()), self.node.span)],
            properties: Vec::new(),
            children: Vec::new(),
            span: self.span,
            extent: self.extent,
        }
    }
}

impl EarlyFacts {
    /// Reads the facts among the blocks of a file and leaves of each block what names it. Where values are missing that
    /// only a template could give, the block is left for its turn, at which that is reported.
    pub(crate) fn take_out_of(blocks: &mut [Block]) -> Self {
        let is_meant = |block: &&mut Block| block.word.value == Facts::SCHEMA.word && !block.has_references();
        let read = blocks.iter_mut().filter(is_meant).map(|block| {
            let mut problems = Problems::default();
            let facts = Facts::from_block(block, &mut problems).map(Box::new);
            block.children = Vec::new();
            (block.word.span, (facts, problems))
        });
        Self(read.collect())
    }

    /// The facts of a file that holds nothing but a machine's, as [`Self::take_out_of`] leaves them, if nothing is to be
    /// said of them and the block that is left of them says no more than they do.
    pub(crate) fn only(&self, blocks: &[Block]) -> Option<&Facts> {
        let (Some((_, (Some(facts), problems))), [block]) = (self.0.first_key_value(), blocks) else { return None };
        (problems.is_empty() && *block == facts.head()).then_some(facts)
    }

    /// Facts that are known, and what would be left of their block.
    pub(crate) fn known(facts: Facts) -> (Vec<Block>, Self) {
        let head = facts.head();
        let early = Self(BTreeMap::from([(head.word.span, (Some(Box::new(facts)), Problems::default()))]));
        (vec![head], early)
    }

    /// Takes those of another file in addition.
    pub(crate) fn append(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The facts of a block, whose turn it is; what is wrong with them is told now.
    pub(super) fn read(&mut self, block: &Block, problems: &mut Problems) -> Option<Box<Facts>> {
        match self.0.remove(&block.word.span) {
            Some((facts, found)) => {
                problems.append(found);
                facts
            }
            None => Facts::from_block(block, problems).map(Box::new),
        }
    }
}
