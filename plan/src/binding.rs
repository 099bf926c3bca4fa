//! Bindings: what placement gave an instance on its node. Host ports, devices, cores.
//!
//! A binding is no part of the revision: another binding replaces the pod, but makes no new revision.

use std::{collections::BTreeSet, fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::{
    canonical,
    digest::Digest,
    name::{AbsolutePath, ContainerName, PortName},
    spec::Protocol,
};

/// What placement gave an instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// Host ports, sorted by container and port.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortBinding>,
    /// Devices, sorted by container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceBinding>,
    /// Whole cores that are this instance's own.
    #[serde(default, skip_serializing_if = "CoreSet::is_empty")]
    pub cores: CoreSet,
    /// NUMA nodes whose memory alone it uses.
    #[serde(default, skip_serializing_if = "CoreSet::is_empty")]
    pub numa: CoreSet,
}

/// A port of the node that leads to a port of a container. Kubernetes: `ports[].hostPort`, `ports[].hostIP`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortBinding {
    /// The container.
    pub container: ContainerName,
    /// Its port.
    pub port: PortName,
    /// The port's protocol.
    pub protocol: Protocol,
    /// The address of the node that listens; none: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The host port, or two of them.
    pub host: HostPorts,
}

/// One host port, or two that a replica with a surge copy uses in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Vec<u16>", into = "Vec<u16>")]
pub enum HostPorts {
    /// Always the same.
    One(u16),
    /// Used in turn: the new pod takes the one that the old pod does not hold.
    Two(u16, u16),
}

/// Which of two host ports a pod uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// The first port; the only one where there is no second.
    First,
    /// The second port.
    Second,
}

impl HostPorts {
    /// The port of this turn.
    pub fn at(self, turn: Turn) -> u16 {
        match (self, turn) {
            (Self::One(port) | Self::Two(port, _), Turn::First) | (Self::One(port), Turn::Second) => port,
            (Self::Two(_, port), Turn::Second) => port,
        }
    }

    /// All ports that are set aside.
    pub fn all(self) -> impl Iterator<Item = u16> {
        let (first, second) = match self {
            Self::One(port) => (port, None),
            Self::Two(first, second) => (first, Some(second)),
        };
        std::iter::once(first).chain(second)
    }
}

impl TryFrom<Vec<u16>> for HostPorts {
    type Error = &'static str;
    fn try_from(ports: Vec<u16>) -> Result<Self, Self::Error> {
        match ports[..] {
            [port] if port != 0 => Ok(Self::One(port)),
            [first, second] if first != 0 && second != 0 && first != second => Ok(Self::Two(first, second)),
            _ => Err("host ports are one or two different numbers from 1 to 65535"),
        }
    }
}

impl From<HostPorts> for Vec<u16> {
    fn from(ports: HostPorts) -> Self {
        ports.all().collect()
    }
}

/// A device of the node that a container gets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceBinding {
    /// The container.
    pub container: ContainerName,
    /// Its PCI address, `0000:17:00.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pci: Option<PciAddress>,
    /// The identity that its vendor gave it, `GPU-6f…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<DeviceUuid>,
    /// Its name in the Container Device Interface, `nvidia.com/gpu=0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdi: Option<CdiName>,
    /// Its file below `/dev`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<AbsolutePath>,
    /// The part of it that is meant; none: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
}

/// A part of a device in thousandths, 1 to 999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Share(u16);

impl Share {
    /// A share of `thousandths`, 1 to 999.
    pub fn new(thousandths: u16) -> Option<Self> {
        (1..1_000).contains(&thousandths).then_some(Self(thousandths))
    }

    /// The share in thousandths.
    pub fn thousandths(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Share {
    type Error = &'static str;
    fn try_from(thousandths: u16) -> Result<Self, Self::Error> {
        Self::new(thousandths).ok_or("a share is 1 to 999 thousandths")
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> u16 {
        share.0
    }
}

macro_rules! device_names {
    ($($(#[$doc:meta])* $type:ident, $rule:expr, $refusal:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks `text` against the form of this kind of name.
            pub fn parse(text: &str) -> Result<Self, &'static str> {
                let fits: fn(&str) -> bool = $rule;
                if fits(text) { Ok(Self(text.to_owned())) } else { Err($refusal) }
            }

            /// The name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }
    )*};
}

device_names! {
    /// A PCI address: domain of 4 to 8 hexadecimal digits, bus, device, function (`0000:17:00.0`).
    PciAddress, is_pci_address, "a PCI address has the form 0000:17:00.0";
    /// The identity that a vendor gave to a device: at most 128 letters, digits and `-`.
    DeviceUuid, |text| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
        "a device's UUID consists of at most 128 letters, digits and `-`";
    /// A name of the Container Device Interface: `vendor/class=name`.
    CdiName, is_cdi_name, "a CDI name has the form vendor/class=name";
}

fn is_pci_address(text: &str) -> bool {
    let [domain @ .., b':', bus, bus_too, b':', device, device_too, b'.', function] = text.as_bytes() else {
        return false;
    };
    let digits = domain.iter().chain([bus, bus_too, device, device_too, function]);
    (4..=8).contains(&domain.len()) && digits.into_iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_cdi_name(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
    };
    text.len() <= 253
        && text
            .split_once('/')
            .and_then(|(vendor, rest)| rest.split_once('=').map(|(class, name)| (vendor, class, name)))
            .is_some_and(|(vendor, class, name)| word(vendor) && word(class) && word(name))
}

/// A set of cores, or of NUMA nodes, by their numbers in Linux, written `0-3,8`.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CoreSet(BTreeSet<u16>);

impl CoreSet {
    /// A set of these cores.
    pub fn new(cores: impl IntoIterator<Item = u16>) -> Self {
        Self(cores.into_iter().collect())
    }

    /// Whether no core is named: the instance shares the node's cores.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The cores in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.0.iter().copied()
    }
}

impl fmt::Display for CoreSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut cores = self.iter().peekable();
        while let Some(first) = cores.next() {
            let mut last = first;
            while let Some(next) = cores.next_if(|&next| last.checked_add(1) == Some(next)) {
                last = next;
            }
            let end = if last == first { String::new() } else { format!("-{last}") };
            write!(formatter, "{separator}{first}{end}")?;
            separator = ",";
        }
        Ok(())
    }
}

impl TryFrom<String> for CoreSet {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        const REFUSAL: &str = "a set of cores has the form 0-3,8";
        let mut cores = BTreeSet::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let first: u16 = first.parse().map_err(|_| REFUSAL)?;
            let last: u16 = last.parse().map_err(|_| REFUSAL)?;
            cores.extend(first..=last);
        }
        if cores.is_empty() { Err(REFUSAL) } else { Ok(Self(cores)) }
    }
}

impl From<CoreSet> for String {
    fn from(cores: CoreSet) -> String {
        cores.to_string()
    }
}

impl Binding {
    /// The digest of what a pod of this turn really holds: what the label `dev.wlc.binding` carries.
    pub fn digest(&self, turn: Turn) -> Digest {
        let held = |port: &PortBinding| PortBinding { host: HostPorts::One(port.host.at(turn)), ..port.clone() };
        let bound = Self { ports: self.ports.iter().map(held).collect(), ..self.clone() };
        Digest::of_parts("wlc-binding-1", &[&canonical::encode(&bound)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_written_as_ranges() {
        let cores = CoreSet::new([0, 1, 2, 3, 8, 10, 11]);
        assert_eq!(cores.to_string(), "0-3,8,10-11");
        assert_eq!(CoreSet::try_from(cores.to_string()), Ok(cores));
        assert!(CoreSet::try_from("3-1".to_owned()).is_err());
        assert_eq!(CoreSet::new([u16::MAX - 1, u16::MAX]).to_string(), "65534-65535");
    }

    #[test]
    fn device_names_have_their_form() {
        assert!(PciAddress::parse("0000:17:00.0").is_ok());
        assert!(PciAddress::parse("10000:17:00.0").is_ok());
        assert!(PciAddress::parse("17:00.0").is_err());
        assert!(PciAddress::parse("000:17:00.0").is_err());
        assert!(PciAddress::parse("000000000:17:00.0").is_err());
        assert!(PciAddress::parse("0000:17.00:0").is_err());
        assert!(PciAddress::parse("0000:1g:00.0").is_err());
        assert!(PciAddress::parse("0000:17:00.A").is_err());
        assert!(PciAddress::parse("0000.17:00:0").is_err());
        assert!(CdiName::parse("nvidia.com/gpu=0").is_ok());
        assert!(CdiName::parse("gpu=0").is_err());
        assert!(Share::new(0).is_none() && Share::new(1000).is_none() && Share::new(250).is_some());
    }

    #[test]
    fn each_turn_has_its_own_digest() {
        let port = PortBinding {
            container: ContainerName::parse("nginx").unwrap(),
            port: PortName::parse("http").unwrap(),
            protocol: Protocol::Tcp,
            address: None,
            host: HostPorts::Two(20_001, 20_002),
        };
        let binding = Binding { ports: vec![port.clone()], ..Binding::default() };
        let fixed = Binding { ports: vec![PortBinding { host: HostPorts::One(20_001), ..port }], ..Binding::default() };
        assert_ne!(binding.digest(Turn::First), binding.digest(Turn::Second));
        assert_eq!(binding.digest(Turn::First), fixed.digest(Turn::First));
    }
}
