//! The agent's settings: one KDL file, every word of it known, every fault of it reported at once.
//!
//! Relative paths are relative to the folder of the file. What is left out has a default, but for `fleet` and `source`.
#![expect(clippy::disallowed_methods, reason = "edge: reads the agent's config and the host name")]

use std::{
    fmt,
    fs::{self, File},
    io::Read,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use kdl::{KdlDocument, KdlNode};
use wlc_plan::name::{FleetName, NameError, NodeName};

use crate::plain::plain;

/// Where the config lies unless `--config` says otherwise.
pub const DEFAULT_FILE: &str = "/etc/wlc/agent.kdl";
/// More bytes than any config needs.
const MOST_BYTES: u64 = 16 << 10;
/// No config has a block; nested deep, these make the parser overflow its stack or run for hours.
const NESTING: [&str; 3] = ["{", "}", "/*"];
/// How often each of them may stand in a config, whether it nests or not.
const MOST_NESTING: usize = 8;
/// How many faults are told.
const MOST_TOLD: usize = 20;
/// How many characters of a line are shown.
const MOST_SHOWN: usize = 160;
const WORDS: [&str; 11] =
    ["node", "fleet", "source", "signers", "trust", "secrets", "auth-file", "podman", "state", "listen", "http"];

/// The agent's settings, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The node that this machine is.
    pub node: NodeName,
    /// The fleet that it belongs to.
    pub fleet: FleetName,
    /// The directory with the plan set.
    pub source: PathBuf,
    /// How many signers must have signed a plan set.
    pub signers: NonZeroU32,
    /// The allowed signers.
    pub trust: PathBuf,
    /// Folder of the node's secrets.
    pub secrets: PathBuf,
    /// File of the node's credentials for registries.
    pub auth_file: PathBuf,
    /// Podman's socket.
    pub podman: PathBuf,
    /// Folder of the agent's state; each fleet has one of its own below it.
    pub state: PathBuf,
    /// The socket on which the agent tells its status.
    pub listen: PathBuf,
    /// Where it tells it over the loopback too, if anywhere.
    pub http: Option<SocketAddr>,
}

/// A config that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    file: PathBuf,
    text: String,
    problems: Vec<Problem>,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    message: String,
    help: Option<String>,
    /// First byte and number of bytes; none where the whole file is meant.
    span: Option<(usize, usize)>,
}

impl Settings {
    /// Reads the file.
    ///
    /// # Errors
    /// All faults of the file at once.
    pub fn read(file: &Path) -> Result<Self, SettingsError> {
        let refused = |message| {
            let problem = Problem { message, help: None, span: None };
            SettingsError { file: file.to_owned(), text: String::new(), problems: vec![problem] }
        };
        let mut text = String::new();
        let read = File::open(file).and_then(|opened| opened.take(MOST_BYTES + 1).read_to_string(&mut text));
        let size = read.map_err(|error| refused(format!("cannot be read: {error}")))?;
        if size as u64 > MOST_BYTES {
            return Err(refused(format!("is too long; a config has at most {MOST_BYTES} bytes")));
        }
        if let Some(sign) = NESTING.into_iter().find(|sign| text.matches(sign).count() > MOST_NESTING) {
            return Err(refused(format!("has `{sign}` more than {MOST_NESTING} times; a config has no blocks")));
        }
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        Self::parse(&file, &text, host_name().as_deref())
    }

    /// The agent's state for its fleet.
    pub fn fleet_state(&self) -> PathBuf {
        self.state.join(self.fleet.as_str())
    }

    /// Those of a machine whose config is gone: the usual paths.
    pub fn usual(fleet: &FleetName) -> Self {
        let text = format!("node \"here\"\nfleet \"{fleet}\"\nsource \"directory\" \"/var/lib/wlc/plans\"\n");
        Self::parse(Path::new(DEFAULT_FILE), &text, None).expect("it has what must be said")
    }

    fn parse(file: &Path, text: &str, host: Option<&str>) -> Result<Self, SettingsError> {
        let mut problems = Vec::new();
        let settings = match KdlDocument::parse_v2(text) {
            Ok(document) => Reader { document: &document, file, problems: &mut problems }.settings(host),
            Err(error) => {
                problems.extend(error.diagnostics.iter().map(|one| Problem {
                    message: one.message.clone().unwrap_or_else(|| "this is no KDL".to_owned()),
                    help: one.help.clone(),
                    span: Some((one.span.offset(), one.span.len())),
                }));
                None
            }
        };
        match settings {
            Some(settings) if problems.is_empty() => Ok(settings),
            Some(_) | None => Err(SettingsError { file: file.to_owned(), text: text.to_owned(), problems }),
        }
    }
}

/// Podman's socket where nothing else is said.
pub fn default_podman() -> PathBuf {
    runtime_folder().join("podman/podman.sock")
}

/// The host name up to its first dot.
pub fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().split('.').next().unwrap_or_default().to_ascii_lowercase())
}

struct Reader<'a> {
    document: &'a KdlDocument,
    file: &'a Path,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn settings(&mut self, host: Option<&str>) -> Option<Settings> {
        self.refuse_unknown();
        let node = self.name("node", NodeName::parse).or_else(|| self.default_node(host));
        let fleet = self.name("fleet", FleetName::parse);
        let source = self.source();
        let runtime = runtime_folder();
        let signers = self.signers();
        let trust = self.path("trust", || PathBuf::from("/etc/wlc/trust"));
        let secrets = self.path("secrets", || PathBuf::from("/etc/wlc/secrets"));
        let auth_file = self.path("auth-file", || PathBuf::from("/etc/wlc/auth.json"));
        let podman = self.path("podman", default_podman);
        let state = self.path("state", || PathBuf::from("/var/lib/wlagent"));
        let socket = fleet.as_ref().map_or_else(String::new, |fleet| format!("wlagent/{fleet}.sock"));
        let listen = self.path("listen", || runtime.join(socket));
        for (word, value) in [("fleet", fleet.is_none()), ("source", source.is_none())] {
            if value && self.find(word).is_none() {
                self.problem(format!("`{word}` is missing"), Some(example(word).to_owned()), None);
            }
        }
        let http = self.http();
        let (node, fleet, source) = (node?, fleet?, source?);
        Some(Settings { node, fleet, source, signers, trust, secrets, auth_file, podman, state, listen, http })
    }

    fn problem(&mut self, message: String, help: Option<String>, node: Option<&KdlNode>) {
        let span = node.map(|node| (node.name().span().offset(), node.name().span().len()));
        self.problems.push(Problem { message, help, span });
    }

    fn find(&self, word: &str) -> Option<&KdlNode> {
        self.document.nodes().iter().find(|node| node.name().value() == word)
    }

    fn refuse_unknown(&mut self) {
        let document = self.document;
        for (index, node) in document.nodes().iter().enumerate() {
            let word = node.name().value();
            if !WORDS.contains(&word) {
                let nearest = WORDS.iter().min_by_key(|known| strsim::damerau_levenshtein(known, word));
                let near = nearest.filter(|known| strsim::damerau_levenshtein(known, word) <= 2);
                let help = near.map_or_else(
                    || format!("known are {}", WORDS.map(|word| format!("`{word}`")).join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.problem(
                    format!("`{}` is no word of the agent's config", word.escape_debug()),
                    Some(help),
                    Some(node),
                );
            } else if document.nodes()[..index].iter().any(|before| before.name().value() == word) {
                self.problem(format!("`{word}` is said twice"), None, Some(node));
            }
        }
    }

    /// The arguments of a word, if they are strings and as many as expected; a fault where they are not.
    fn strings<const COUNT: usize>(&mut self, word: &str) -> Option<[String; COUNT]> {
        let node = self.document.nodes().iter().find(|node| node.name().value() == word)?;
        let values = node.entries().iter().filter(|entry| entry.name().is_none());
        let values: Option<Vec<String>> = values.map(|entry| entry.value().as_string().map(str::to_owned)).collect();
        let plain = node.children().is_none() && node.entries().iter().all(|entry| entry.name().is_none());
        let values = values.filter(|_| plain).and_then(|values| <[String; COUNT]>::try_from(values).ok());
        if values.is_none() {
            self.problem(format!("`{word}` is not said as it should be"), Some(example(word).to_owned()), Some(node));
        }
        values
    }

    fn name<Name>(&mut self, word: &str, parse: fn(&str) -> Result<Name, NameError>) -> Option<Name> {
        let [text] = self.strings(word)?;
        match parse(&text) {
            Ok(name) => Some(name),
            Err(error) => {
                let node = self.document.nodes().iter().find(|node| node.name().value() == word);
                self.problem(error.to_string(), None, node);
                None
            }
        }
    }

    fn default_node(&mut self, host: Option<&str>) -> Option<NodeName> {
        if self.find("node").is_some() {
            return None;
        }
        let name = host.and_then(|host| NodeName::parse(host).ok());
        if name.is_none() {
            let help = Some(example("node").to_owned());
            self.problem("`node` is missing, and the host name is no node's name".to_owned(), help, None);
        }
        name
    }

    fn source(&mut self) -> Option<PathBuf> {
        let [kind, path] = self.strings("source")?;
        if kind == "directory" {
            return Some(self.absolute(&path));
        }
        let node = self.document.nodes().iter().find(|node| node.name().value() == "source");
        let message = format!("`{}` is no source of plans in this version", kind.escape_debug());
        self.problem(message, Some(example("source").to_owned()), node);
        None
    }

    fn signers(&mut self) -> NonZeroU32 {
        let Some(node) = self.document.nodes().iter().find(|node| node.name().value() == "signers") else {
            return NonZeroU32::MIN;
        };
        let count = match node.entries() {
            [entry] if entry.name().is_none() => entry.value().as_integer(),
            _ => None,
        };
        let count = count.and_then(|count| u32::try_from(count).ok()).and_then(NonZeroU32::new);
        if count.is_none() {
            let message = "`signers` is a whole number, at least 1".to_owned();
            self.problem(message, Some(example("signers").to_owned()), Some(node));
        }
        count.unwrap_or(NonZeroU32::MIN)
    }

    /// An address of the loopback with a port; no other address is taken.
    fn http(&mut self) -> Option<SocketAddr> {
        let [text] = self.strings("http")?;
        let address: Option<SocketAddr> = text.parse().ok();
        let message = match address {
            Some(address) if address.ip().is_loopback() && address.port() != 0 => return Some(address),
            Some(address) if !address.ip().is_loopback() => {
                format!("`{}` is no loopback address, and the agent asks nobody who they are", address.ip())
            }
            Some(_) | None => format!("`{}` is no address with a port", text.escape_debug()),
        };
        let node = self.document.nodes().iter().find(|node| node.name().value() == "http");
        self.problem(message, Some(example("http").to_owned()), node);
        None
    }

    fn path(&mut self, word: &str, default: impl FnOnce() -> PathBuf) -> PathBuf {
        if self.find(word).is_none() {
            return default();
        }
        self.strings(word).map_or_else(PathBuf::new, |[path]| self.absolute(&path))
    }

    fn absolute(&self, path: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("/")).join(path)
    }
}

/// Where sockets of this user lie.
pub(crate) fn runtime_folder() -> PathBuf {
    let user = rustix::process::geteuid();
    if user.is_root() { PathBuf::from("/run") } else { PathBuf::from(format!("/run/user/{}", user.as_raw())) }
}

fn example(word: &str) -> &'static str {
    match word {
        "node" => "as in: node \"n1\"",
        "fleet" => "as in: fleet \"example\"",
        "source" => "as in: source \"directory\" \"/srv/plans\"",
        "signers" => "as in: signers 1",
        "http" => "as in: http \"127.0.0.1:9633\"",
        _ => "as in: trust \"/etc/wlc/trust\", with one path",
    }
}

impl fmt::Display for SettingsError {
    /// Each fault with its line, underlined.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        for (index, Problem { message, help, span }) in self.problems.iter().take(MOST_TOLD).enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            match *span {
                None => write!(formatter, "{separator}{file}: {message}")?,
                Some((offset, length)) => {
                    let before = self.text.get(..offset).unwrap_or(&self.text);
                    let line = before.lines().count().max(1) + usize::from(before.ends_with('\n'));
                    let line = if before.is_empty() { 1 } else { line };
                    let start = before.rfind('\n').map_or(0, |at| at + 1);
                    let shown = self.text[start..].lines().next().unwrap_or_default();
                    let column = before[start..].chars().count();
                    write!(formatter, "{separator}{file}:{line}:{}: {message}", column + 1)?;
                    if column < MOST_SHOWN {
                        let shown = plain(&shown.chars().take(MOST_SHOWN).collect::<String>());
                        let width = length.clamp(1, shown.chars().count().saturating_sub(column).max(1));
                        write!(formatter, "\n  | {shown}\n  | {}{}", " ".repeat(column), "^".repeat(width))?;
                    }
                }
            }
            if let Some(help) = help {
                write!(formatter, "\n  = {help}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        Settings::parse(Path::new("/etc/wlc/agent.kdl"), text, Some("n1")).map_err(|error| error.to_string())
    }

    #[test]
    fn two_lines_suffice() {
        let settings = parse("fleet \"example\"\nsource \"directory\" \"plans\"\n").unwrap();
        assert_eq!(settings.node.as_str(), "n1");
        assert_eq!(settings.source, Path::new("/etc/wlc/plans"));
        assert_eq!(settings.trust, Path::new("/etc/wlc/trust"));
        assert_eq!(settings.fleet_state(), Path::new("/var/lib/wlagent/example"));
        assert_eq!(settings.signers.get(), 1);
    }

    #[test]
    fn every_fault_is_told_at_its_place() {
        let text = "fleet \"Example\"\nsorce \"directory\" \"plans\"\nsigners 0\nfleet \"b\"\nstate 1\n";
        let told = parse(text).unwrap_err();
        for part in [
            "agent.kdl:2:1: `sorce` is no word",
            "  | sorce \"directory\" \"plans\"\n  | ^^^^^\n  = did you mean `source`?",
            "agent.kdl:1:1: `Example` is no fleet name",
            "agent.kdl:3:1: `signers` is a whole number, at least 1",
            "agent.kdl:4:1: `fleet` is said twice",
            "agent.kdl:5:1: `state` is not said as it should be",
            "`source` is missing",
        ] {
            assert!(told.contains(part), "{part} in:\n{told}");
        }
    }

    #[test]
    fn the_loopback_alone_is_listened_on() {
        let of = |http: &str| parse(&format!("fleet \"example\"\nsource \"directory\" \"plans\"\n{http}\n"));
        assert_eq!(of("").unwrap().http, None);
        for good in ["127.0.0.1:9633", "[::1]:9633", "127.8.8.8:1"] {
            assert_eq!(of(&format!("http \"{good}\"")).unwrap().http, good.parse().ok());
        }
        for (bad, why) in [
            ("http \"0.0.0.0:9633\"", "agent.kdl:3:1: `0.0.0.0` is no loopback address"),
            ("http \"[::]:9633\"", "`::` is no loopback address"),
            ("http \"10.0.0.11:9633\"", "`10.0.0.11` is no loopback address"),
            ("http \"127.0.0.1:0\"", "`127.0.0.1:0` is no address with a port"),
            ("http \"localhost:9633\"", "`localhost:9633` is no address with a port"),
            ("http 9633", "`http` is not said as it should be"),
        ] {
            let told = of(bad).unwrap_err();
            assert!(told.contains(why), "{why} in:\n{told}");
            assert!(told.contains("as in: http \"127.0.0.1:9633\""), "{told}");
        }
    }

    #[test]
    fn hostile_files_are_refused_before_the_parser_sees_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.kdl");
        let bombs = [
            ("a {".repeat(5_000), "has `{` more than"),
            ("a /-{".repeat(28), "has `{` more than"),
            ("}".repeat(16_000), "has `}` more than"),
            ("/*".repeat(8_000), "has `/*` more than"),
            ("a".repeat(17_000), "is too long"),
        ];
        for (text, why) in bombs {
            fs::write(&file, text).unwrap();
            let told = Settings::read(&file).unwrap_err().to_string();
            assert!(told.contains(why), "{why} in:\n{told}");
        }
        assert!(Settings::read(Path::new("/dev/zero")).unwrap_err().to_string().contains("is too long"));
        fs::write(&file, "=;".repeat(8_000)).unwrap();
        let told = Settings::read(&file).unwrap_err().to_string();
        assert!(told.len() < 16_000, "{} bytes", told.len());
    }

    #[test]
    fn what_is_no_kdl_is_told_too() {
        assert!(parse("fleet \"a\nsource {").unwrap_err().contains("agent.kdl:"));
    }
}
