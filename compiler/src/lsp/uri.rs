//! The editor's addresses of files and our paths.

use std::path::{Path, PathBuf};

use crate::address;

/// The path of a `file:` address.
pub(super) fn path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let mut bytes = Vec::new();
    let mut left = rest.as_bytes();
    while let Some((&first, rest)) = left.split_first() {
        let digits = (first == b'%').then(|| rest.get(..2)).flatten();
        let byte = digits.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(first));
        left = if byte.is_some() { &rest[2..] } else { rest };
    }
    String::from_utf8(bytes).ok().filter(|path| path.starts_with('/')).map(PathBuf::from)
}

/// The address of a path.
pub(super) fn uri(path: &Path) -> String {
    format!("file://{}", address::of_path(&path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths() {
        for name in ["/a/b.kdl", "/a b/é%.kdl"] {
            assert_eq!(path(&uri(Path::new(name))).as_deref(), Some(Path::new(name)));
        }
        assert_eq!(path("file:///a%2gb%"), Some(PathBuf::from("/a%2gb%")));
        assert_eq!(path("http://a"), None);
        assert_eq!(path("untitled:1"), None);
    }
}
