//! The file of allowed signers: the keys that this machine trusts (edge).
#![expect(clippy::disallowed_methods, reason = "edge: reads the trust file")]

use std::{fs::File, io::Read, path::Path};

use wlc_plan::trust::Trust;

/// No trust file is as long; what comes behind is not read, and so trusts nobody.
const MOST_TRUST_BYTES: u64 = 1 << 20;

/// Reads a file of allowed signers.
///
/// # Errors
/// The sentence for people: it cannot be read, or a line of it is wrong.
pub fn read_trust(path: &Path) -> Result<Trust, String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MOST_TRUST_BYTES).read_to_string(&mut text))
        .map_err(|error| format!("no plan can be verified: cannot read the trust file {}: {error}", path.display()))?;
    Trust::parse(&text).map_err(|error| format!("no plan can be verified: {}: {error}", path.display()))
}
