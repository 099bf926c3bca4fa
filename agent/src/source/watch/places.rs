//! Which folders are watched for a directory, and which names in them matter (edge: looks at folders and links).

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use wlc_plan::name::NodeName;

/// How many links may follow each other, as in the kernel.
const LINKS_AT_MOST: usize = 40;

/// What names a folder for the kernel: a watch belongs to it, whatever path leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    device: u64,
    number: u64,
}

/// A folder that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) interest: Interest,
}

/// Which changes in a watched folder matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Interest {
    /// All of them: it is part of the set.
    All,
    /// Those of some names: it holds a link or a folder on the way to the set.
    Names(BTreeSet<OsString>),
}

impl Interest {
    /// Whether a change at `path`, directly in the folder, matters.
    pub(super) fn covers(&self, path: &Path) -> bool {
        match self {
            Self::All => true,
            Self::Names(names) => path.file_name().is_some_and(|name| names.contains(name)),
        }
    }

    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Names(mut names), Self::Names(others)) => {
                names.extend(others);
                Self::Names(names)
            }
            (Self::All, _) | (_, Self::All) => Self::All,
        }
    }
}

/// The folders to watch for the set at `root` that `node` reads.
pub(super) fn places(root: &Path, node: &NodeName) -> BTreeMap<Identity, Place> {
    let mut places = BTreeMap::new();
    let of_node = format!("nodes/{node}");
    for below in ["", "heads", "index", "specs", "nodes", &of_node] {
        let path = if below.is_empty() { root.to_owned() } else { root.join(below) };
        add(&mut places, path, Interest::All);
    }
    for step in steps_to(root) {
        if let (Some(folder), Some(name)) = (nearest_folder(&step), step.file_name()) {
            let name = name_below(&folder, &step).unwrap_or_else(|| name.to_owned());
            add(&mut places, folder, Interest::Names(BTreeSet::from([name])));
        }
    }
    places
}

fn add(places: &mut BTreeMap<Identity, Place>, path: PathBuf, interest: Interest) {
    let Ok(metadata) = fs::metadata(&path) else {
        return;
    };
    if !metadata.is_dir() {
        return;
    }
    let identity = Identity { device: metadata.dev(), number: metadata.ino() };
    let place = match places.remove(&identity) {
        Some(Place { path, interest: other }) => Place { path, interest: other.join(interest) },
        None => Place { path, interest },
    };
    places.insert(identity, place);
}

/// The directory's own path and every link on the way to it: an exchange of one of them leads to another set.
fn steps_to(root: &Path) -> Vec<PathBuf> {
    let mut steps = vec![root.to_owned()];
    let mut waiting = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        for part in path.ancestors() {
            let Ok(target) = fs::read_link(part) else {
                continue;
            };
            let target = part.parent().unwrap_or(Path::new("/")).join(target);
            if steps.len() < LINKS_AT_MOST {
                steps.extend([part.to_owned(), target.clone()]);
                waiting.push(target);
            }
        }
    }
    steps
}

/// The nearest folder above `path` that exists.
fn nearest_folder(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_owned)
}

/// The first name below `folder` on the way to `path`.
fn name_below(folder: &Path, path: &Path) -> Option<OsString> {
    path.strip_prefix(folder).ok()?.components().next().map(|part| part.as_os_str().to_owned())
}
