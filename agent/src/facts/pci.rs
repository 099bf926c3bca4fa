//! PCI devices by vendor and class. The machine's own wiring - bridges, memory controllers, timers, sensors - is read
//! but not listed: nobody asks for it, and a server has hundreds of such functions.

use std::fmt;

use serde::{Serialize, Serializer};

use super::cpu_set::CpuSet;
use super::numa::NumaNode;
use super::pci_address::PciAddress;
use super::tree::Tree;

/// Where the kernel lists the devices.
pub(super) const FOLDER: &str = "sys/bus/pci/devices";

/// One function of a PCI device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PciDevice {
    /// Where it is.
    pub address: PciAddress,
    /// Who made it and what it is.
    pub id: Option<PciId>,
    /// What kind of device it is.
    pub class: Option<PciClass>,
    /// The NUMA node it hangs on.
    pub numa: Option<u32>,
    /// For a virtual function (SR-IOV), the physical one that it belongs to.
    pub virtual_of: Option<PciAddress>,
}

/// Vendor and device number. Printed as `10de:2335`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PciId {
    /// The vendor's number, given out by PCI-SIG.
    pub vendor: u16,
    /// The vendor's number for the device.
    pub device: u16,
}

/// Base class, sub-class and programming interface. Printed without the last, as `0302`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PciClass(u32);

impl PciClass {
    /// From the 24 bits of the configuration space.
    pub fn new(bits: u32) -> Option<Self> {
        (bits <= 0xff_ffff).then_some(Self(bits))
    }

    /// The base class: `0x03` is display.
    pub fn base(self) -> u32 {
        self.0 >> 16
    }

    /// Base class and sub-class: `0x0302` is a 3D controller.
    pub fn kind(self) -> u32 {
        self.0 >> 8
    }

    /// Memory controllers, bridges, base peripherals, signal processing (where performance counters are),
    /// instrumentation, and the SMBus.
    fn is_wiring(self) -> bool {
        matches!(self.base(), 0x05 | 0x06 | 0x08 | 0x11 | 0x13) || self.kind() == 0x0c05
    }
}

/// Reads all functions by address.
pub(super) fn read(tree: &Tree, numa: &[NumaNode]) -> Vec<PciDevice> {
    let addresses =
        tree.names(FOLDER).into_iter().filter_map(|name| PciAddress::parse(&name).map(|address| (address, name)));
    let mut devices: Vec<PciDevice> = addresses.map(|(address, name)| device(tree, address, &name, numa)).collect();
    devices.sort_by_key(|device| device.address);
    devices.dedup_by_key(|device| device.address);
    devices
}

/// The devices that are neither wiring nor a GPU, which is listed as such, nor without any known property.
pub(super) fn worth_listing(devices: Vec<PciDevice>, is_gpu: impl Fn(&PciDevice) -> bool) -> Vec<PciDevice> {
    let asked_for = |device: &PciDevice| match device.class {
        Some(class) => !class.is_wiring() && !is_gpu(device),
        None => device.id.is_some() && !is_gpu(device),
    };
    devices.into_iter().filter(asked_for).collect()
}

fn device(tree: &Tree, address: PciAddress, name: &str, numa: &[NumaNode]) -> PciDevice {
    let file = |file: &str| format!("{FOLDER}/{name}/{file}");
    let bits = |of: &str| tree.text(&file(of)).and_then(|text| u32::from_str_radix(text.strip_prefix("0x")?, 16).ok());
    let number = |of: &str| bits(of).and_then(|bits| u16::try_from(bits).ok());
    PciDevice {
        address,
        id: number("vendor").zip(number("device")).map(|(vendor, device)| PciId { vendor, device }),
        class: bits("class").and_then(PciClass::new),
        numa: match tree.text(&file("numa_node")) {
            Some(node) => node.parse().ok(),
            None => nearest_node(tree, name, numa),
        },
        virtual_of: tree.link_name(&file("physfn")).and_then(|link| PciAddress::parse(&link)),
    }
}

/// Where the kernel does not name the node: the only one that has all processors which are near the device.
fn nearest_node(tree: &Tree, name: &str, numa: &[NumaNode]) -> Option<u32> {
    let file = |file: &str| format!("{FOLDER}/{name}/{file}");
    let near = CpuSet::read(tree, &file("local_cpulist"), &file("local_cpus")).filter(|near| !near.is_empty())?;
    let mut nodes = numa.iter().filter(|node| near.is_within(&node.cpus));
    nodes.next().filter(|_| nodes.next().is_none()).map(|node| node.number)
}

impl fmt::Display for PciId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04x}:{:04x}", self.vendor, self.device)
    }
}

impl fmt::Display for PciClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04x}", self.kind())
    }
}

impl Serialize for PciId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for PciClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
