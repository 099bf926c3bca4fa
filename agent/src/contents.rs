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
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::Arc,
};

use wlc_plan::{
    content::ConfigContent,
    digest::Digest,
    name::{AbsolutePath, ContainerName},
};

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

const FILES: &str = "files";
const RECORD: &str = "content";
const DATA: &str = "..data";
/// Permissions of folders: a container's user may look into them.
const FOLDER_MODE: u32 = 0o755;

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
        let folder = self.of(place).join(FILES);
        fs::create_dir_all(&folder)?;
        permit(&folder, FOLDER_MODE)?;
        let version = format!("..{}", digest.short(16));
        write_version(&folder.join(&version), content, mode)?;
        swap_link(&folder, &version, DATA)?;
        for key in content.files.keys() {
            link_if_needed(&folder, key.as_str())?;
        }
        tidy(&folder, &version, content)
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

fn write_version(folder: &Path, content: &ConfigContent, mode: u16) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    permit(folder, FOLDER_MODE)?;
    for (key, bytes) in &content.files {
        let file = folder.join(key.as_str());
        if fs::read(&file).ok().as_ref() != Some(&bytes.0) {
            let new = folder.join("..new");
            fs::write(&new, &bytes.0)?;
            fs::rename(new, &file)?;
        }
        permit(&file, u32::from(mode))?;
    }
    Ok(())
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
fn tidy(folder: &Path, version: &str, content: &ConfigContent) -> io::Result<()> {
    let keep: BTreeSet<&str> = content.files.keys().map(|key| key.as_str()).chain([version, DATA]).collect();
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
    use wlc_plan::{content::FileBytes, format::Format, name::FileKey};

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
