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

use wlc_plan::spec::{NodePath, PathKind};

use super::Client;
use crate::{
    action::NodeNeeds,
    podman::{PodmanError, cdi},
};

/// Where Podman looks for specifications of the Container Device Interface.
const CDI_FOLDERS: [&str; 2] = ["/etc/cdi", "/var/run/cdi"];

impl Client {
    pub(super) async fn check(&self, needs: &NodeNeeds) -> Result<(), PodmanError> {
        let needs = needs.clone();
        let looked = tokio::task::spawn_blocking(move || check(&needs));
        looked.await.expect("looking at the node does not panic")
    }
}

fn check(needs: &NodeNeeds) -> Result<(), PodmanError> {
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
