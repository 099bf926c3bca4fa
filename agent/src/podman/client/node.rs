//! What the node has: paths of their kind, devices, and names of the Container Device Interface.
#![expect(
    clippy::disallowed_methods,
    reason = "edge: looks at paths and devices of the node, and makes paths that are to be made"
)]

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

use wlc_plan::{
    binding::CoreSet,
    need::FactNeed,
    quantity::Bytes,
    spec::{NodePath, PathKind},
};

use super::Client;
use crate::{
    action::NodeNeeds,
    facts,
    podman::{PodmanError, cdi},
};

/// Where Podman looks for specifications of the Container Device Interface.
const CDI_FOLDERS: [&str; 2] = ["/etc/cdi", "/var/run/cdi"];

impl Client {
    pub(super) async fn check(&self, needs: &NodeNeeds) -> Result<(), PodmanError> {
        let (needs, root, state) = (needs.clone(), self.places.root.clone(), self.records.state());
        let looked = tokio::task::spawn_blocking(move || check(&needs, &root, &state));
        looked.await.expect("looking at the node does not panic")
    }
}

fn check(needs: &NodeNeeds, root: &Path, state: &Path) -> Result<(), PodmanError> {
    facts(&needs.facts, root, state)?;
    numbers("core", &needs.cores, "/sys/devices/system/cpu/online")?;
    numbers("NUMA node", &needs.numa, "/sys/devices/system/node/online")?;
    needs.pages.iter().try_for_each(|page| pages(*page))?;
    needs.paths.iter().try_for_each(path)?;
    for device in &needs.devices {
        let is_device = |kind: fs::FileType| kind.is_char_device() || kind.is_block_device();
        if !fs::metadata(device.as_str()).is_ok_and(|found| is_device(found.file_type()) || found.is_dir()) {
            return Err(missing(format!("device `{device}`"), "nothing is there; `wlagent facts` tells what is"));
        }
    }
    let known = if needs.cdi.is_empty() { Vec::new() } else { specifications() };
    for name in &needs.cdi {
        cdi::find(name, &known).map_err(|why| missing(format!("CDI device `{name}`"), &why))?;
    }
    Ok(())
}

/// Whether the kernel hands programs of another kind of machine to this emulator.
pub(super) fn emulates(emulator: &str) -> bool {
    Path::new("/proc/sys/fs/binfmt_misc").join(emulator).exists()
}

/// The machine is read anew, since its facts may be older than it.
fn facts(needs: &[FactNeed], root: &Path, state: &Path) -> Result<(), PodmanError> {
    if needs.is_empty() {
        return Ok(());
    }
    let machine = facts::collect(root, state).map_err(|error| missing("facts".to_owned(), &error.to_string()))?;
    facts::unmet(needs, &machine).map_or(Ok(()), |unmet| Err(missing(unmet.what, &unmet.why)))
}

/// Numbers of cores or NUMA nodes that the kernel has on line.
fn numbers(what: &str, wanted: &CoreSet, online: &str) -> Result<(), PodmanError> {
    let known = fs::read_to_string(online).ok().and_then(|text| CoreSet::try_from(text.trim().to_owned()).ok());
    let known = known.unwrap_or_default();
    match wanted.iter().find(|number| !known.iter().any(|one| one == *number)) {
        Some(number) => Err(missing(format!("{what} {number}"), &format!("{known} are on line"))),
        None => Ok(()),
    }
}

/// Huge pages of a size that the kernel has.
fn pages(Bytes(size): Bytes) -> Result<(), PodmanError> {
    let folder = format!("/sys/kernel/mm/hugepages/hugepages-{}kB", size >> 10);
    if !Path::new(&folder).is_dir() {
        return Err(missing(format!("huge pages of {}", Bytes(size)), &format!("{folder} is not there")));
    }
    if limits_huge_pages() {
        Ok(())
    } else {
        Err(missing("control group of huge pages".to_owned(), "it cannot limit them"))
    }
}

/// Whether control groups can limit huge pages: the old ones in a hierarchy of their own, the new ones where it is said.
fn limits_huge_pages() -> bool {
    let said = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
    Path::new("/sys/fs/cgroup/hugetlb").is_dir() || said.split_whitespace().any(|one| one == "hugetlb")
}

fn missing(what: String, why: &str) -> PodmanError {
    PodmanError::NotOnNode { what, why: why.to_owned() }
}

fn specifications() -> Vec<cdi::Specification> {
    let files = CDI_FOLDERS.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let paths: Vec<PathBuf> = files.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.iter().filter_map(|path| cdi::read(&fs::read_to_string(path).ok()?)).collect()
}

/// Kubernetes: `hostPath.type` (S-394).
fn path(needed: &NodePath) -> Result<(), PodmanError> {
    let at = Path::new(needed.path.as_str());
    let what = |kind: &str| format!("{kind} `{}`", needed.path);
    let made = match needed.kind {
        PathKind::DirectoryOrCreate if !at.exists() => fs::create_dir_all(at),
        PathKind::FileOrCreate if !at.exists() => fs::File::create_new(at).map(drop),
        PathKind::Directory
        | PathKind::DirectoryOrCreate
        | PathKind::File
        | PathKind::FileOrCreate
        | PathKind::Socket
        | PathKind::CharDevice
        | PathKind::BlockDevice => Ok(()),
    };
    let found = made.and_then(|()| fs::metadata(at)).map(|found| found.file_type());
    let (word, fits): (&str, fn(&fs::FileType) -> bool) = match needed.kind {
        PathKind::Directory | PathKind::DirectoryOrCreate => ("directory", fs::FileType::is_dir),
        PathKind::File | PathKind::FileOrCreate => ("file", fs::FileType::is_file),
        PathKind::Socket => ("socket", FileTypeExt::is_socket),
        PathKind::CharDevice => ("character device", FileTypeExt::is_char_device),
        PathKind::BlockDevice => ("block device", FileTypeExt::is_block_device),
    };
    match found {
        Ok(found) if fits(&found) => Ok(()),
        Ok(_) => Err(missing(what(word), "something else is there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing(what(word), "nothing is there")),
        Err(error) => Err(missing(what(word), &error.to_string())),
    }
}

/// Makes the part of a volume that is mounted, where it is not there. What a container put there as a link is never
/// followed: it could lead out of the volume.
pub(super) fn make_part(volume: &Path, part: &str) -> io::Result<()> {
    let mut folder = volume.to_owned();
    for name in part.split('/') {
        folder.push(name);
        match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_symlink() => return Err(io::Error::other("a link, which is not followed")),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir(&folder)?;
                fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
