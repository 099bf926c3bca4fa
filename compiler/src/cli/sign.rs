//! `wlc sign`: adds a signature to the newest head; nodes see it once enough signers have signed.

use std::path::{Path, PathBuf};

use super::{Done, FINE, Failure, REFUSED, build, output, project::Project};
use crate::{
    lock::store::Reading,
    publish::{self, SignOptions},
};

/// Signs the newest plan set.
#[derive(Debug, clap::Args)]
pub(super) struct Sign {
    /// The folder of the plan set.
    #[arg(long, value_name = "DIR", default_value = "plans")]
    out: PathBuf,
    /// The key that signs; without it, signatures that lie there are counted, as after `ssh-keygen -Y sign`.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl Sign {
    pub(super) fn run(&self, dir: &Path) -> Done {
        let project = Project::open(dir, Reading::Healing)?;
        let key = self.key.as_deref().map(build::read_key).transpose()?;
        let signers = project.signers()?;
        let fleet = &project.fleet()?.name.value;
        let options = SignOptions { out: &self.out, key: key.as_ref(), signers: &signers, fleet };
        let signed = publish::sign(&options).map_err(|error| Failure::new(REFUSED, error.to_string()))?;
        let by = signed.signer.map_or_else(|| "counted".to_owned(), |signer| format!("signed by `{signer}`"));
        let standing = build::standing_text(signed.standing);
        output::note(&format!(
            "generation {} for {} is {by}; {standing}",
            signed.head.generation,
            output::counted(signed.nodes, "node")
        ));
        Ok(FINE)
    }
}
