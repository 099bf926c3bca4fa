//! A new key for signing plan sets (edge): `wlc keygen`.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "edge: writes the two files of a key")]

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use ssh_key::{Algorithm, LineEnding, PrivateKey, rand_core::OsRng};
use wlc_plan::{
    name::SignerName,
    signature::{NAMESPACE, PublicKey, SecretKey},
};

/// A key that was made, and the lines that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeKey {
    /// The file of the private half: for `wlc build --key`, and for nobody's eyes.
    pub secret_file: PathBuf,
    /// The file of the public half.
    pub public_file: PathBuf,
    /// The public half.
    pub public: PublicKey,
    /// The line for `signers` in `fleet.kdl`.
    pub fleet_line: String,
    /// The line for the trust file of every node.
    pub trust_line: String,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum KeygenError {
    /// One of the two files is there already, and is left alone.
    #[error("`{}` is there already; a key is never overwritten", .0.display())]
    Exists(PathBuf),
    /// The system refused to write.
    #[error("cannot write `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes for a key: {0}")]
    Random(ssh_key::Error),
}

/// Makes an Ed25519 key without a pass phrase: `path` for its owner's eyes only, and `path` with `.pub` behind it.
pub fn make_key(path: &Path, signer: &SignerName) -> Result<MadeKey, KeygenError> {
    let public_file = PathBuf::from(format!("{}.pub", path.display()));
    if let Some(there) = [path, &public_file].into_iter().find(|file| file.symlink_metadata().is_ok()) {
        return Err(KeygenError::Exists(there.to_owned()));
    }
    let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(KeygenError::Random)?;
    key.set_comment(signer.as_str());
    let text = key.to_openssh(LineEnding::LF).expect("a new Ed25519 key can be written");
    write_new(path, 0o600, text.as_bytes())?;
    let public = SecretKey::new(key).expect("a new Ed25519 key has no pass phrase").public();
    write_new(&public_file, 0o644, format!("{public} {signer}\n").as_bytes())?;
    Ok(MadeKey {
        secret_file: path.to_owned(),
        public_file,
        fleet_line: format!("signer \"{signer}\" \"{public}\""),
        trust_line: trust_line(signer, &public),
        public,
    })
}

/// The line of a trust file that lets a key sign plan sets under a name.
pub fn trust_line(signer: &SignerName, key: &PublicKey) -> String {
    format!("{signer} namespaces=\"{NAMESPACE}\" {key}")
}

fn write_new(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), KeygenError> {
    let fail = |source: io::Error| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            KeygenError::Exists(path.to_owned())
        } else {
            KeygenError::File { path: path.to_owned(), source }
        }
    };
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a key helps nobody, and would stand in the way of the next try.
        let _ = fs::remove_file(path);
        fail(error)
    })
}
