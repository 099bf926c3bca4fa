//! What a pod knows about names and addresses.

use std::net::IpAddr;

use super::port::Address;
use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

crate::block! {
    /// How a pod finds addresses of names.
    Dns "dns" ("dnsConfig") {
        /// Where it begins: with what the node and the fleet's network give, or with nothing.
        policy: [default property] DnsPolicy, "policy" ("dnsPolicy"), default "default";
        /// Name servers, at most three.
        servers: [list] Address, "server" ("nameservers");
        /// Domains in which short names are looked for, at most 32.
        searches: [list] DomainName, "search" ("searches");
        /// An option of the resolver.
        options: [children] DnsOption, "option" ("options");
    }

    /// An option of the resolver.
    DnsOption "option" ("options[]") {
        /// Its name.
        name: [required argument] DnsOptionName, "name" ("name");
        /// Its value, where it takes one.
        value: [optional argument] String, "value" ("value");
    }

    /// A line of the pod's `/etc/hosts`.
    HostEntry "host-entry" ("hostAliases[]") {
        /// The address.
        address: [required argument] Address, "address" ("ip");
        /// The names that stand for it.
        names: [rest] DomainName, "name" ("hostnames");
    }
}

crate::choice! {
    /// Where name resolution begins.
    DnsPolicy {
        /// With the node's resolver and the names of the fleet's network.
        Default "default",
        /// With nothing: servers are written here.
        None "none",
    }
}

/// A host: an IP address, or a domain name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(pub String);

impl FromScalar for HostName {
    const LOOKS: &'static str = "an IP address or a host name";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        if text.parse::<IpAddr>().is_ok() || is_domain(text) {
            Ok(Self(text.to_owned()))
        } else {
            let refusal = Refusal::new(format!("`{text}` is neither an IP address nor a host name"));
            let hint = text.split_once("://").map(|_| "write the host alone, without `http://` and path".to_owned());
            Err(Refusal { hint, ..refusal })
        }
    }
}

/// A name of DNS: labels with points between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DomainName(pub String);

impl FromScalar for DomainName {
    const LOOKS: &'static str = "a host name, such as `\"db.example\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        if is_domain(text) {
            return Ok(Self(text.to_owned()));
        }
        let lower = text.to_lowercase().replace('_', "-");
        let hint = (is_domain(&lower)).then(|| format!("perhaps `{lower}`"));
        let message = format!("`{text}` is no host name: lower-case letters, digits, `-` and points are allowed");
        Err(Refusal { hint, ..Refusal::new(message) })
    }
}

impl std::fmt::Display for DomainName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Labels of at most 63 characters with points between them, at most 253 in all (RFC 1123).
fn is_domain(text: &str) -> bool {
    let label = |part: &str| wlc_plan::name::WorkloadName::parse(part).is_ok();
    text.len() <= 253 && text.split('.').all(label)
}

/// The name of an option of the resolver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DnsOptionName(pub String);

impl FromScalar for DnsOptionName {
    const LOOKS: &'static str = "an option of the resolver, such as `\"ndots\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        match (fits, text.split_once(':')) {
            (true, _) => Ok(Self(text.to_owned())),
            (false, Some((name, value))) => {
                let hint = format!("write the value behind it: `option \"{name}\" \"{value}\"`");
                Err(Refusal::with(format!("`{text}` is no option of the resolver"), hint))
            }
            (false, None) => Err(Refusal::new(format!("`{text}` is no option of the resolver"))),
        }
    }
}

impl std::fmt::Display for DnsOptionName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}
