//! `wlc sign`: adds a signature to the newest head; nodes see it once enough signers have signed.

use std::path::PathBuf;

use serde::Serialize;

use super::{Done, FINE, Failure, Format, Place, build, output, project::Project};
use crate::{
    lock::store::Reading,
    publish::{self, SignOptions, Signed},
    words,
};

/// Signs the newest plan set.
#[derive(Debug, clap::Args)]
pub(super) struct Sign {
    /// The folder of the plan set: `plans`, or `plans-OVERLAY` with an overlay.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The key that signs; without it, signatures that lie there are counted, as after `ssh-keygen -Y sign`.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    version: u32,
    generation: Option<u64>,
    nodes: usize,
    signer: Option<String>,
    standing: Option<build::StandingRow>,
    refused: Option<String>,
}

impl Sign {
    pub(super) fn run(&self, place: &Place) -> Done {
        let project = Project::open(place, Reading::Healing)?;
        let key = self.key.as_deref().map(build::read_key).transpose()?;
        let signers = project.signers()?;
        let fleet = &project.fleet()?.name.value;
        let out = project.plans(self.out.as_deref());
        let options = SignOptions { out: &out, key: key.as_ref(), signers: &signers, fleet };
        match publish::sign(&options) {
            Ok(signed) => self.tell(&signed)?,
            Err(error) if self.format == Format::Json => {
                output::document(&Document {
                    version: 1,
                    generation: None,
                    nodes: 0,
                    signer: None,
                    standing: None,
                    refused: Some(error.to_string()),
                })?;
                return Ok(Failure::from(&error).code);
            }
            Err(error) => return Err(Failure::from(&error)),
        }
        Ok(FINE)
    }

    fn tell(&self, signed: &Signed) -> Result<(), Failure> {
        let by = signed.signer.as_ref().map_or_else(|| "counted".to_owned(), |signer| format!("signed by `{signer}`"));
        let standing = build::standing_text(signed.standing);
        output::note(&format!(
            "generation {} for {} is {by}; {standing}",
            signed.head.generation,
            words::counted(signed.nodes, "node")
        ));
        if self.format == Format::Json {
            output::document(&Document {
                version: 1,
                generation: Some(signed.head.generation.number()),
                nodes: signed.nodes,
                signer: signed.signer.as_ref().map(ToString::to_string),
                standing: Some(build::StandingRow::of(signed.standing)),
                refused: None,
            })?;
        }
        Ok(())
    }
}
