//! The signers of a fleet, as `fleet.kdl` names them.

use std::num::NonZeroU32;

use wlc_plan::{
    name::SignerName,
    signature::{PublicKey, SecretKey},
    trust::{Trust, TrustProblem},
};

use super::PublishError;

/// Who may sign the plan sets of a fleet, and how many of them must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    threshold: NonZeroU32,
    list: Vec<Signer>,
    current: Trust,
    all: Trust,
}

/// A signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The name.
    pub name: SignerName,
    /// The key that signs.
    pub key: PublicKey,
    /// The key that signed before, during a rotation.
    pub was: Option<PublicKey>,
}

/// Signers that cannot work together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignersError {
    /// More signatures asked for than there are signers.
    #[error("{threshold} signers must sign, and there are {count}")]
    Threshold {
        /// How many must sign.
        threshold: NonZeroU32,
        /// How many there are.
        count: usize,
    },
    /// A name that stands twice.
    #[error("the signer `{0}` is there twice")]
    Twice(SignerName),
    /// A key under two names, or too many of them.
    #[error("{0}")]
    Keys(TrustProblem),
}

impl Signers {
    /// Checks the signers of a fleet.
    pub fn new(threshold: NonZeroU32, list: Vec<Signer>) -> Result<Self, SignersError> {
        if usize::try_from(threshold.get()).map_or(true, |need| need > list.len()) {
            return Err(SignersError::Threshold { threshold, count: list.len() });
        }
        let earlier = |at: usize| list[..at].iter().any(|other| other.name == list[at].name);
        if let Some(at) = (0..list.len()).find(|&at| earlier(at)) {
            return Err(SignersError::Twice(list[at].name.clone()));
        }
        let current = list.iter().map(|signer| (signer.name.clone(), signer.key.clone()));
        let former = list.iter().filter_map(|signer| Some((signer.name.clone(), signer.was.clone()?)));
        let all = Trust::of(current.clone().chain(former)).map_err(SignersError::Keys)?;
        let current = Trust::of(current).map_err(SignersError::Keys)?;
        Ok(Self { threshold, list, current, all })
    }

    /// How many must sign.
    pub fn threshold(&self) -> NonZeroU32 {
        self.threshold
    }

    /// The signers in the order of the file.
    pub fn list(&self) -> &[Signer] {
        &self.list
    }

    /// The keys that sign now: what a new head is judged by.
    pub fn current(&self) -> &Trust {
        &self.current
    }

    /// The keys that sign now or signed before: what the last head is judged by.
    pub fn all(&self) -> &Trust {
        &self.all
    }

    /// The signer whose key this is.
    pub fn owner(&self, key: &SecretKey) -> Result<SignerName, PublishError> {
        let key = key.public();
        if let Some(signer) = self.list.iter().find(|signer| signer.key == key) {
            return Ok(signer.name.clone());
        }
        match self.list.iter().find(|signer| signer.was.as_ref() == Some(&key)) {
            Some(signer) => Err(PublishError::FormerKey { signer: signer.name.clone() }),
            None => Err(PublishError::UnknownKey { fingerprint: key.fingerprint() }),
        }
    }
}
