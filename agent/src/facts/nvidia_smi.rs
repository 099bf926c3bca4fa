//! The table that `nvidia-smi` prints of its cards, and how it completes what the kernel knows. Pure: the command is run
//! in `edges`.

use serde::Serialize;
use wlc_plan::quantity::Bytes;

use super::gpu::{Gpu, GpuVendor, Mig, model};
use super::nvidia_driver;
use super::pci_address::PciAddress;
use super::text;

/// The arguments that make `nvidia-smi` print the table that [`parse`] reads.
pub const ARGUMENTS: [&str; 2] =
    ["--query-gpu=pci.bus_id,uuid,name,memory.total,driver_version,mig.mode.current", "--format=csv,noheader,nounits"];

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SmiCard {
    /// Where the card is.
    pub address: PciAddress,
    /// `GPU-…`.
    pub uuid: Option<String>,
    /// The model without the maker's name.
    pub model: Option<String>,
    /// Its memory; the table has whole MiB.
    pub memory: Option<Bytes>,
    /// The version of the driver.
    pub driver: Option<String>,
    /// Whether the card is cut into instances.
    pub mig: Option<Mig>,
}

/// Reads the table. A line without an address is no card; a field such as `[N/A]` or `[Unknown Error]` is absent.
pub fn parse(output: &str) -> Vec<SmiCard> {
    output.lines().filter_map(parse_line).collect()
}

/// Completes the NVIDIA cards among `gpus`: what the table knows wins over what the kernel knows.
pub fn merge(cards: &[SmiCard], gpus: &mut [Gpu]) {
    for gpu in gpus.iter_mut().filter(|gpu| gpu.vendor == GpuVendor::Nvidia) {
        let Some(card) = cards.iter().find(|card| card.address == gpu.address) else { continue };
        gpu.uuid = card.uuid.clone().or(gpu.uuid.take());
        gpu.model = card.model.clone().or(gpu.model.take());
        gpu.memory = card.memory.or(gpu.memory);
        gpu.driver = card.driver.clone().or(gpu.driver.take());
        gpu.mig = card.mig.or(gpu.mig);
    }
}

fn parse_line(line: &str) -> Option<SmiCard> {
    let mut fields = line.split(',').map(known);
    let address = PciAddress::parse(&fields.next()??)?;
    let mut next = || fields.next().flatten();
    Some(SmiCard {
        address,
        uuid: next().and_then(nvidia_driver::uuid),
        model: next().as_deref().and_then(model),
        memory: next()
            .and_then(|mebibytes| mebibytes.parse::<u64>().ok()?.checked_mul(1 << 20))
            .filter(|bytes| *bytes > 0)
            .map(Bytes),
        driver: next(),
        mig: next().and_then(|mode| mig(&mode)),
    })
}

/// The field, unless it says in brackets why it has no value.
fn known(field: &str) -> Option<String> {
    text::clean(field).filter(|field| !field.starts_with('[') && field != "N/A" && field != "ERR!")
}

fn mig(mode: &str) -> Option<Mig> {
    match mode {
        "Enabled" => Some(Mig::Enabled),
        "Disabled" => Some(Mig::Disabled),
        _ => None,
    }
}
