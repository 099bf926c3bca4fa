//! Puts down what belongs on a machine (edge). What is there is never changed: a file appears whole, by a link of its
//! finished bytes, and only where its name is free.
//!
//! All paths are followed inside of the root: an absolute link in the folder of an image leads into the image.
#![expect(clippy::disallowed_methods, reason = "edge: lays files down for the installation, and reads its own program")]

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{
        AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat, fchmod, fsync, linkat, mkdirat, openat, openat2,
        readlinkat, statat, symlinkat, unlinkat,
    },
    io::Errno,
};

use super::{Body, Found, Item, Laid, Owner};

/// How the name of a file begins that is being written.
const BESIDE: &str = ".wlc-new.";

/// The bytes of the program that runs.
///
/// # Errors
/// The kernel does not show it.
pub fn own_program() -> io::Result<Vec<u8>> {
    fs::read("/proc/self/exe")
}

/// Lays down what is missing below `root`; with `dry_run` it only tells what that would be.
///
/// # Errors
/// The first path that cannot be looked at or made, and why; what was laid before stays.
pub fn lay(root: &Path, items: &[Item], dry_run: bool) -> Result<Vec<Laid>, (String, io::Error)> {
    let failed = |path: &str| {
        let path = path.to_owned();
        move |error: io::Error| (path, error)
    };
    if !dry_run {
        fs::create_dir_all(root).map_err(failed("/"))?;
    }
    let opened = File::open(root).map(OwnedFd::from);
    let opened = if dry_run && !root.exists() { None } else { Some(opened.map_err(failed("/"))?) };
    let mut laid = Vec::new();
    for item in items {
        let found = lay_one(opened.as_ref(), item, dry_run).map_err(failed(&item.path))?;
        let mode = if matches!(item.body, Body::Link(_)) { "link".to_owned() } else { format!("{:04o}", item.mode) };
        laid.push(Laid { path: item.path.clone(), mode, found });
    }
    Ok(laid)
}

fn lay_one(root: Option<&OwnedFd>, item: &Item, dry_run: bool) -> io::Result<Found> {
    let (parent, name) = item.path.trim_start_matches('/').rsplit_once('/').unwrap_or(("", &item.path));
    let parent = match root {
        Some(root) => folder(root, parent, dry_run)?,
        None => None,
    };
    // Without its folder a thing is missing too.
    let Some(parent) = parent else { return Ok(Found::New) };
    if let Some(stat) = look(&parent, name)? {
        return compare(&parent, name, &stat, item);
    }
    if !dry_run && !make(&parent, name, item)? {
        let stat = look(&parent, name)?.ok_or_else(|| io::Error::other("somebody else makes and removes it"))?;
        return compare(&parent, name, &stat, item);
    }
    Ok(Found::New)
}

/// The folder at a path, with all that lead to it; none where it is missing and nothing is to be made.
fn folder(root: &OwnedFd, path: &str, dry_run: bool) -> io::Result<Option<OwnedFd>> {
    let mut at = String::from(".");
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let before = at.clone();
        at = format!("{at}/{part}");
        match open_folder(root, &at) {
            Err(Errno::NOENT) if dry_run => return Ok(None),
            Err(Errno::NOENT) => make_folder(&open_folder(root, &before)?, part, 0o755).map(drop)?,
            other => other.map(drop)?,
        }
    }
    Ok(Some(open_folder(root, &at)?))
}

fn open_folder(root: &OwnedFd, path: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat2(root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS)
}

fn look(parent: &OwnedFd, name: &str) -> io::Result<Option<Stat>> {
    match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn compare(parent: &OwnedFd, name: &str, stat: &Stat, item: &Item) -> io::Result<Found> {
    let differs = |why: &str| Ok(Found::Differs(why.to_owned()));
    let in_the_way = |why: &str| Ok(Found::InTheWay(why.to_owned()));
    let (kind, mode) = (FileType::from_raw_mode(stat.st_mode), stat.st_mode & 0o7777);
    match (&item.body, kind) {
        // Wherever somebody lets a folder or their own file lie is their word.
        (Body::Folder, FileType::Symlink) => return Ok(Found::There),
        (Body::Folder, FileType::Directory) | (Body::File(_), FileType::RegularFile) => {}
        (Body::File(_), _) if item.owner == Owner::Person => return Ok(Found::There),
        (Body::Link(to), FileType::Symlink) => {
            let is_same = readlinkat(parent, name, Vec::new())?.to_bytes() == to.as_bytes();
            return if is_same { Ok(Found::There) } else { differs("it leads elsewhere") };
        }
        (Body::Folder, _) => return in_the_way("it is no folder"),
        (Body::File(_), _) => return in_the_way("it is no file"),
        (Body::Link(_), _) => return differs("it is no link"),
    }
    if item.owner == Owner::Person {
        return Ok(Found::There);
    }
    if mode != item.mode {
        return differs(&format!("its mode is {mode:04o}"));
    }
    match &item.body {
        Body::File(bytes) if !has_bytes(parent, name, bytes)? => differs("its content is not this version's"),
        Body::File(_) | Body::Folder | Body::Link(_) => Ok(Found::There),
    }
}

fn has_bytes(parent: &OwnedFd, name: &str, bytes: &[u8]) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(openat(parent, name, flags, Mode::empty())?).take(bytes.len() as u64 + 1);
    let mut found = Vec::new();
    file.read_to_end(&mut found)?;
    Ok(found == bytes)
}

/// False where somebody else was first.
fn make(parent: &OwnedFd, name: &str, item: &Item) -> io::Result<bool> {
    match &item.body {
        Body::Folder => make_folder(parent, name, item.mode),
        Body::Link(to) => was_first(symlinkat(to.as_str(), parent, name)),
        Body::File(bytes) => make_file(parent, name, bytes, item.mode),
    }
}

fn make_folder(parent: &OwnedFd, name: &str, mode: u32) -> io::Result<bool> {
    let made = was_first(mkdirat(parent, name, Mode::from_raw_mode(mode)))?;
    if made {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // The mask of the process may have taken bits away.
        fchmod(openat(parent, name, flags, Mode::empty())?, Mode::from_raw_mode(mode))?;
        fsync(parent)?;
    }
    Ok(made)
}

/// Written beside, made to reach the disk, and linked: a full disk or a power loss leaves no half file under the name.
fn make_file(parent: &OwnedFd, name: &str, bytes: &[u8], mode: u32) -> io::Result<bool> {
    let beside = format!("{BESIDE}{name}");
    let written = write_beside(parent, &beside, bytes, mode)
        .and_then(|()| was_first(linkat(parent, beside.as_str(), parent, name, AtFlags::empty())));
    // Nobody misses what was only on its way.
    let _ = unlinkat(parent, beside.as_str(), AtFlags::empty());
    let is_made = written?;
    fsync(parent.as_fd())?;
    Ok(is_made)
}

fn write_beside(parent: &OwnedFd, beside: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    match unlinkat(parent, beside, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(parent, beside, flags, Mode::RUSR | Mode::WUSR)?);
    file.write_all(bytes)?;
    fchmod(&file, Mode::from_raw_mode(mode))?;
    file.sync_all()
}

fn was_first(made: Result<(), Errno>) -> io::Result<bool> {
    match made {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{super::items, *};

    fn install(root: &Path, dry_run: bool) -> Vec<Laid> {
        lay(root, &items(Some("example"), b"program".to_vec()), dry_run).unwrap()
    }

    fn found(laid: &[Laid], path: &str) -> Found {
        laid.iter().find(|one| one.path == path).unwrap().found.clone()
    }

    fn names(root: &Path) -> Vec<String> {
        let disk = crate::disk::MachineDisk;
        crate::disk::Disk::list(&disk, root).unwrap()
    }

    #[test]
    fn a_dry_run_tells_the_same_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("image");
        let told = install(&root, true);
        assert!(!root.exists());
        assert!(told.iter().all(|one| one.found == Found::New));
        assert_eq!(install(&root, false), told);
        let again = install(&root, false);
        assert!(again.iter().all(|one| one.found == Found::There), "{again:?}");
        assert_eq!(install(&root, true), again);
        for one in again.iter().filter(|one| one.mode != "link") {
            let path = root.join(one.path.trim_start_matches('/'));
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            assert_eq!(format!("{mode:04o}"), one.mode, "{}", one.path);
        }
        assert_eq!(fs::read(root.join("usr/bin/wlagent")).unwrap(), b"program");
        assert!(!names(&root).iter().any(|name| name.contains(BESIDE)));
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("etc/wlc/secrets")).unwrap();
        fs::write(root.join("etc/wlc/agent.kdl"), "mine").unwrap();
        fs::create_dir_all(root.join("etc/systemd/system")).unwrap();
        fs::write(root.join("etc/systemd/system/wlagent.service"), "mine too").unwrap();
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        fs::write(root.join("usr/bin/wlagent"), "older").unwrap();
        fs::create_dir_all(root.join("var/lib")).unwrap();
        fs::write(root.join("var/lib/wlagent"), "no folder").unwrap();
        let told = install(root, true);
        let laid = install(root, false);
        assert_eq!(laid, told);
        assert_eq!(found(&laid, "/etc/wlc/agent.kdl"), Found::There);
        let differs = |path: &str| match found(&laid, path) {
            Found::Differs(why) => why,
            other @ (Found::New | Found::There | Found::InTheWay(_)) => panic!("{path}: {other:?}"),
        };
        assert!(differs("/etc/wlc/secrets").contains("mode"));
        assert!(differs("/etc/systemd/system/wlagent.service").contains("content"));
        assert_eq!(differs("/usr/bin/wlagent"), "it is no link");
        assert_eq!(found(&laid, "/var/lib/wlagent"), Found::InTheWay("it is no folder".to_owned()));
        for (path, text) in [
            ("etc/wlc/agent.kdl", "mine"),
            ("etc/systemd/system/wlagent.service", "mine too"),
            ("usr/bin/wlagent", "older"),
            ("var/lib/wlagent", "no folder"),
        ] {
            assert_eq!(fs::read_to_string(root.join(path)).unwrap(), text);
        }
    }

    /// An image may have `/etc` or `/var` as an absolute link: that is meant inside of the image.
    #[test]
    fn links_lead_into_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("image"), folder.path().join("outside"));
        fs::create_dir_all(root.join("state")).unwrap();
        fs::create_dir_all(&outside).unwrap();
        symlink("/state", root.join("var")).unwrap();
        symlink("../../../../../../../..", root.join("etc")).unwrap();
        install(&root, false);
        assert!(root.join("state/lib/wlagent").is_dir());
        assert!(root.join("wlc/agent.kdl").is_file(), "`..` ends at the root");
        assert_eq!(names(&outside), [""; 0]);
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("usr/lib/wlc")).unwrap();
        // With what is put before it while it is written, the name is too long.
        let name = "x".repeat(250);
        let item = Item {
            path: format!("/usr/lib/wlc/{name}"),
            mode: 0o755,
            body: Body::File(vec![0; 10]),
            owner: Owner::Version,
        };
        let (path, _) = lay(folder.path(), std::slice::from_ref(&item), false).unwrap_err();
        assert_eq!(path, item.path);
        assert_eq!(names(folder.path()), [""; 0]);
    }
}
