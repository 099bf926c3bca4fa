//! Names: what other systems allow and a DNS label is not becomes one, and is said.

use super::report::Report;
use crate::span::Spanned;

/// Longest name; behind a workload's come the number of a replica and a few more characters.
const LONGEST: usize = 50;

/// A DNS label for a name, with a warning where it is another text.
pub(super) fn label(name: &Spanned<String>, report: &mut Report<'_>) -> String {
    let label = plain(&name.value);
    if label != name.value {
        let message = format!("`{}` is called `{label}` here", name.value);
        report.differs(name.span, message, "names are lower-case letters, digits and `-`, without points");
    }
    label
}

/// A DNS label for a name.
pub(super) fn plain(name: &str) -> String {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let lower = name.to_lowercase();
    let dashed: String = lower.chars().map(|c| if is_word(c) { c } else { '-' }).take(LONGEST).collect();
    let trimmed = dashed.trim_matches('-');
    if trimmed.is_empty() { "unnamed".to_owned() } else { trimmed.to_owned() }
}

/// A name of a port for a number: its service's, or one made of the protocol and the number.
pub(super) fn port(number: i64, protocol: &str) -> String {
    match (number, protocol) {
        (80, "tcp") => "http".to_owned(),
        (443, "tcp") => "https".to_owned(),
        (53, _) => format!("dns-{protocol}"),
        _ => format!("{protocol}-{number}"),
    }
}

/// The name of a file in a config or of a key in a secret.
pub(super) fn key(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let key: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).take(253).collect();
    if matches!(key.as_str(), "" | "." | "..") { "file".to_owned() } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wlc_plan::name::{FileKey, PortName, WorkloadName};

    #[test]
    fn every_name_becomes_a_label() {
        for name in ["", "web", "fluentd-gcp-v2.0", "A_b", "-x-", &"x.".repeat(300), "é", "日本"] {
            assert!(WorkloadName::parse(&plain(name)).is_ok(), "{name}: {}", plain(name));
            assert!(FileKey::parse(&key(name)).is_ok(), "{name}: {}", key(name));
        }
        assert_eq!(plain("fluentd-gcp-v2.0"), "fluentd-gcp-v2-0");
        for number in [1, 53, 80, 443, 65_535] {
            assert!(["tcp", "udp", "sctp"].iter().all(|protocol| PortName::parse(&port(number, protocol)).is_ok()));
        }
    }
}
