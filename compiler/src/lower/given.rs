//! What configs and secrets bring: contents, keys and versions.

use std::collections::BTreeMap;

use wlc_plan::{
    canonical,
    content::ConfigContent,
    digest::Digest,
    name::{ConfigName, FileKey, SecretName},
};

use crate::model::secret::Secret;

/// The contents of all configs, and what is known of all secrets.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    configs: BTreeMap<ConfigName, ConfigContent>,
    secrets: BTreeMap<SecretName, SecretWord>,
}

/// What a plan says of a secret: never its bytes.
#[derive(Debug, Clone)]
pub(super) struct SecretWord {
    /// Its keys, in the order of the file.
    pub(super) keys: Vec<FileKey>,
    /// Its author's word for the bytes.
    pub(super) version: Option<String>,
}

impl Contents {
    /// Nothing at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// The content of a config.
    pub fn get(&self, config: &ConfigName) -> Option<&ConfigContent> {
        self.configs.get(config)
    }

    /// Whether a config has a content.
    pub fn contains_key(&self, config: &ConfigName) -> bool {
        self.configs.contains_key(config)
    }

    /// All contents.
    pub fn values(&self) -> impl Iterator<Item = &ConfigContent> {
        self.configs.values()
    }

    /// Adds the content of a config.
    pub fn insert(&mut self, config: ConfigName, content: ConfigContent) {
        self.configs.insert(config, content);
    }

    /// Adds what is known of a secret.
    pub(super) fn insert_secret(&mut self, secret: &Secret) {
        let word = SecretWord {
            keys: secret.keys.iter().map(|key| key.name.value.clone()).collect(),
            version: secret.version.as_ref().map(|version| version.value.clone()),
        };
        self.secrets.insert(secret.name.value.clone(), word);
    }

    /// The digest of the content of a config.
    pub(super) fn digest(&self, config: &ConfigName) -> Option<Digest> {
        self.get(config).map(|content| Digest::of(&canonical::encode(content)))
    }

    /// What is known of a secret.
    pub(super) fn secret(&self, secret: &SecretName) -> Option<&SecretWord> {
        self.secrets.get(secret)
    }
}
