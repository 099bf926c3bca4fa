//! The address of a PCI function. The kernel writes at least four digits of domain, `nvidia-smi` always eight.

use std::fmt;

use serde::{Serialize, Serializer};

/// Domain, bus, device and function. Printed as the kernel does: `0000:17:00.0`, `10000:00:04.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PciAddress {
    domain: u32,
    bus: u8,
    device: u8,
    function: u8,
}

impl PciAddress {
    /// Reads an address with four to eight digits of domain, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let (place, function) = text.split_once('.')?;
        let mut parts = place.split(':');
        let (domain, bus, device) = (parts.next()?, parts.next()?, parts.next()?);
        let shape = (4..=8).contains(&domain.len()) && bus.len() == 2 && device.len() == 2 && function.len() == 1;
        if !shape || parts.next().is_some() {
            return None;
        }
        let address =
            Self { domain: digits(domain)?, bus: byte(bus)?, device: byte(device)?, function: byte(function)? };
        (address.device < 32 && address.function < 8).then_some(address)
    }
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(text, 16).ok())?
}

fn byte(text: &str) -> Option<u8> {
    u8::try_from(digits(text)?).ok()
}

impl fmt::Display for PciAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04x}:{:02x}:{:02x}.{:x}", self.domain, self.bus, self.device, self.function)
    }
}

impl Serialize for PciAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
