//! Gives the files of a volume to the group of its pod. Kubernetes: `fsGroup` (P-123); host paths are never touched.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown},
    path::Path,
};

use wlc_plan::spec::{FsGroup, FsGroupChange};

/// New files in a directory get its group.
const SET_GROUP: u32 = 0o2000;
/// The group reads and writes, and looks into directories.
const DIRECTORY: u32 = 0o770;
const FILE: u32 = 0o660;

/// Gives a volume to the group: at each call, or only where its top directory belongs to another.
pub(super) fn give(folder: &Path, to: FsGroup) -> io::Result<()> {
    let is_due = match to.change {
        FsGroupChange::Always => true,
        FsGroupChange::OnRootMismatch => fs::metadata(folder)?.gid() != to.group,
    };
    if is_due { give_all(folder, to.group) } else { Ok(()) }
}

/// The top directory is the last, so that what broke off in between is seen the next time.
fn give_all(folder: &Path, group: u32) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { give_all(&entry.path(), group)? } else { give_one(&entry.path(), group)? }
    }
    give_one(folder, group)
}

fn give_one(path: &Path, group: u32) -> io::Result<()> {
    lchown(path, None, Some(group))?;
    let found = fs::symlink_metadata(path)?;
    let more = if found.is_dir() { DIRECTORY | SET_GROUP } else { FILE };
    if found.is_symlink() {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(found.mode() & 0o7777 | more))
}
