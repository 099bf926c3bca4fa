//! The fleet: who signs, which ports are handed out, how long a plan is good.

use wlc_plan::{
    name::{FleetName, SignerName},
    quantity::Millis,
};

use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

crate::block! {
    /// The set of machines that one repository describes. Each repository has one, in `fleet.kdl`.
    Fleet "fleet" ("") {
        /// Its name; it stands in the names of all pods, networks and volumes.
        name: [required argument] FleetName, "name" ("");
        /// Who may sign plan sets.
        signers: [child] Signers, "signers" ("");
        /// The range of host ports from which `host="auto"` is served.
        host_ports: [optional property] PortRange, "host-ports" ("");
        /// Which addresses pods have in the fleet's network.
        ip_family: [default property] IpFamilyWord, "ip-family" ("ipFamilyPolicy"), default "ipv4";
        /// Where agents of the fleet see each other.
        board: [child] Board, "board" ("");
        /// How long a signed head may be accepted; without it, for ever.
        valid_for: [optional property] Millis, "valid-for" ("");
        /// The loss of any one of these leaves a home for everything that may move: the build proves it.
        survive: [optional property] Survive, "survive" (""), not carried out;
    }

    /// Where agents of one fleet see each other. Without it, nowhere: each node alone.
    Board "board" ("") {
        /// What kind of board.
        kind: [required argument] BoardKind, "kind" ("");
        /// The addresses of etcd.
        endpoints: [list] Url, "endpoints" ("");
    }

    /// Who may sign plan sets, and how many of them must.
    Signers "signers" ("") {
        /// How many different signers must have signed a set.
        threshold: [default property] value::Whole<1, 32>, "threshold" (""), default 1;
        /// One signer.
        signers: [children] Signer, "signer" ("");
    }

    /// A signer and the public key of it.
    Signer "signer" ("") {
        /// Its name, as agents have it in their trust files.
        name: [required argument] SignerName, "name" ("");
        /// Its public key: `ssh-ed25519 AAAA…`.
        key: [required argument] PublicKey, "key" ("");
        /// The key that it had before, while a rotation is under way.
        was: [optional property] PublicKey, "was" ("");
    }
}

crate::choice! {
    /// Where agents of one fleet see each other.
    BoardKind {
        /// Nowhere: each node alone.
        None "none";
        not carried out
        /// Agents read each other's status.
        Peers "peers",
        /// An etcd.
        Etcd "etcd",
    }

    /// Which addresses pods have in the fleet's network.
    IpFamilyWord {
        /// One of IPv4.
        Ipv4 "ipv4",
        /// One of IPv4 and one of IPv6.
        Dual "dual",
    }

    /// What a fleet may lose.
    Survive {
        /// Any one node.
        Node "node",
    }
}

/// The address of a server: `https://`, a host and perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url(pub String);

impl FromScalar for Url {
    const LOOKS: &'static str = "an address, such as `\"https://etcd1.example:2379\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let fits =
            |host: &str| !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
        match host.filter(|host| fits(host.trim_end_matches('/'))) {
            Some(_) => Ok(Self(text.trim_end_matches('/').to_owned())),
            None => Err(Refusal::with(
                format!("`{text}` is no address of a server"),
                "write it as `\"https://etcd1.example:2379\"`",
            )),
        }
    }
}

/// A range of ports, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

impl FromScalar for PortRange {
    const LOOKS: &'static str = "a range of ports, such as `\"20000-29999\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let refused = || Refusal::with(format!("`{text}` is no range of ports"), "write it as `\"20000-29999\"`");
        let (first, last) = text.split_once('-').ok_or_else(refused)?;
        let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(refused);
        let range = Self { first: port(first)?, last: port(last)? };
        if range.first <= range.last { Ok(range) } else { Err(refused()) }
    }
}

/// An ed25519 public key in OpenSSH's form, without its comment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey(pub String);

impl FromScalar for PublicKey {
    const LOOKS: &'static str = "a public key, `\"ssh-ed25519 AAAA…\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let hint = "`wlc keygen` makes a key and prints this line";
        let key = ssh_key::PublicKey::from_openssh(text)
            .map_err(|error| Refusal::with(format!("this is no public key: {error}"), hint))?;
        if key.algorithm() != ssh_key::Algorithm::Ed25519 {
            return Err(Refusal::with(format!("keys are ssh-ed25519, this is {}", key.algorithm()), hint));
        }
        let mut parts = text.split_whitespace();
        let written: Vec<&str> = parts.by_ref().take(2).collect();
        Ok(Self(written.join(" ")))
    }
}
