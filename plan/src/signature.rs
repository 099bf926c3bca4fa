//! Signatures over the head of a plan set: SSHSIG, as `ssh-keygen -Y sign -n wlc-plan` makes them.
//!
//! Only Ed25519 keys are taken, and such keys on a hardware token (`sk-ssh-ed25519@openssh.com`). Reading is strict: one
//! signature has one spelling, so that no bit of its file can be flipped unseen. Who may sign is decided in [`crate::trust`].

use std::fmt;

use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, SshSig, public::KeyData};

use crate::limits;

/// The namespace of all our signatures. A signature made for another purpose never counts as one of ours.
pub const NAMESPACE: &str = "wlc-plan";

/// The public half of a signer's key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey(KeyData);

/// The private half of a signer's key. It is never printed.
pub struct SecretKey(PrivateKey);

/// A well-formed signature, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(SshSig);

/// Why a text is no key that we use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not the text of a key in OpenSSH's form.
    #[error("it is no key in OpenSSH's form: {0}")]
    Form(ssh_key::Error),
    /// A public key that is readable, but not spelt as `ssh-keygen` spells it.
    #[error("a public key is written as its type and one word of base64, and perhaps a comment")]
    Spelling,
    /// A key of another kind.
    #[error("it is a key of the kind `{0}`; only ssh-ed25519 keys are used (`ssh-keygen -t ed25519`, or `wlc keygen`)")]
    Kind(String),
    /// A private key behind a pass phrase.
    #[error(
        "the key is protected by a pass phrase; sign with `ssh-keygen -Y sign -n wlc-plan`, or use a key without one"
    )]
    Encrypted,
    /// A private key that stays on its token.
    #[error("the key is on a hardware token; sign with `ssh-keygen -Y sign -n wlc-plan`")]
    Token,
}

/// Why the bytes of a signature file do not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Larger than any signature.
    #[error("its file is larger than {} bytes", limits::HEAD_BYTES)]
    TooLarge,
    /// Not an armoured SSH signature.
    #[error("it is no SSH signature: {0}")]
    Form(ssh_key::Error),
    /// Readable, but not spelt as `ssh-keygen` spells it.
    #[error("it is not spelt as `ssh-keygen -Y sign` writes it")]
    Spelling,
    /// Another version of the form.
    #[error("it has version {0} of the form, and only version 1 is read")]
    Version(u32),
    /// Made for another purpose.
    #[error("it was made for the namespace `{0}`, not for `{NAMESPACE}`")]
    Namespace(String),
    /// Made by a kind of key that we do not use.
    #[error("it was made by a key of the kind `{0}`; only ssh-ed25519 keys are used")]
    Kind(String),
    /// Made over a kind of digest that we do not use.
    #[error("it was made over a digest of the kind `{0}`; only sha512 and sha256 are used")]
    Hash(String),
    /// Not made by this key.
    #[error("it was made by another key")]
    OtherKey,
    /// Made over other bytes.
    #[error("it does not hold for these bytes")]
    Bytes,
}

impl PublicKey {
    /// Reads `ssh-ed25519 AAAA… [comment]`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let key = ssh_key::PublicKey::from_openssh(text).map_err(KeyError::Form)?;
        check_kind(key.key_data()).map_err(KeyError::Kind)?;
        let key = Self(key.key_data().clone());
        let said = text.split_ascii_whitespace().take(2);
        if said.eq(key.to_string().split(' ')) { Ok(key) } else { Err(KeyError::Spelling) }
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }
}

impl fmt::Display for PublicKey {
    /// `ssh-ed25519 AAAA…`, without a comment.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = ssh_key::PublicKey::from(self.0.clone()).to_openssh();
        formatter.write_str(text.expect("keys of our two kinds can be written").trim_end())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl SecretKey {
    /// Reads a private key in OpenSSH's form (`-----BEGIN OPENSSH PRIVATE KEY-----`).
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Self::new(PrivateKey::from_openssh(text).map_err(KeyError::Form)?)
    }

    /// Takes a private key that was just made.
    pub fn new(key: PrivateKey) -> Result<Self, KeyError> {
        if key.is_encrypted() {
            return Err(KeyError::Encrypted);
        }
        let kind = key.algorithm();
        if kind == Algorithm::Ed25519 {
            Ok(Self(key))
        } else if kind == Algorithm::SkEd25519 {
            Err(KeyError::Token)
        } else {
            Err(KeyError::Kind(kind.to_string()))
        }
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key().key_data().clone())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the private half of {}", self.public())
    }
}

/// The armoured signature of `key` over `bytes`: the content of a `.sig` file.
///
/// The same key and bytes give the same text.
pub fn sign(key: &SecretKey, bytes: &[u8]) -> String {
    let signature = key.0.sign(NAMESPACE, HashAlg::Sha512, bytes).expect("an open Ed25519 key signs any bytes");
    armour(&signature).expect("a signature that was just made can be written")
}

/// Verifies that `armoured` is a signature by `key` over `bytes`.
pub fn verify(armoured: &[u8], key: &PublicKey, bytes: &[u8]) -> Result<(), SignatureError> {
    Signature::parse(armoured)?.verify(key, bytes)
}

impl Signature {
    /// Reads the content of a `.sig` file. Nothing is verified yet.
    pub fn parse(armoured: &[u8]) -> Result<Self, SignatureError> {
        if armoured.len() as u64 > limits::HEAD_BYTES {
            return Err(SignatureError::TooLarge);
        }
        let signature = SshSig::from_pem(armoured).map_err(SignatureError::Form)?;
        if signature.version() != SshSig::VERSION {
            return Err(SignatureError::Version(signature.version()));
        }
        if signature.namespace() != NAMESPACE {
            return Err(SignatureError::Namespace(signature.namespace().to_owned()));
        }
        check_kind(signature.public_key()).map_err(SignatureError::Kind)?;
        check_hash(signature.hash_alg())?;
        if !signature.reserved().is_empty() || armour(&signature).map_err(SignatureError::Form)?.as_bytes() != armoured
        {
            return Err(SignatureError::Spelling);
        }
        Ok(Self(signature))
    }

    /// The key that the signature says it was made by.
    pub fn key(&self) -> PublicKey {
        PublicKey(self.0.public_key().clone())
    }

    /// Verifies that it was made by `key` over `bytes`.
    pub fn verify(&self, key: &PublicKey, bytes: &[u8]) -> Result<(), SignatureError> {
        if self.0.public_key() != &key.0 {
            return Err(SignatureError::OtherKey);
        }
        let key = ssh_key::PublicKey::from(key.0.clone());
        key.verify(NAMESPACE, bytes, &self.0).map_err(|_| SignatureError::Bytes)
    }
}

fn check_kind(key: &KeyData) -> Result<(), String> {
    let kind = key.algorithm();
    if [Algorithm::Ed25519, Algorithm::SkEd25519].contains(&kind) { Ok(()) } else { Err(kind.to_string()) }
}

fn check_hash(hash: HashAlg) -> Result<(), SignatureError> {
    match hash {
        HashAlg::Sha256 | HashAlg::Sha512 => Ok(()),
        other => Err(SignatureError::Hash(other.to_string())),
    }
}

/// The armour as `ssh-keygen` writes it: lines of 70 characters, one newline at the end.
fn armour(signature: &SshSig) -> Result<String, ssh_key::Error> {
    let mut text = signature.to_pem(LineEnding::LF)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
