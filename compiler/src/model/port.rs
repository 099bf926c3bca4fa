//! Ports that containers listen on.

use std::net::IpAddr;

use wlc_plan::name::PortName;

use crate::{
    fields::{FromScalar, Refusal, value, value::Whole},
    syntax::Scalar,
};

crate::block! {
    /// A port that a container listens on.
    Port "port" ("ports[]") {
        /// Its name, by which probes know it.
        name: [required argument] PortName, "name" ("name");
        /// Its number inside the pod.
        number: [required argument] Whole<1, 65_535>, "number" ("containerPort");
        /// The port of the node that leads to it; without it, none does. With `host-network` it is the same as the number.
        host: [optional property] HostPort, "host" ("hostPort");
        /// The address of the node that listens; without it, all of them.
        address: [optional property] Address, "address" ("hostIP");
        /// Its protocol.
        protocol: [default property] ProtocolWord, "protocol" ("protocol"), default "tcp";
    }
}

crate::choice! {
    /// The protocol of a port.
    ProtocolWord { Tcp "tcp", Udp "udp"; not carried out Sctp "sctp" }
}

/// A port of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostPort {
    /// One that placement picks from the fleet's `host-ports`.
    Auto,
    /// This one.
    Fixed(u16),
}

impl FromScalar for HostPort {
    const LOOKS: &'static str = "`\"auto\"`, or a port from 1 to 65535";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        match scalar {
            Scalar::Text(word) if word == "auto" => Ok(Self::Auto),
            Scalar::Text(word) => Err(Refusal::with(format!("`{word}` is no port"), "write `\"auto\"` or a number")),
            Scalar::Integer(_) | Scalar::Decimal(_) | Scalar::Bool(_) | Scalar::Null | Scalar::Parameter(_) => {
                let Whole(number) = Whole::<1, 65_535>::from_scalar(scalar)?;
                u16::try_from(number).map(Self::Fixed).map_err(|_| Refusal::new("a port is 1 to 65535"))
            }
        }
    }
}

/// An IP address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub IpAddr);

impl FromScalar for Address {
    const LOOKS: &'static str = "an IP address";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        text.parse().map(Self).map_err(|_| Refusal::new(format!("`{text}` is no IP address")))
    }
}

/// Whether two listeners on one port get into each other's way: other addresses do not, unless one of the two is all
/// addresses (S-404). None, `0.0.0.0` and `::` are all addresses.
pub fn overlap(one: Option<IpAddr>, other: Option<IpAddr>) -> bool {
    let is_all = |address: Option<IpAddr>| address.is_none_or(|address| address.is_unspecified());
    one == other || is_all(one) || is_all(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_overlap_each_and_two_others_do_not() {
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let all = [None, address("0.0.0.0"), address("::")];
        assert!(all.iter().all(|all| overlap(*all, address("10.0.0.1")) && overlap(address("127.0.0.1"), *all)));
        assert!(overlap(address("10.0.0.1"), address("10.0.0.1")));
        assert!(!overlap(address("10.0.0.1"), address("127.0.0.1")));
    }
}
