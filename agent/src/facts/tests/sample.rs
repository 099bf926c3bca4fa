//! A small tree that a test builds for itself.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::super::{AgentFacts, Machine, read, render};

/// The folder that stands for `/`.
pub(super) struct Sample {
    folder: tempfile::TempDir,
}

impl Sample {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and the folders above it.
    pub(super) fn file(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Makes a folder and those above it.
    pub(super) fn folder(&self, path: &str) -> &Self {
        fs::create_dir_all(self.root().join(path)).unwrap();
        self
    }

    /// Makes a link with the text `target`.
    pub(super) fn link(&self, path: &str, target: impl AsRef<Path>) -> &Self {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    /// A PCI function as the kernel lays it out: a folder below `devices`, and a link to it.
    pub(super) fn pci(&self, address: &str, vendor_device_class: [&str; 3], numa: i32) -> String {
        let folder = format!("sys/devices/pci0000:00/{address}");
        for (name, value) in ["vendor", "device", "class"].into_iter().zip(vendor_device_class) {
            self.file(&format!("{folder}/{name}"), format!("{value}\n"));
        }
        self.file(&format!("{folder}/numa_node"), format!("{numa}\n"));
        self.link(&format!("sys/bus/pci/devices/{address}"), format!("../../../devices/pci0000:00/{address}"));
        folder
    }

    pub(super) fn read(&self) -> Machine {
        read(self.root()).unwrap()
    }
}

/// The facts of `machine` as text, with an agent that never changes.
pub(super) fn text_of(machine: &Machine) -> String {
    render("captured", machine, None, &AgentFacts { version: "0.1.0".to_owned(), formats: 1 })
}
