//! `wlc keygen`: makes a signing key.

use std::path::PathBuf;

use wlc_plan::name::SignerName;

use super::{Done, FINE, Failure, PROBLEMS, output};
use crate::publish::keygen::make_key;

/// Makes a signing key.
#[derive(Debug, clap::Args)]
pub(super) struct Keygen {
    /// The file of the key; its public half gets `.pub` behind the name.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The name of the signer.
    #[arg(long, value_name = "NAME", default_value = "ci")]
    signer: String,
}

impl Keygen {
    pub(super) fn run(&self) -> Done {
        let signer = SignerName::parse(&self.signer).map_err(Failure::problem)?;
        let made = make_key(&self.out, &signer).map_err(|error| Failure::new(PROBLEMS, error.to_string()))?;
        output::note(&format!("the key is in `{}`: keep it secret", made.secret_file.display()));
        output::note("in `signers` of `fleet.kdl`:");
        output::result(&format!("    {}\n", made.fleet_line))?;
        output::note("in `/etc/wlc/trust` of every node:");
        output::result(&format!("    {}\n", made.trust_line))?;
        Ok(FINE)
    }
}
