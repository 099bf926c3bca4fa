//! The folder `.wlc/up/`: a key, a trust file, settings, plans, a lock and the agent's state, all of which can be thrown away.
#![expect(clippy::disallowed_methods, reason = "edge: the folder of `wlc up`, and the host name")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use wlc_plan::{
    name::{FleetName, NodeName, SignerName},
    signature::SecretKey,
};

use super::super::{Failure, build};
use crate::publish::keygen::{make_key, trust_line};

/// The name under which `wlc up` signs.
pub(super) const SIGNER: &str = "up";

/// The folder of `wlc up`.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder, kept out of git, and the key at the first use.
    pub(super) fn make(root: &Path) -> Result<Self, Failure> {
        let above = root.join(".wlc");
        let folder = Self { path: above.join("up") };
        fs::create_dir_all(&folder.path).map_err(failed(&folder.path))?;
        write(&above.join(".gitignore"), "*\n")?;
        let signer = SignerName::parse(SIGNER).expect("a word of letters is a name");
        if !folder.path.join("key").exists() {
            make_key(&folder.path.join("key"), &signer).map_err(Failure::problem)?;
        }
        let line = trust_line(&signer, &folder.key()?.public());
        write(&folder.path.join("trust"), &format!("{line}\n"))?;
        Ok(folder)
    }

    /// The key that signs.
    pub(super) fn key(&self) -> Result<SecretKey, Failure> {
        build::read_key(&self.path.join("key"))
    }

    /// The plan set.
    pub(super) fn plans(&self) -> PathBuf {
        self.path.join("plans")
    }

    /// The lock.
    pub(super) fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// Writes the agent's settings.
    pub(super) fn settings(
        &self,
        fleet: &FleetName,
        node: &NodeName,
        podman: Option<&Path>,
    ) -> Result<PathBuf, Failure> {
        let podman = podman.map(|socket| format!("podman {:?}\n", socket.display().to_string())).unwrap_or_default();
        let text = format!(
            "node \"{node}\"\nfleet \"{fleet}\"\nsource \"directory\" \"plans\"\nsigners 1\ntrust \"trust\"\n{podman}\
             state \"state\"\nlisten \"agent.sock\"\n"
        );
        let path = self.path.join("agent.kdl");
        write(&path, &text)?;
        Ok(path)
    }
}

/// The name of this machine, up to the first point.
pub(super) fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().split('.').next()?.to_lowercase())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(failed(path))
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.to_owned();
    move |error| Failure::problem(format!("`{}` cannot be written: {error}", path.display()))
}
