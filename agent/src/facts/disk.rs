//! Whole disks. What only stands on a disk or in memory (loop, ram, zram, device mapper, md) is none, and neither is a
//! drive whose medium comes and goes.

use serde::Serialize;
use wlc_plan::quantity::Bytes;

use super::tree::Tree;

const FOLDER: &str = "sys/block";
/// The unit of `size`, whatever the disk's own block size is.
const SECTOR: u64 = 512;
/// How many devices may stand on one partition before we stop asking; this also ends circles.
const HOLDERS: usize = 256;
/// The beginnings of the names of block devices that are no disk.
const NO_DISKS: [&str; 12] = ["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "zd", "bcache", "drbd", "rbd"];

/// One whole disk.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disk {
    /// The kernel's name, `nvme0n1`.
    pub name: String,
    /// What it is made of.
    pub kind: Option<DiskKind>,
    /// How much it holds.
    pub size: Bytes,
    /// The maker's name of the model.
    pub model: Option<String>,
    /// Whether what is stored on it is encrypted.
    pub encryption: Encryption,
}

/// What a disk is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DiskKind {
    /// Flash behind NVMe.
    Nvme,
    /// Flash behind another bus.
    Ssd,
    /// Rotating.
    Hdd,
    /// Given by a hypervisor, which does not say what is behind it.
    Virtual,
}

/// Whether a disk is encrypted, as far as the kernel can tell: drives that encrypt by themselves do not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// dm-crypt holds the disk, or its largest partition, with all that stands on it.
    DmCrypt,
    /// Not known.
    Unknown,
}

impl DiskKind {
    /// The name in the source.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nvme => "nvme",
            Self::Ssd => "ssd",
            Self::Hdd => "hdd",
            Self::Virtual => "virtual",
        }
    }
}

/// Reads the disks by name.
pub(super) fn read(tree: &Tree) -> Vec<Disk> {
    tree.names(FOLDER).into_iter().filter(|name| is_disk(tree, name)).filter_map(|name| disk(tree, name)).collect()
}

fn is_disk(tree: &Tree, name: &str) -> bool {
    let says = |file: &str| tree.text(&format!("{FOLDER}/{name}/{file}")).as_deref() == Some("1");
    let boot_area = name.starts_with("mmcblk") && (name.contains("boot") || name.contains("rpmb"));
    !NO_DISKS.iter().any(|no_disk| name.starts_with(no_disk)) && !boot_area && !says("removable") && !says("hidden")
}

/// A disk without a size has no medium, and is none.
fn disk(tree: &Tree, name: String) -> Option<Disk> {
    let file = |file: &str| format!("{FOLDER}/{name}/{file}");
    let size = tree.number(&file("size")).and_then(|sectors| sectors.checked_mul(SECTOR)).filter(|size| *size > 0)?;
    Some(Disk {
        kind: kind(&name, tree.text(&file("queue/rotational")).as_deref()),
        size: Bytes(size),
        model: tree.text(&file("device/model")),
        encryption: encryption(tree, &name),
        name,
    })
}

fn kind(name: &str, rotational: Option<&str>) -> Option<DiskKind> {
    if name.starts_with("nvme") {
        return Some(DiskKind::Nvme);
    }
    if name.starts_with("vd") || name.starts_with("xvd") {
        return Some(DiskKind::Virtual);
    }
    match rotational {
        Some("0") => Some(DiskKind::Ssd),
        Some("1") => Some(DiskKind::Hdd),
        Some(_) | None => None,
    }
}

fn encryption(tree: &Tree, name: &str) -> Encryption {
    let disk = format!("{FOLDER}/{name}");
    let is_encrypted = is_held_by_crypt(tree, &disk, &mut { HOLDERS })
        || largest_partitions(tree, &disk, name).iter().any(|part| is_held_by_crypt(tree, part, &mut { HOLDERS }));
    if is_encrypted { Encryption::DmCrypt } else { Encryption::Unknown }
}

/// An encrypted swap beside a plain system does not make a disk encrypted: what holds most of it decides.
fn largest_partitions(tree: &Tree, disk: &str, name: &str) -> Vec<String> {
    let partitions =
        tree.names(disk).into_iter().filter(|entry| entry.starts_with(name)).map(|entry| format!("{disk}/{entry}"));
    let sized: Vec<(u64, String)> =
        partitions.map(|path| (tree.number(&format!("{path}/size")).unwrap_or(0), path)).collect();
    let largest = sized.iter().map(|(size, _)| *size).max();
    sized.into_iter().filter(|(size, _)| Some(*size) == largest).map(|(_, path)| path).collect()
}

/// Whether something stands on `device`, and each such thing is dm-crypt or has only dm-crypt on it; `left` counts down.
fn is_held_by_crypt(tree: &Tree, device: &str, left: &mut usize) -> bool {
    let holders = tree.names(&format!("{device}/holders"));
    !holders.is_empty() && holders.iter().all(|name| is_crypt(tree, &format!("{device}/holders/{name}"), left))
}

fn is_crypt(tree: &Tree, holder: &str, left: &mut usize) -> bool {
    let Some(fewer) = left.checked_sub(1) else { return false };
    *left = fewer;
    let uuid = tree.text(&format!("{holder}/dm/uuid"));
    uuid.is_some_and(|uuid| uuid.starts_with("CRYPT-")) || is_held_by_crypt(tree, holder, left)
}
