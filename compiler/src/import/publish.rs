//! Published ports as Compose and Podman write them: `[ADDRESS:][HOST:]CONTAINER[/PROTOCOL]`, each part a number or a range.

use super::kubernetes::Ports;

/// Most ports of one range.
const RANGE: i64 = 200;

/// A published port or range of ports.
#[derive(Debug, PartialEq)]
pub(super) struct Published {
    /// Address of the node that listens.
    pub(super) address: Option<String>,
    /// First and last port of the node; without it, one is picked.
    pub(super) host: Option<(i64, i64)>,
    /// First and last port of the container.
    pub(super) container: (i64, i64),
    /// Its protocol.
    pub(super) protocol: String,
}

impl Published {
    /// Reads a published port.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (rest, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let (rest, container) = match rest.rsplit_once(':') {
            Some((rest, container)) => (Some(rest), container),
            None => (None, rest),
        };
        let (address, host) = match rest {
            None => (None, ""),
            Some(rest) => match rest.rsplit_once(':') {
                Some((address, host)) => (Some(address.trim_matches(['[', ']']).to_owned()), host),
                None if rest.contains('.') => (Some(rest.to_owned()), ""),
                None => (None, rest),
            },
        };
        let host = if host.is_empty() { None } else { Some(range(host)?) };
        Some(Self { address, host, container: range(container)?, protocol: protocol.to_lowercase() })
    }

    /// Whether it can be written: as many ports here as there, and not too many.
    pub(super) fn fits(&self) -> bool {
        let length = |(first, last): (i64, i64)| last - first;
        let count = length(self.container);
        let is_even = self.host.is_none_or(|host| length(host) == count || (count == 0 && length(host) > 0));
        is_even && (0..RANGE).contains(&count) && ["tcp", "udp", "sctp"].contains(&self.protocol.as_str())
    }

    /// Adds it to the ports of a container.
    pub(super) fn add(&self, name: Option<&str>, ports: &mut Ports) {
        let is_single = self.container.0 == self.container.1;
        for number in self.container.0..=self.container.1 {
            let line = ports.add(name.filter(|_| is_single).map(str::to_owned), number, &self.protocol);
            match self.host {
                Some((first, last)) if !is_single || first == last => {
                    line.set("host", first + number - self.container.0)
                }
                Some(_) | None => line.set("host", "auto"),
            }
            line.set_some("address", self.address.clone().filter(|address| address != "0.0.0.0"));
        }
    }
}

/// A number or a range of numbers.
pub(super) fn range(text: &str) -> Option<(i64, i64)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| text.trim().parse::<i64>().ok().filter(|port| (1..=65_535).contains(port));
    Some((port(first)?, port(last)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        let Published { address, host, container, protocol } = Published::parse(text).unwrap();
        format!("{address:?} {host:?} {container:?} {protocol}")
    }

    #[test]
    fn all_forms_are_read() {
        assert_eq!(parsed("80"), "None None (80, 80) tcp");
        assert_eq!(parsed("8080:80"), "None Some((8080, 8080)) (80, 80) tcp");
        assert_eq!(parsed("127.0.0.1:8080:80"), "Some(\"127.0.0.1\") Some((8080, 8080)) (80, 80) tcp");
        assert_eq!(parsed("127.0.0.1::80"), "Some(\"127.0.0.1\") None (80, 80) tcp");
        assert_eq!(parsed("[::1]:53:53/UDP"), "Some(\"::1\") Some((53, 53)) (53, 53) udp");
        assert_eq!(parsed("3000-3002:4000-4002"), "None Some((3000, 3002)) (4000, 4002) tcp");
        for bad in ["", "x", "0", "70000", "80:x", "1:2:3:"] {
            assert_eq!(Published::parse(bad), None, "{bad}");
        }
        assert!(!Published::parse("1-3:1-2").unwrap().fits());
        assert!(!Published::parse("1-60000:1-60000").unwrap().fits());
    }
}
