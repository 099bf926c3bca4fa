//! The file of allowed signers: the keys that this machine trusts.

use std::{io, path::Path};

use wlc_plan::trust::Trust;

use crate::disk::read_regular;

/// No trust file is as long.
const MOST_TRUST_BYTES: u64 = 1 << 20;

/// Reads a file of allowed signers.
///
/// # Errors
/// The sentence for people: it cannot be read, or a line of it is wrong.
pub fn read_trust(path: &Path) -> Result<Trust, String> {
    let text = read_regular(path, MOST_TRUST_BYTES)
        .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
        .map_err(|error| format!("no plan can be verified: cannot read the trust file {}: {error}", path.display()))?;
    Trust::parse(&text).map_err(|error| format!("no plan can be verified: {}: {error}", path.display()))
}
