//! Puts down the files that a container mounts, and says which part of them is a secret.

use std::path::PathBuf;

use wlc_plan::{digest::Digest, name::ContainerName};

use super::{Client, make::folder_error, secrets};
use crate::{
    action::FilesSwap,
    contents::{Folders, Given, Place},
    files::{Bytes, EnvPart, EnvText, File, Files, SecretKey},
    masks::Masks,
    podman::PodmanError,
};

impl Client {
    /// The folder in which files of a mount lie: in memory where a secret is among them.
    pub(super) fn folders_of(&self, files: &Files) -> &Folders {
        if files.are_secret() { &self.memory } else { &self.folders }
    }

    /// Puts files down, and records what they are.
    pub(super) async fn put_files(
        &self,
        pod: &str,
        container: &ContainerName,
        files: &Files,
    ) -> Result<(), PodmanError> {
        self.write_files(pod, container, files).await?;
        self.record_files(pod, container, files).await
    }

    async fn write_files(&self, pod: &str, container: &ContainerName, files: &Files) -> Result<(), PodmanError> {
        if files.are_secret() {
            let memory = self.places.memory.clone();
            self.blocking(self.places.memory.clone(), move || secrets::in_memory(&memory)).await?;
        }
        self.keep_masks(pod, container, files.secrets()).await?;
        let address = self.address_if_told(pod, files.tell_address()).await?;
        let given = self.given(files, address.as_deref())?;
        let (folders, owner) = (self.folders_of(files).clone(), files.owner);
        let (pod, container, path) = (pod.to_owned(), container.clone(), files.path.clone());
        let folder = folders.mounted(&pod, &container, &path);
        let write = move || folders.put_given(Place { pod: &pod, container: &container, path: &path }, &given, owner);
        self.blocking(folder, write).await
    }

    /// Keeps what is to be hidden in the last words of a container: the values that it is given in memory, and the names of
    /// the keys, for the time after a boot.
    pub(super) async fn keep_masks(
        &self,
        pod: &str,
        container: &ContainerName,
        keys: impl Iterator<Item = &SecretKey>,
    ) -> Result<(), PodmanError> {
        let keys: Vec<SecretKey> = keys.map(|key| SecretKey { version: None, optional: true, ..key.clone() }).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let values: Vec<Vec<u8>> = keys.iter().filter_map(|key| secrets::read(&self.places, key).ok()?).collect();
        let (memory, folders, records) = (self.places.memory.clone(), self.memory.clone(), self.records.clone());
        let (pod, container) = (pod.to_owned(), container.clone());
        let keep = move || {
            records.note_secrets(&pod, &keys.iter().collect::<Vec<_>>())?;
            secrets::in_memory(&memory)?;
            folders.keep_values(&pod, &container, &values)
        };
        self.blocking(self.places.memory.clone(), keep).await
    }

    /// What is to be hidden in the last words of a pod's containers.
    pub(super) fn masks(&self, pod: &str) -> Masks {
        let now = self.records.secrets(pod).into_iter().filter_map(|key| secrets::read(&self.places, &key).ok()?);
        Masks::of(self.memory.values(pod).into_iter().chain(now))
    }

    async fn record_files(&self, pod: &str, container: &ContainerName, files: &Files) -> Result<(), PodmanError> {
        let (folders, digest) = (self.folders_of(files).clone(), files.digest());
        let given = self.given_secrets(files);
        let (pod, container, path) = (pod.to_owned(), container.clone(), files.path.clone());
        let folder = folders.mounted(&pod, &container, &path);
        let write = move || {
            let place = Place { pod: &pod, container: &container, path: &path };
            folders.record_secrets(place, &given)?;
            folders.record(place, &digest)
        };
        self.blocking(folder, write).await
    }

    /// On a thread that may wait for the disk.
    async fn blocking(
        &self,
        folder: PathBuf,
        write: impl FnOnce() -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), PodmanError> {
        let done = tokio::task::spawn_blocking(write).await.expect("writing a folder does not panic");
        done.map_err(|error| folder_error(&folder, &error))
    }

    pub(super) async fn swap_mounted(&self, swap: &FilesSwap) -> Result<(), PodmanError> {
        self.write_files(&swap.pod, &swap.container, &swap.files).await?;
        if let Some(to) = &swap.signal {
            self.signal_if_running(&to.container, &to.signal).await?;
        }
        self.record_files(&swap.pod, &swap.container, &swap.files).await
    }

    fn given(&self, files: &Files, address: Option<&str>) -> Result<Vec<Given>, PodmanError> {
        let mut all = Vec::new();
        for file in &files.files {
            let mode = file.mode.unwrap_or(files.mode);
            all.extend(self.bytes_of(file, address)?.into_iter().map(|(path, bytes)| Given { path, bytes, mode }));
        }
        Ok(all)
    }

    fn bytes_of(&self, file: &File, address: Option<&str>) -> Result<Vec<(String, Vec<u8>)>, PodmanError> {
        let content = |digest: &Digest| self.contents.content(digest).ok_or(PodmanError::NoContent { digest: *digest });
        Ok(match &file.bytes {
            Bytes::Text(text) => vec![(file.path.clone(), text.clone().into_bytes())],
            Bytes::Address => vec![(file.path.clone(), address.unwrap_or_default().into())],
            Bytes::Content(digest) => {
                content(digest)?.files.iter().map(|(key, bytes)| (key.to_string(), bytes.0.clone())).collect()
            }
            Bytes::ContentFile(digest, key) => {
                content(digest)?.files.get(key).map(|bytes| (file.path.clone(), bytes.0.clone())).into_iter().collect()
            }
            Bytes::Secret(key) => {
                let bytes = secrets::read(&self.places, key)?;
                bytes.map(|bytes| (file.path.clone(), bytes)).into_iter().collect()
            }
        })
    }

    fn given_secrets(&self, files: &Files) -> Vec<(String, String, Digest)> {
        let of = |key: &SecretKey| {
            let bytes = secrets::read(&self.places, key).ok()??;
            Some((key.secret.to_string(), key.key.to_string(), Digest::of(&bytes)))
        };
        files.secrets().filter_map(of).collect()
    }

    /// The address of a pod, where somebody is told it. For that its infra container is started before the others.
    async fn address_if_told(&self, pod: &str, is_told: bool) -> Result<Option<String>, PodmanError> {
        if is_told { self.address_of(pod).await } else { Ok(None) }
    }

    /// The environment with the bytes of secrets and the pod's address; a variable whose secret is optional and not there is left
    /// out.
    pub(super) async fn environment(
        &self,
        pod: &str,
        env: &[(String, EnvText)],
    ) -> Result<Vec<(String, String)>, PodmanError> {
        let is_told = env.iter().any(|(_, parts)| parts.contains(&EnvPart::Address));
        let address = self.address_if_told(pod, is_told).await?.unwrap_or_default();
        let mut variables = Vec::new();
        for (name, parts) in env {
            if let Some(value) = self.value(parts, &address)? {
                variables.push((name.clone(), value));
            }
        }
        Ok(variables)
    }

    fn value(&self, parts: &EnvText, address: &str) -> Result<Option<String>, PodmanError> {
        let mut value = String::new();
        for part in parts {
            match part {
                EnvPart::Text(text) => value.push_str(text),
                EnvPart::Address => value.push_str(address),
                EnvPart::Secret(key) => match secrets::read(&self.places, key)? {
                    Some(bytes) => value.push_str(&String::from_utf8_lossy(&bytes)),
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(value))
    }
}
