//! What the agent notes beside Podman about the containers of a pod (edge): whether a post-start hook has ended, when a stop
//! was begun, and the file with a container's last words.
//!
//! A note lives as long as its pod. Losing it costs a second run of a hook, which hooks bear (S-339), or a grace that begins
//! anew.
#![expect(clippy::disallowed_methods, reason = "edge: writes notes, and the files for last words")]

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use wlc_plan::name::{FileKey, SecretName};

use crate::{clock::Moment, files::SecretKey, observed::HookOutcome};

/// Most bytes of a container's last words (S-285).
const MESSAGE_BYTES: u64 = 4_096;
/// Whatever user a container runs as may leave its last words.
const OPEN_TO_ALL: u32 = 0o666;
const STOP: &str = "stop";
const SECRETS: &str = "secrets";
const DONE: &str = "done";

/// The notes of all pods below the agent's state.
#[derive(Debug, Clone)]
pub struct Records {
    folder: PathBuf,
}

impl Records {
    /// The notes below the agent's state.
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join("records") }
    }

    /// The agent's state, which the notes are below.
    pub fn state(&self) -> PathBuf {
        self.folder.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// Notes how the post-start hook of a container ended.
    ///
    /// # Errors
    /// What the file system says.
    pub fn note_hook(&self, pod: &str, container: &str, outcome: &HookOutcome) -> io::Result<()> {
        let text = match outcome {
            HookOutcome::Done => DONE,
            HookOutcome::Failed(why) => why,
        };
        self.write(pod, &hook_file(container), text)
    }

    /// How the post-start hook of a container ended, where it has.
    pub fn hook(&self, pod: &str, container: &str) -> Option<HookOutcome> {
        let text = fs::read_to_string(self.of(pod).join(hook_file(container))).ok()?;
        Some(if text == DONE { HookOutcome::Done } else { HookOutcome::Failed(text) })
    }

    /// Notes that the stop of a pod has begun; tells when it did, which may be before a crash.
    ///
    /// # Errors
    /// What the file system says.
    pub fn begin_stop(&self, pod: &str, now: Moment) -> io::Result<Moment> {
        match self.stopping(pod) {
            Some(begun) => Ok(begun),
            None => self.write(pod, STOP, &now.0.to_string()).map(|()| now),
        }
    }

    /// When the stop of a pod began, where it has.
    pub fn stopping(&self, pod: &str) -> Option<Moment> {
        fs::read_to_string(self.of(pod).join(STOP)).ok()?.parse().ok().map(Moment)
    }

    /// Makes the file for a container's last words, if there is none.
    ///
    /// # Errors
    /// What the file system says.
    pub fn make_message(&self, pod: &str, container: &str) -> io::Result<()> {
        let path = self.message_path(pod, container);
        if !path.is_file() {
            fs::create_dir_all(self.of(pod))?;
            fs::write(&path, "")?;
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(OPEN_TO_ALL))
    }

    /// The file that a container mounts for its last words.
    pub fn message_path(&self, pod: &str, container: &str) -> PathBuf {
        self.of(pod).join(format!("{container}.message"))
    }

    /// A container's last words; empty where it left none.
    pub fn message(&self, pod: &str, container: &str) -> String {
        let mut bytes = Vec::new();
        let file = fs::File::open(self.message_path(pod, container));
        let read = file.and_then(|file| file.take(MESSAGE_BYTES).read_to_end(&mut bytes));
        read.map(|_| String::from_utf8_lossy(&bytes).trim_end().to_owned()).unwrap_or_default()
    }

    /// Notes which secrets a pod is given, by secret and key; never their bytes.
    ///
    /// # Errors
    /// What the file system says.
    pub fn note_secrets(&self, pod: &str, keys: &[&SecretKey]) -> io::Result<()> {
        let noted = self.secrets(pod);
        let all: BTreeSet<&SecretKey> = noted.iter().chain(keys.iter().copied()).collect();
        if all.len() == noted.len() {
            return Ok(());
        }
        let lines: String = all.iter().map(|key| format!("{} {}\n", key.secret, key.key)).collect();
        self.write(pod, SECRETS, &lines)
    }

    /// The secrets that a pod was given.
    pub fn secrets(&self, pod: &str) -> BTreeSet<SecretKey> {
        let text = fs::read_to_string(self.of(pod).join(SECRETS)).unwrap_or_default();
        let read = |line: &str| {
            let (secret, key) = line.split_once(' ')?;
            let (secret, key) = (SecretName::parse(secret).ok()?, FileKey::parse(key).ok()?);
            Some(SecretKey { secret, key, version: None, optional: true })
        };
        text.lines().filter_map(read).collect()
    }

    /// The pods that have notes.
    pub fn pods(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// Removes the notes of a pod; fine if there are none.
    ///
    /// # Errors
    /// What the file system says.
    pub fn remove(&self, pod: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.of(pod)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn write(&self, pod: &str, file: &str, text: &str) -> io::Result<()> {
        let folder = self.of(pod);
        fs::create_dir_all(&folder)?;
        let new = folder.join("new");
        fs::write(&new, text)?;
        fs::rename(new, folder.join(file))
    }

    fn of(&self, pod: &str) -> PathBuf {
        assert!(
            !pod.is_empty() && !pod.starts_with('.') && !pod.contains('/'),
            "pods' names have no slash and are not empty"
        );
        self.folder.join(pod)
    }
}

fn hook_file(container: &str) -> String {
    format!("{container}.post-start")
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "wlc.f.web-0.12345678";

    #[test]
    fn notes_are_read_back_and_go_with_their_pod() {
        let state = tempfile::tempdir().unwrap();
        let records = Records::new(state.path());
        assert_eq!((records.hook(POD, "a.0"), records.stopping(POD)), (None, None));
        records.note_hook(POD, "a.0", &HookOutcome::Done).unwrap();
        records.note_hook(POD, "a.1", &HookOutcome::Failed("it ended with 1".to_owned())).unwrap();
        assert_eq!(records.hook(POD, "a.0"), Some(HookOutcome::Done));
        assert_eq!(records.hook(POD, "a.1"), Some(HookOutcome::Failed("it ended with 1".to_owned())));
        assert_eq!(records.begin_stop(POD, Moment(7)).unwrap(), Moment(7));
        assert_eq!(records.begin_stop(POD, Moment(9)).unwrap(), Moment(7), "a stop goes on where it was");
        assert_eq!(records.pods(), BTreeSet::from([POD.to_owned()]));
        records.remove(POD).unwrap();
        records.remove(POD).unwrap();
        assert_eq!((records.stopping(POD), records.pods()), (None, BTreeSet::new()));
    }

    #[test]
    fn secrets_are_noted_by_their_names() {
        let state = tempfile::tempdir().unwrap();
        let records = Records::new(state.path());
        let key = |secret: &str, version: Option<&str>| SecretKey {
            secret: SecretName::parse(secret).unwrap(),
            key: FileKey::parse("tls.key").unwrap(),
            version: version.map(str::to_owned),
            optional: true,
        };
        records.note_secrets(POD, &[&key("web", None)]).unwrap();
        records.note_secrets(POD, &[&key("db", None), &key("web", None)]).unwrap();
        assert_eq!(records.secrets(POD), BTreeSet::from([key("db", None), key("web", None)]));
    }

    /// S-285: at most 4096 bytes; whoever the container runs as may write them.
    #[test]
    fn last_words_are_bounded() {
        let state = tempfile::tempdir().unwrap();
        let records = Records::new(state.path());
        records.make_message(POD, "a.0").unwrap();
        assert_eq!(records.message(POD, "a.0"), "");
        let path = records.message_path(POD, "a.0");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
        fs::write(&path, "x".repeat(9_000)).unwrap();
        records.make_message(POD, "a.0").unwrap();
        assert_eq!(records.message(POD, "a.0").len(), 4_096);
    }
}
