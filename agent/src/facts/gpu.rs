//! GPUs: the display controllers of NVIDIA, AMD and Intel, and AMD's accelerators without a display. A display chip of
//! another maker, as on every server board, is a PCI device and no GPU: it must not satisfy a request for one.

use serde::Serialize;
use wlc_plan::quantity::Bytes;

use super::nvidia_driver::NvidiaDriver;
use super::pci::{FOLDER, PciDevice, PciId};
use super::pci_address::PciAddress;
use super::text;
use super::tree::Tree;

/// One GPU.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gpu {
    /// Where it is.
    pub address: PciAddress,
    /// Who made it and what it is, as numbers.
    pub id: Option<PciId>,
    /// Who made it.
    pub vendor: GpuVendor,
    /// The model without the maker's name: `H200`.
    pub model: Option<String>,
    /// Its own memory.
    pub memory: Option<Bytes>,
    /// The NUMA node it hangs on.
    pub numa: Option<u32>,
    /// The maker's identifier, which stays when the card moves: `GPU-…`.
    pub uuid: Option<String>,
    /// The version of the driver.
    pub driver: Option<String>,
    /// Whether it is cut into instances (NVIDIA's MIG).
    pub mig: Option<Mig>,
}

/// Whose GPU it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GpuVendor {
    /// PCI vendor `10de`.
    Nvidia,
    /// PCI vendor `1002`.
    Amd,
    /// PCI vendor `8086`.
    Intel,
}

/// NVIDIA's multi-instance mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mig {
    /// The card is cut into instances and cannot be handed out as a whole.
    Enabled,
    /// The card is whole.
    Disabled,
}

impl GpuVendor {
    /// The name in the source.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nvidia => "nvidia",
            Self::Amd => "amd",
            Self::Intel => "intel",
        }
    }
}

/// The GPUs among `devices`, in their order.
pub(super) fn read(tree: &Tree, devices: &[PciDevice], driver: &NvidiaDriver) -> Vec<Gpu> {
    let gpus = devices.iter().filter_map(|device| vendor(device, driver).map(|vendor| (device, vendor)));
    gpus.map(|(device, vendor)| gpu(tree, device, vendor, driver)).collect()
}

/// Whose GPU `device` is; absent when it is none. A virtual function is a share of a GPU that counts already.
pub(super) fn vendor(device: &PciDevice, driver: &NvidiaDriver) -> Option<GpuVendor> {
    let class = device.class.filter(|_| device.virtual_of.is_none())?;
    let maker = match device.id {
        Some(id) => vendor_of(id)?,
        None => driver.card(device.address).map(|_| GpuVendor::Nvidia)?,
    };
    let is_gpu = match maker {
        GpuVendor::Nvidia | GpuVendor::Intel => class.base() == 0x03,
        GpuVendor::Amd => class.base() == 0x03 || class.kind() == 0x1200,
    };
    is_gpu.then_some(maker)
}

fn vendor_of(id: PciId) -> Option<GpuVendor> {
    match id.vendor {
        0x10de => Some(GpuVendor::Nvidia),
        0x1002 => Some(GpuVendor::Amd),
        0x8086 => Some(GpuVendor::Intel),
        _ => None,
    }
}

fn gpu(tree: &Tree, device: &PciDevice, vendor: GpuVendor, driver: &NvidiaDriver) -> Gpu {
    let mut gpu = Gpu {
        address: device.address,
        id: device.id,
        vendor,
        model: None,
        memory: None,
        numa: device.numa,
        uuid: None,
        driver: None,
        mig: None,
    };
    match vendor {
        GpuVendor::Nvidia => add_nvidia(&mut gpu, driver),
        GpuVendor::Amd => add_amd(&mut gpu, tree),
        GpuVendor::Intel => {}
    }
    gpu
}

fn add_nvidia(gpu: &mut Gpu, driver: &NvidiaDriver) {
    let Some(card) = driver.card(gpu.address) else { return };
    gpu.model = card.model.as_deref().and_then(model);
    gpu.memory = card.memory;
    gpu.uuid.clone_from(&card.uuid);
    gpu.driver.clone_from(&driver.version);
}

fn add_amd(gpu: &mut Gpu, tree: &Tree) {
    let file = |name: &str| format!("{FOLDER}/{}/{name}", gpu.address);
    gpu.memory = tree.number(&file("mem_info_vram_total")).filter(|bytes| *bytes > 0).map(Bytes);
    gpu.model = tree.text(&file("product_name")).as_deref().and_then(model);
    gpu.driver = tree.text("sys/module/amdgpu/version");
}

/// The model without the maker's name, which has its own place.
pub(super) fn model(name: &str) -> Option<String> {
    let name = text::clean(name)?;
    let short = ["NVIDIA ", "AMD ", "Intel "].iter().find_map(|maker| name.strip_prefix(maker));
    short.map(str::to_owned).or(Some(name))
}
