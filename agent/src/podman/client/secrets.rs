//! Secrets of the node: read where the node keeps them, put down in memory only.
//!
//! A key lies at `<secrets>/<name>/<key>`, or among the credentials that systemd hands over, as `<name>.<key>`. Its bytes
//! are never logged, and never written below the agent's state.
#![expect(clippy::disallowed_methods, reason = "edge: reads the node's secrets, and makes the folder in memory")]

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::statfs,
    mount::{MountFlags, mount},
};
use wlc_plan::{
    digest::Digest,
    name::{FileKey, SecretName},
};

use crate::{
    disk::read_regular,
    files::SecretKey,
    podman::{PodmanError, places::Places},
};

/// Linux's numbers of file systems that lie in memory (statfs(2)): tmpfs and ramfs.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
/// Only the agent looks into the folder; containers see the parts of it that they mount.
const PRIVATE: u32 = 0o700;
/// A key has at most so many bytes, as in Kubernetes all keys of a secret together.
const MOST_BYTES: u64 = 1 << 20;

/// All keys that the node has, with digests of their bytes.
pub(super) fn all(places: &Places) -> BTreeMap<(SecretName, FileKey), Digest> {
    let credentials = places.credentials.iter().flat_map(|folder| credentials(folder));
    let own = names(&places.secrets).into_iter().filter_map(|name| SecretName::parse(&name).ok());
    let own = own.flat_map(|secret| {
        let folder = places.secrets.join(secret.as_str());
        let keys = names(&folder).into_iter().filter_map(|name| FileKey::parse(&name).ok());
        keys.map(|key| (folder.join(key.as_str()), (secret.clone(), key))).collect::<Vec<_>>()
    });
    credentials
        .chain(own)
        .filter_map(|(path, key)| Some((key, Digest::of(&read_regular(&path, MOST_BYTES).ok()?))))
        .collect()
}

fn credentials(folder: &Path) -> Vec<(PathBuf, (SecretName, FileKey))> {
    let read = |name: String| {
        let (secret, key) = name.split_once('.')?;
        Some((folder.join(&name), (SecretName::parse(secret).ok()?, FileKey::parse(key).ok()?)))
    };
    names(folder).into_iter().filter_map(read).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(found) = fs::read_dir(folder) else { return Vec::new() };
    found.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// The bytes of a key; none where the node does not have it and it is optional.
pub(super) fn read(places: &Places, key: &SecretKey) -> Result<Option<Vec<u8>>, PodmanError> {
    let own = places.secrets.join(key.secret.as_str()).join(key.key.as_str());
    let credential = places.credentials.as_ref().map(|folder| folder.join(format!("{}.{}", key.secret, key.key)));
    for path in std::iter::once(&own).chain(&credential) {
        match read_regular(path, MOST_BYTES) {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(missing(key, format!("{}: {error}", path.display()))),
        }
    }
    if key.optional { Ok(None) } else { Err(missing(key, format!("{} is not there", own.display()))) }
}

fn missing(key: &SecretKey, why: String) -> PodmanError {
    PodmanError::NoSecret { secret: key.secret.to_string(), key: key.key.to_string(), why }
}

/// Makes sure that a folder is there and lies in memory; where it would not, a file system in memory is mounted on it.
pub(super) fn in_memory(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(PRIVATE))?;
    let kind = u64::try_from(statfs(folder)?.f_type).unwrap_or(0);
    if IN_MEMORY.contains(&kind) {
        return Ok(());
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("tmpfs", folder, "tmpfs", flags, Some(c"mode=0700"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(secrets: &Path) -> Places {
        Places { secrets: secrets.to_owned(), credentials: None, ..Places::default() }
    }

    /// C-381: the agents of two fleets of one machine read each its own folder, and the bytes of a secret of the same name are
    /// not the same.
    #[test]
    fn a_secret_of_the_same_name_in_another_fleet_is_another() {
        let key = SecretKey {
            secret: SecretName::parse("db").unwrap(),
            key: FileKey::parse("password").unwrap(),
            version: None,
            optional: true,
        };
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        for (folder, bytes) in folders.iter().zip(["one", "two"]) {
            fs::create_dir(folder.path().join("db")).unwrap();
            fs::write(folder.path().join("db/password"), bytes).unwrap();
        }
        let found = folders.each_ref().map(|folder| read(&places(folder.path()), &key).unwrap());
        assert_eq!(found, [Some(b"one".to_vec()), Some(b"two".to_vec()), None]);
        let [one, two, none] = folders.each_ref().map(|folder| all(&places(folder.path())));
        assert_eq!((one.len(), two.len(), none.len()), (1, 1, 0));
        assert_ne!(one, two);
    }
}
