//! Who may sign: the trust file, and how many of its signers a head needs.
//!
//! The file has the form of OpenSSH's `allowed_signers`, so that `ssh-keygen -Y verify -f` reads it too. Each line is
//! `<signer> namespaces="wlc-plan" ssh-ed25519 AAAA…`; a signer may have several keys, so that a key can be replaced.
//! What this version does not read is an error that names its line, never a key that counts by mistake.

mod line;

use std::{collections::BTreeMap, num::NonZeroU32};

use crate::{
    limits,
    name::{NameError, SignerName},
    signature::{KeyError, PublicKey, Signature, SignatureError},
    time::Timestamp,
};

/// The keys that are trusted, and under which names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    keys: Vec<TrustedKey>,
}

/// A key that may sign under a name, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// The signer.
    pub signer: SignerName,
    /// The key.
    pub key: PublicKey,
    /// It counts at this time and after it. OpenSSH: `valid-after`.
    pub valid_after: Option<Timestamp>,
    /// It counts at this time and before it. OpenSSH: `valid-before`.
    pub valid_before: Option<Timestamp>,
}

/// A line of the trust file that is refused; line 0 is the whole file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the trust file: {problem}")]
pub struct TrustError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: TrustProblem,
}

/// What is wrong with a line of the trust file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustProblem {
    /// A name, options and a key do not follow each other.
    #[error("it has not the form `<signer> namespaces=\"wlc-plan\" ssh-ed25519 AAAA…`")]
    Form,
    /// A quote without its partner.
    #[error("a quote is opened and not closed")]
    Quote,
    /// A pattern where a name must stand.
    #[error("`{0}` is a pattern; write the name of one signer, without `*`, `?` or `!`")]
    Pattern(String),
    /// Not the name of a signer.
    #[error("{0}")]
    Name(NameError),
    /// An authority that signs certificates.
    #[error("`cert-authority` is not supported: name the key of each signer itself")]
    CertAuthority,
    /// An option that this version does not know.
    #[error("the option `{0}` is not known; known are `namespaces`, `valid-after` and `valid-before`")]
    Option(String),
    /// An option whose value OpenSSH would not read.
    #[error("the value of `{0}` must stand in quotes, as in `valid-before=\"20261123Z\"`")]
    Unquoted(String),
    /// An option that stands twice.
    #[error("the option `{0}` is there twice")]
    OptionTwice(String),
    /// A time of another form.
    #[error("`{0}` is no time of the form 20261123Z, 202611230300Z or 20261123030000Z (always taken as UTC)")]
    Time(String),
    /// Not a key that we use.
    #[error("{0}")]
    Key(KeyError),
    /// A key under two names would count twice.
    #[error("the key of `{signer}` is also the key of `{other}`; one key is one signer")]
    KeyOfTwo {
        /// The signer of this line.
        signer: SignerName,
        /// The signer of an earlier line.
        other: SignerName,
    },
    /// No key at all.
    #[error("it names no signer for the namespace `wlc-plan`")]
    Nobody,
    /// More signers than a fleet may have.
    #[error("it names more than {} signers", limits::SIGNERS)]
    TooMany,
}

/// Why signatures do not suffice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// A signature under the name of a known signer that does not hold.
    #[error("the signature of `{signer}` is refused: {problem}")]
    Bad {
        /// The known signer.
        signer: SignerName,
        /// What is wrong with it.
        problem: BadSignature,
    },
    /// Fewer known signers than asked for.
    #[error("{have} of the known signers have signed, {need} are needed")]
    TooFew {
        /// How many have.
        have: u32,
        /// How many are needed.
        need: NonZeroU32,
    },
}

/// What is wrong with a signature under the name of a known signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// It does not verify.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// It verifies, but its key counts at another time only.
    #[error("its key is not valid at {at}")]
    Time {
        /// The time at which it was judged.
        at: Timestamp,
    },
}

/// The signatures that hold for some bytes; at which time their keys count is not judged yet.
#[derive(Debug, Clone)]
pub struct Signed<'trust> {
    by: BTreeMap<SignerName, Vec<&'trust TrustedKey>>,
}

impl Trust {
    /// Reads a trust file. Lines for other namespaces are passed over.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        let mut trust = Self::default();
        for (index, line) in text.lines().enumerate() {
            let at = |problem| TrustError { line: index + 1, problem };
            for key in line::parse(line).map_err(at)? {
                trust.add(key).map_err(at)?;
            }
        }
        if trust.keys.is_empty() {
            return Err(TrustError { line: 0, problem: TrustProblem::Nobody });
        }
        Ok(trust)
    }

    /// The keys of a fleet's own signers, valid at all times.
    pub fn of(keys: impl IntoIterator<Item = (SignerName, PublicKey)>) -> Result<Self, TrustProblem> {
        let mut trust = Self::default();
        for (signer, key) in keys {
            trust.add(TrustedKey { signer, key, valid_after: None, valid_before: None })?;
        }
        Ok(trust)
    }

    /// The keys in the order of the file.
    pub fn keys(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// Whether a signature under this name is judged at all.
    pub fn knows(&self, signer: &SignerName) -> bool {
        self.keys.iter().any(|key| key.signer == *signer)
    }

    /// Verifies all signatures by known signers over `bytes`. Signatures by others are ignored; one that does not hold
    /// is an error, even where enough others do.
    pub fn verify(&self, bytes: &[u8], signatures: &BTreeMap<SignerName, Vec<u8>>) -> Result<Signed<'_>, NotSigned> {
        let mut by = BTreeMap::new();
        for (signer, armoured) in signatures.iter().filter(|(signer, _)| self.knows(signer)) {
            let keys = self.verify_one(signer, armoured, bytes);
            let bad = |problem| NotSigned::Bad { signer: signer.clone(), problem: BadSignature::Signature(problem) };
            by.insert(signer.clone(), keys.map_err(bad)?);
        }
        Ok(Signed { by })
    }

    /// Verifies `signatures` over `bytes` with keys that count at the time `at`, and asks for `threshold` different signers.
    /// The answer: who signed.
    pub fn verify_threshold(
        &self,
        bytes: &[u8],
        signatures: &BTreeMap<SignerName, Vec<u8>>,
        threshold: NonZeroU32,
        at: Timestamp,
    ) -> Result<Vec<SignerName>, NotSigned> {
        let signed = self.verify(bytes, signatures)?;
        signed.ask_for(threshold)?;
        signed.at(at)
    }

    fn verify_one(
        &self,
        signer: &SignerName,
        armoured: &[u8],
        bytes: &[u8],
    ) -> Result<Vec<&TrustedKey>, SignatureError> {
        let signature = Signature::parse(armoured)?;
        let made_by = signature.key();
        let keys: Vec<_> = self.keys.iter().filter(|key| key.signer == *signer && key.key == made_by).collect();
        match keys.first() {
            Some(first) => signature.verify(&first.key, bytes).map(|()| keys),
            None => Err(SignatureError::OtherKey),
        }
    }

    fn add(&mut self, key: TrustedKey) -> Result<(), TrustProblem> {
        let other = self.keys.iter().find(|other| other.key == key.key && other.signer != key.signer);
        if let Some(other) = other {
            return Err(TrustProblem::KeyOfTwo { signer: key.signer, other: other.signer.clone() });
        }
        self.keys.push(key);
        let signers: std::collections::BTreeSet<_> = self.keys.iter().map(|key| &key.signer).collect();
        if signers.len() > limits::SIGNERS { Err(TrustProblem::TooMany) } else { Ok(()) }
    }
}

impl TrustedKey {
    fn counts_at(&self, at: Timestamp) -> bool {
        self.valid_after.is_none_or(|first| first <= at) && self.valid_before.is_none_or(|last| at <= last)
    }
}

impl Signed<'_> {
    /// Asks for `threshold` different signers.
    pub fn ask_for(&self, threshold: NonZeroU32) -> Result<(), NotSigned> {
        let have = u32::try_from(self.by.len()).unwrap_or(u32::MAX);
        if have < threshold.get() { Err(NotSigned::TooFew { have, need: threshold }) } else { Ok(()) }
    }

    /// Asks that the keys of all of them count at the time `at`. The answer: who signed.
    pub fn at(&self, at: Timestamp) -> Result<Vec<SignerName>, NotSigned> {
        match self.by.iter().find(|(_, keys)| !keys.iter().any(|key| key.counts_at(at))) {
            Some((signer, _)) => Err(NotSigned::Bad { signer: signer.clone(), problem: BadSignature::Time { at } }),
            None => Ok(self.by.keys().cloned().collect()),
        }
    }

    /// Who signed, and with which key, at whatever time it counts.
    pub fn by(&self) -> impl Iterator<Item = (&SignerName, &PublicKey)> {
        self.by.iter().filter_map(|(signer, keys)| keys.first().map(|key| (signer, &key.key)))
    }
}

#[cfg(test)]
mod tests;
