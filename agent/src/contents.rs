//! The folders with the files of configs, which containers mount.
//!
//! Each mount has a folder of its own below the agent's state. Inside it the files are links through `..data`, which is
//! itself a link to a folder named by the digest: one rename swaps all files at once, as Kubernetes does it. The digest
//! of a content that is swapped in place is recorded beside the folder, after the container was told: after a crash in
//! between it is told again.
#![expect(clippy::disallowed_methods, reason = "edge: writes the files that containers mount")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    sync::Arc,
};

use wlc_plan::{
    content::ConfigContent,
    digest::Digest,
    name::{AbsolutePath, ContainerName, FileKey, SecretName},
};

use crate::files::Owner;

/// Where the contents of configs come from.
pub trait Contents: Send + Sync {
    /// The content of this digest, if it is among the accepted files.
    fn content(&self, digest: &Digest) -> Option<Arc<ConfigContent>>;
}

impl Contents for BTreeMap<Digest, Arc<ConfigContent>> {
    fn content(&self, digest: &Digest) -> Option<Arc<ConfigContent>> {
        self.get(digest).cloned()
    }
}

/// The folders of all pods below the agent's state.
#[derive(Debug, Clone)]
pub struct Folders {
    pods: PathBuf,
}

/// One mount of a container of a pod.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The pod's name.
    pub pod: &'a str,
    /// The container.
    pub container: &'a ContainerName,
    /// Where it is mounted.
    pub path: &'a AbsolutePath,
}

/// A file as it is put down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its path in the directory.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its permission bits.
    pub mode: u16,
}

impl Given {
    /// What of it stands in the directory itself.
    fn top(&self) -> &str {
        self.path.split('/').next().unwrap_or(&self.path)
    }
}

const FILES: &str = "files";
const SECRETS: &str = "secrets";
const VALUES: &str = "values";
/// How many values of secrets are kept of a container, older ones of the same keys among them.
const MOST_VALUES: usize = 200;
const RECORD: &str = "content";
const DATA: &str = "..data";
/// Permissions of folders: a container's user may look into them.
const FOLDER_MODE: u32 = 0o755;
/// Permissions of what only the agent reads.
const PRIVATE_MODE: u32 = 0o600;

impl Folders {
    /// The folders below the agent's state.
    pub fn new(state: &Path) -> Self {
        Self { pods: state.join("pods") }
    }

    /// The folder that a container mounts at `path`.
    pub fn mounted(&self, pod: &str, container: &ContainerName, path: &AbsolutePath) -> PathBuf {
        self.of(Place { pod, container, path }).join(FILES)
    }

    /// Puts a content into the folder of a mount. Readers see the old files or the new ones, never a mixture.
    ///
    /// # Errors
    /// What the file system says.
    pub fn put(&self, place: Place<'_>, digest: &Digest, content: &ConfigContent, mode: u16) -> io::Result<()> {
        let files = content.files.iter();
        let given = files.map(|(key, bytes)| Given { path: key.to_string(), bytes: bytes.0.clone(), mode });
        self.put_version(place, &format!("..{}", digest.short(16)), &given.collect::<Vec<_>>(), Owner::default())
    }

    /// Puts files into the folder of a mount. Readers see the old files or the new ones, never a mixture.
    ///
    /// # Errors
    /// What the file system says.
    pub fn put_given(&self, place: Place<'_>, given: &[Given], owner: Owner) -> io::Result<()> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for one in given {
            parts.extend([one.path.clone().into_bytes(), one.mode.to_be_bytes().to_vec(), one.bytes.clone()]);
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let version = format!("..{}", Digest::of_parts("wlc-given-1", &parts).short(16));
        self.put_version(place, &version, given, owner)
    }

    fn put_version(&self, place: Place<'_>, version: &str, given: &[Given], owner: Owner) -> io::Result<()> {
        let folder = self.of(place).join(FILES);
        fs::create_dir_all(&folder)?;
        permit(&folder, FOLDER_MODE)?;
        write_version(&folder.join(version), given, owner)?;
        swap_link(&folder, version, DATA)?;
        let top: BTreeSet<&str> = given.iter().map(Given::top).collect();
        for name in &top {
            link_if_needed(&folder, name)?;
        }
        tidy(&folder, version, &top)
    }

    /// Makes the folder of a pod, so that it has one.
    ///
    /// # Errors
    /// What the file system says.
    pub fn prepare(&self, pod: &str) -> io::Result<()> {
        fs::create_dir_all(self.pods.join(pod))
    }

    /// Records which bytes of secrets a container was given, by their digests. Only for folders in memory.
    ///
    /// # Errors
    /// What the file system says.
    pub fn record_secrets(&self, place: Place<'_>, given: &[(String, String, Digest)]) -> io::Result<()> {
        if given.is_empty() {
            return Ok(());
        }
        let lines: String = given.iter().map(|(secret, key, digest)| format!("{secret} {key} {digest}\n")).collect();
        fs::write(self.of(place).join(SECRETS), lines)
    }

    /// Which bytes of secrets the containers of a pod were given: secret, key and digest.
    pub fn given_secrets(&self, pod: &str) -> Vec<(SecretName, FileKey, Digest)> {
        let containers = entries(&self.pods.join(pod));
        let read = |path: PathBuf| fs::read_to_string(path.join(SECRETS)).unwrap_or_default();
        let records = containers.iter().flat_map(|container| {
            let folder = self.pods.join(pod).join(container);
            entries(&folder).into_iter().map(move |mount| read(folder.join(mount)))
        });
        records.flat_map(|text| text.lines().filter_map(read_given).collect::<Vec<_>>()).collect()
    }

    /// Keeps the values of secrets that a container is given, beside those that it was given before. Only for folders in
    /// memory.
    ///
    /// # Errors
    /// What the file system says.
    pub fn keep_values(&self, pod: &str, container: &ContainerName, values: &[Vec<u8>]) -> io::Result<()> {
        assert!(is_plain(pod), "pods' names have no slash and are not empty");
        let folder = self.pods.join(pod).join(container.as_str());
        let mut kept = read_values(&folder);
        kept.retain(|value| !values.contains(value));
        kept.extend_from_slice(values);
        kept.drain(..kept.len().saturating_sub(MOST_VALUES));
        fs::create_dir_all(&folder)?;
        let (new, bytes) = (folder.join("values.new"), serde_json::to_vec(&kept).expect("lists of bytes are JSON"));
        fs::write(&new, bytes)?;
        permit(&new, PRIVATE_MODE)?;
        fs::rename(new, folder.join(VALUES))
    }

    /// The values of secrets that the containers of a pod were given.
    pub fn values(&self, pod: &str) -> Vec<Vec<u8>> {
        let containers = entries(&self.pods.join(pod));
        containers.iter().flat_map(|container| read_values(&self.pods.join(pod).join(container))).collect()
    }

    /// Records that the container was told of this content.
    ///
    /// # Errors
    /// What the file system says.
    pub fn record(&self, place: Place<'_>, digest: &Digest) -> io::Result<()> {
        let folder = self.of(place);
        fs::create_dir_all(&folder)?;
        let new = folder.join("content.new");
        fs::write(&new, format!("{}\n{digest}\n", place.path))?;
        fs::rename(new, folder.join(RECORD))
    }

    /// What was recorded for the mounts of a pod. Nothing where it cannot be read: then it is put and told again.
    pub fn recorded(&self, pod: &str) -> BTreeMap<(ContainerName, AbsolutePath), Digest> {
        let containers = entries(&self.pods.join(pod));
        let mounts = |container: &String| {
            let name = ContainerName::parse(container).ok();
            let folder = self.pods.join(pod).join(container);
            entries(&folder).into_iter().filter_map(move |mount| {
                let (path, digest) = read_record(&folder.join(mount).join(RECORD))?;
                Some(((name.clone()?, path), digest))
            })
        };
        containers.iter().flat_map(mounts).collect()
    }

    /// Whether a pod has folders.
    pub fn has(&self, pod: &str) -> bool {
        self.pods.join(pod).is_dir()
    }

    /// The pods that have folders.
    pub fn pods(&self) -> BTreeSet<String> {
        entries(&self.pods).into_iter().collect()
    }

    /// Removes the folders of a pod; fine if there are none.
    ///
    /// # Errors
    /// What the file system says.
    pub fn remove(&self, pod: &str) -> io::Result<()> {
        assert!(is_plain(pod), "pods' names have no slash and are not empty");
        match fs::remove_dir_all(self.pods.join(pod)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// Paths are long and have slashes: a mount's folder is named by the digest of its path.
    fn of(&self, place: Place<'_>) -> PathBuf {
        assert!(is_plain(place.pod), "pods' names have no slash and are not empty");
        let mount = Digest::of(place.path.as_str().as_bytes()).short(16);
        self.pods.join(place.pod).join(place.container.as_str()).join(mount)
    }
}

fn is_plain(pod: &str) -> bool {
    !pod.is_empty() && !pod.starts_with('.') && !pod.contains('/')
}

fn write_version(folder: &Path, given: &[Given], owner: Owner) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    permit(folder, FOLDER_MODE)?;
    for Given { path, bytes, mode } in given {
        let file = folder.join(path);
        make_parents(folder, &file)?;
        if fs::read(&file).ok().as_ref() != Some(bytes) {
            let new = folder.join("..new");
            fs::write(&new, bytes)?;
            fs::rename(new, &file)?;
        }
        if owner != Owner::default() {
            chown(&file, owner.user, owner.group)?;
        }
        permit(&file, u32::from(*mode))?;
    }
    Ok(())
}

/// The directories between a version and a file of it.
fn make_parents(version: &Path, file: &Path) -> io::Result<()> {
    for parent in file.ancestors().skip(1).take_while(|parent| *parent != version) {
        fs::create_dir_all(parent)?;
        permit(parent, FOLDER_MODE)?;
    }
    Ok(())
}

fn read_values(folder: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(folder.join(VALUES)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn read_given(line: &str) -> Option<(SecretName, FileKey, Digest)> {
    let mut words = line.split(' ');
    let secret = SecretName::parse(words.next()?).ok()?;
    Some((secret, FileKey::parse(words.next()?).ok()?, Digest::parse(words.next()?).ok()?))
}

fn permit(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Points `folder/name` at `target`, in one step.
fn swap_link(folder: &Path, target: &str, name: &str) -> io::Result<()> {
    let new = folder.join("..link");
    remove_file_if_there(&new)?;
    symlink(target, &new)?;
    fs::rename(new, folder.join(name))
}

fn link_if_needed(folder: &Path, key: &str) -> io::Result<()> {
    let target = format!("{DATA}/{key}");
    match fs::read_link(folder.join(key)) {
        Ok(found) if found == Path::new(&target) => Ok(()),
        Ok(_) | Err(_) => swap_link(folder, &target, key),
    }
}

/// Removes the links of files that are gone, and older versions.
fn tidy(folder: &Path, version: &str, top: &BTreeSet<&str>) -> io::Result<()> {
    let keep: BTreeSet<&str> = top.iter().copied().chain([version, DATA]).collect();
    for entry in entries(folder).iter().filter(|entry| !keep.contains(entry.as_str())) {
        let path = folder.join(entry);
        if path.is_symlink() || path.is_file() { fs::remove_file(path)? } else { fs::remove_dir_all(path)? }
    }
    Ok(())
}

fn remove_file_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn read_record(path: &Path) -> Option<(AbsolutePath, Digest)> {
    let text = fs::read_to_string(path).ok()?;
    let (path, digest) = text.trim_end().split_once('\n')?;
    Some((AbsolutePath::parse(path).ok()?, Digest::parse(digest).ok()?))
}

fn entries(folder: &Path) -> Vec<String> {
    let Ok(found) = fs::read_dir(folder) else { return Vec::new() };
    found.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wlc_plan::{content::FileBytes, format::Format};

    fn content(files: &[(&str, &str)]) -> ConfigContent {
        let files = files
            .iter()
            .map(|(key, text)| (FileKey::parse(key).unwrap(), FileBytes(text.as_bytes().to_vec())))
            .collect();
        ConfigContent { format: Format::V1, files }
    }

    struct Fixture {
        _state: tempfile::TempDir,
        folders: Folders,
        container: ContainerName,
        path: AbsolutePath,
    }

    impl Fixture {
        fn new() -> Self {
            let state = tempfile::tempdir().unwrap();
            let folders = Folders::new(state.path());
            let container = ContainerName::parse("web").unwrap();
            let path = AbsolutePath::parse("/etc/site").unwrap();
            Self { _state: state, folders, container, path }
        }

        fn place(&self) -> Place<'_> {
            Place { pod: "wlc.f.web-0.12345678", container: &self.container, path: &self.path }
        }

        fn put(&self, files: &[(&str, &str)], mode: u16) -> PathBuf {
            let content = content(files);
            let digest = Digest::of(&wlc_plan::canonical::encode(&content));
            self.folders.put(self.place(), &digest, &content, mode).unwrap();
            self.folders.mounted(self.place().pod, &self.container, &self.path)
        }
    }

    #[test]
    fn a_swap_replaces_all_files_and_leaves_nothing_of_the_old_ones() {
        let fixture = Fixture::new();
        let folder = fixture.put(&[("a", "one"), ("b", "two")], 0o640);
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "one");
        assert_eq!(fs::metadata(folder.join("b")).unwrap().permissions().mode() & 0o777, 0o640);
        let before = fs::read_link(folder.join(DATA)).unwrap();
        assert_eq!(fixture.put(&[("a", "three"), ("c", "four")], 0o444), folder);
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "three");
        assert!(!folder.join("b").is_symlink());
        assert!(!folder.join(before).exists());
        assert_eq!(entries(&folder).len(), 4);
    }

    #[test]
    fn putting_the_same_again_changes_nothing() {
        let fixture = Fixture::new();
        let folder = fixture.put(&[("a", "one")], 0o644);
        let before = fs::metadata(folder.join("a")).unwrap().modified().unwrap();
        fixture.put(&[("a", "one")], 0o644);
        assert_eq!(fs::metadata(folder.join("a")).unwrap().modified().unwrap(), before);
    }

    #[test]
    fn the_record_lies_outside_of_what_is_mounted() {
        let fixture = Fixture::new();
        let folder = fixture.put(&[("a", "one")], 0o644);
        let pod = fixture.place().pod;
        assert!(fixture.folders.recorded(pod).is_empty());
        fixture.folders.record(fixture.place(), &Digest::of(b"x")).unwrap();
        let expected = BTreeMap::from([((fixture.container.clone(), fixture.path.clone()), Digest::of(b"x"))]);
        assert_eq!(fixture.folders.recorded(pod), expected);
        assert_eq!(entries(&folder).len(), 3);
        fixture.folders.remove(pod).unwrap();
        fixture.folders.remove(pod).unwrap();
        assert!(fixture.folders.recorded(pod).is_empty() && fixture.folders.pods().is_empty());
    }
}
