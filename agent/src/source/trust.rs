//! The file of allowed signers: the keys that this machine trusts.

use std::path::Path;

use wlc_plan::trust::Trust;

use crate::disk::read_regular_text;

/// No trust file is as long.
const MOST_TRUST_BYTES: u64 = 1 << 20;

/// Reads a file of allowed signers.
///
/// # Errors
/// The sentence for people: it cannot be read, or a line of it is wrong.
pub fn read_trust(path: &Path) -> Result<Trust, String> {
    let text = read_regular_text(path, MOST_TRUST_BYTES)
        .map_err(|error| format!("no plan can be verified: cannot read the trust file {}: {error}", path.display()))?;
    Trust::parse(&text).map_err(|error| format!("no plan can be verified: {}: {error}", path.display()))
}
