//! Paths as addresses, for forges and editors.

/// A path as part of an address (RFC 3986): what is not plain is written as bytes in hexadecimal digits.
pub(crate) fn of_path(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_reference_without_a_scheme() {
        assert_eq!(of_path("workloads/web.kdl"), "workloads/web.kdl");
        assert_eq!(of_path("a b/c:d%\u{e9}.kdl"), "a%20b/c%3Ad%25%C3%A9.kdl");
    }
}
