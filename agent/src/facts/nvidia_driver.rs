//! What NVIDIA's driver says of its cards in `/proc/driver/nvidia`: enough to name a card where `nvidia-smi` cannot run,
//! and the only place that says which NUMA node is a card's own memory.

use std::collections::BTreeMap;

use wlc_plan::quantity::Bytes;

use super::pci_address::PciAddress;
use super::text;
use super::tree::Tree;

const FOLDER: &str = "proc/driver/nvidia/gpus";

/// The driver and its cards.
#[derive(Debug, Default)]
pub(super) struct NvidiaDriver {
    /// The version of the loaded module.
    pub(super) version: Option<String>,
    cards: BTreeMap<PciAddress, NvidiaCard>,
}

/// One card as the driver sees it.
#[derive(Debug, Default)]
pub(super) struct NvidiaCard {
    /// The whole name.
    pub(super) model: Option<String>,
    /// `GPU-…`; absent until the card has been opened once.
    pub(super) uuid: Option<String>,
    /// Known here only for memory that is a NUMA node.
    pub(super) memory: Option<Bytes>,
    node: Option<u32>,
}

impl NvidiaDriver {
    /// The card at `address`.
    pub(super) fn card(&self, address: PciAddress) -> Option<&NvidiaCard> {
        self.cards.get(&address)
    }

    /// The card whose memory is the NUMA node `number`.
    pub(super) fn gpu_of_node(&self, number: u32) -> Option<PciAddress> {
        self.cards.iter().find(|(_, card)| card.node == Some(number)).map(|(address, _)| *address)
    }
}

/// Reads the driver's files; without the driver there is no card.
pub(super) fn read(tree: &Tree) -> NvidiaDriver {
    let named =
        tree.names(FOLDER).into_iter().filter_map(|name| PciAddress::parse(&name).map(|address| (address, name)));
    let cards = named.map(|(address, name)| (address, card(tree, &name))).collect();
    NvidiaDriver { version: tree.text("sys/module/nvidia/version"), cards }
}

fn card(tree: &Tree, name: &str) -> NvidiaCard {
    let information = tree.document(&format!("{FOLDER}/{name}/information")).unwrap_or_default();
    let numa = tree.document(&format!("{FOLDER}/{name}/numa_status")).unwrap_or_default();
    let is_online = text::value(&numa, "Status").as_deref() == Some("online");
    NvidiaCard {
        model: text::value(&information, "Model").filter(|model| model != "Unknown"),
        uuid: text::value(&information, "GPU UUID").and_then(uuid),
        memory: text::value(&numa, "Size")
            .and_then(|size| u64::from_str_radix(&size, 16).ok())
            .filter(|size| *size > 0)
            .map(Bytes),
        node: text::value(&numa, "Node").and_then(|node| node.parse().ok()).filter(|_| is_online),
    }
}

/// NVIDIA's identifier: `GPU-` and letters, digits and hyphens. A card that was never opened shows question marks.
pub(super) fn uuid(text: String) -> Option<String> {
    let is_whole = text.starts_with("GPU-") && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_whole && text.len() <= 128).then_some(text)
}
