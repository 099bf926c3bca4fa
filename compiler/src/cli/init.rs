//! `wlc init`: a new repository that builds.
#![expect(clippy::disallowed_methods, reason = "edge: writes the files of a new repository")]

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use wlc_plan::name::{FleetName, NodeName, SignerName};

use super::{Done, FINE, Failure, PROBLEMS, output};
use crate::{files::ROOT_FILE, publish::keygen::make_key};

/// Makes a new repository that builds: a fleet of one node with one workload, a signing key, and what CI runs.
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// The folder; it is made where it is missing.
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// The name of the fleet; without it, the folder's.
    #[arg(long, value_name = "NAME")]
    fleet: Option<String>,
    /// The name of the node; without it, this machine's.
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Adds the workflow for a forge.
    #[arg(long, value_enum, value_name = "FORGE")]
    ci: Option<Forge>,
}

/// A forge whose CI the workflow is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Forge {
    Github,
    Gitlab,
    Forgejo,
}

impl Forge {
    /// Path and text of its workflow.
    fn workflow(self) -> (&'static str, &'static str) {
        match self {
            Self::Github => (".github/workflows/wlc.yml", include_str!("init/github.yml")),
            Self::Gitlab => (".gitlab-ci.yml", include_str!("init/gitlab.yml")),
            Self::Forgejo => (".forgejo/workflows/wlc.yml", include_str!("init/forgejo.yml")),
        }
    }
}

impl Init {
    pub(super) fn run(&self, dir: &Path) -> Done {
        let folder = dir.join(&self.folder);
        fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        if folder.join(ROOT_FILE).exists() {
            return Err(Failure::new(PROBLEMS, format!("`{}` is there already", folder.join(ROOT_FILE).display())));
        }
        let fleet = self.fleet_name(&folder)?;
        let node = self.node_name()?;
        let signer = SignerName::parse("ci").map_err(Failure::problem)?;
        let key = make_key(&folder.join("ci.key"), &signer).map_err(Failure::problem)?;
        let fill = |text: &str| {
            text.replace("{fleet}", fleet.as_str())
                .replace("{node}", node.as_str())
                .replace("{signer}", &key.fleet_line)
        };
        for (path, text) in self.texts(&node) {
            write_new(&folder.join(path), &fill(text))?;
        }
        write_new(&folder.join("trust"), &format!("{}\n", key.trust_line))?;
        output::note(&format!("made fleet `{fleet}` with node `{node}` in `{}`", folder.display()));
        output::note(&format!(
            "`{}` signs its plans: keep it out of git, give it to CI as a secret",
            key.secret_file.display()
        ));
        output::note("next: `wlc lock`, then `wlc build --key ci.key`");
        Ok(FINE)
    }

    fn texts(&self, node: &NodeName) -> Vec<(String, &'static str)> {
        let mut texts = vec![
            (ROOT_FILE.to_owned(), include_str!("init/fleet.kdl")),
            (format!("nodes/{node}.kdl"), include_str!("init/node.kdl")),
            ("workloads/hello.kdl".to_owned(), include_str!("init/hello.kdl")),
            (".gitignore".to_owned(), include_str!("init/gitignore")),
            ("ci/check.sh".to_owned(), include_str!("init/check.sh")),
            ("ci/publish.sh".to_owned(), include_str!("init/publish.sh")),
        ];
        texts.extend(self.ci.map(Forge::workflow).map(|(path, text)| (path.to_owned(), text)));
        texts
    }

    fn fleet_name(&self, folder: &Path) -> Result<FleetName, Failure> {
        let name = self.fleet.clone().or_else(|| {
            let folder = folder.canonicalize().ok()?;
            Some(folder.file_name()?.to_string_lossy().to_lowercase().replace(['_', '.', ' '], "-"))
        });
        let name = name.unwrap_or_default();
        FleetName::parse(&name).map_err(|error| Failure::new(PROBLEMS, format!("{error}; say it with `--fleet NAME`")))
    }

    fn node_name(&self) -> Result<NodeName, Failure> {
        let name = self.node.clone().or_else(|| {
            let host = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
            Some(host.trim().split('.').next()?.to_lowercase())
        });
        let name = name.unwrap_or_default();
        NodeName::parse(&name).map_err(|error| Failure::new(PROBLEMS, format!("{error}; say it with `--node NAME`")))
    }
}

/// Writes a file that is not there; scripts may be run.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    if path.exists() {
        output::note(&format!("`{}` is there already and stays as it is", path.display()));
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    }
    fs::write(path, text).map_err(|error| failed(path, &error))?;
    if path.extension().is_some_and(|extension| extension == "sh") {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(|error| failed(path, &error))?;
    }
    Ok(())
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::new(PROBLEMS, format!("`{}` cannot be written: {error}", path.display()))
}
