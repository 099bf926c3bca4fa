//! The kernel's release, and the digest that tells one machine from another.

use wlc_plan::digest::Digest;

use super::text;
use super::tree::Tree;

/// The release of the kernel; where the kernel's own setting was not captured, the third word of `/proc/version`.
pub(super) fn release(tree: &Tree) -> Option<String> {
    tree.text("proc/sys/kernel/osrelease").filter(|text| is_release(text)).or_else(|| {
        let version = tree.document("proc/version")?;
        let release = text::clean(version.strip_prefix("Linux version ")?.split_whitespace().next()?)?;
        is_release(&release).then_some(release)
    })
}

/// It begins with numbers and points, such as `6.12.9`, and is one word.
fn is_release(text: &str) -> bool {
    let (major, rest) = text.split_once('.').unwrap_or_default();
    !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit()) && !rest.contains(' ')
}

/// The digest of the machine-id: machine-id(5) asks not to show the identifier itself.
pub(super) fn machine_digest(tree: &Tree) -> Option<Digest> {
    let identifier = tree.text("etc/machine-id")?;
    let is_set = identifier.len() == 32 && identifier.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_set.then(|| Digest::of(format!("wlc machine\n{identifier}").as_bytes()))
}
