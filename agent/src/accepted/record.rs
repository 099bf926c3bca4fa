//! The record of the last accepted set: version, checksum, and what was accepted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wlc_plan::{
    canonical,
    digest::Digest,
    head::{FileRef, Generation},
    name::{FleetName, NodeName, SignerName},
    time::Timestamp,
};

/// Name of the record's file.
pub(super) const FILE: &str = "record.json";
const VERSION: u32 = 1;

/// What was accepted last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) fleet: FleetName,
    pub(super) node: NodeName,
    pub(super) generation: Generation,
    /// Digest of the head.
    pub(super) head: Digest,
    pub(super) accepted_at: Timestamp,
    pub(super) signers: Vec<SignerName>,
    /// Every file of the set by its path.
    pub(super) files: BTreeMap<String, FileRef>,
}

/// The file: the checksum is over the canonical bytes of the record.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    version: u32,
    checksum: Digest,
    record: Record,
}

impl Record {
    pub(super) fn encode(&self) -> Vec<u8> {
        let checksum = Digest::of(&canonical::encode(self));
        canonical::encode(&Sealed { version: VERSION, checksum, record: self.clone() })
    }

    /// Reads a record, or says why it cannot be trusted.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if version != VERSION {
            return Err(format!("its version is {version}, and this agent reads version {VERSION}"));
        }
        let sealed: Sealed = canonical::decode(bytes).map_err(|error| error.to_string())?;
        let checksum = Digest::of(&canonical::encode(&sealed.record));
        if checksum == sealed.checksum { Ok(sealed.record) } else { Err("its checksum does not match".to_owned()) }
    }
}
