//! Physical network interfaces. Bridges, bonds, VLANs, tunnels and pairs have no device behind them; virtual functions and
//! the switch ports that stand for them do, but are no interface of their own: they are listed as PCI devices.

use std::fmt;

use serde::{Serialize, Serializer};

use super::tree::Tree;

const FOLDER: &str = "sys/class/net";

/// One physical interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nic {
    /// The kernel's name, `eth0`.
    pub name: String,
    /// The speed of the link; absent while it is down.
    pub speed: Option<LinkSpeed>,
    /// The kernel's driver.
    pub driver: Option<String>,
}

/// The speed of a link in megabits each second, as the kernel counts it. Printed in the largest unit that divides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkSpeed(pub u32);

/// Reads the interfaces by name.
pub(super) fn read(tree: &Tree) -> Vec<Nic> {
    tree.names(FOLDER).into_iter().filter(|name| is_physical(tree, name)).map(|name| nic(tree, name)).collect()
}

fn is_physical(tree: &Tree, name: &str) -> bool {
    let port = tree.text(&format!("{FOLDER}/{name}/phys_port_name")).unwrap_or_default();
    let stands_for_function = port.starts_with("pf") && (port.contains("vf") || port.contains("sf"));
    tree.has(&format!("{FOLDER}/{name}/device"))
        && !tree.has(&format!("{FOLDER}/{name}/device/physfn"))
        && !stands_for_function
}

fn nic(tree: &Tree, name: String) -> Nic {
    let is_up = tree.text(&format!("{FOLDER}/{name}/operstate")).as_deref() == Some("up");
    let speed = tree.text(&format!("{FOLDER}/{name}/speed")).and_then(|speed| speed.parse::<i32>().ok());
    Nic {
        speed: speed.and_then(|speed| u32::try_from(speed).ok()).filter(|speed| is_up && *speed > 0).map(LinkSpeed),
        driver: tree.link_name(&format!("{FOLDER}/{name}/device/driver")),
        name,
    }
}

impl fmt::Display for LinkSpeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1_000) {
            write!(formatter, "{}Gbps", self.0 / 1_000)
        } else {
            write!(formatter, "{}Mbps", self.0)
        }
    }
}

impl Serialize for LinkSpeed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
