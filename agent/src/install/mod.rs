//! What belongs on a machine that an agent lives on: files, folders and a link, each with its mode. Values only; `lay` puts
//! them down.
//!
//! The units and the program that switches versions are part of the binary, from the files of the repository: there is one
//! source of each.

mod lay;

use std::fmt::Write;

use serde::Serialize;

pub use lay::{lay, own_program};

/// The folder of the program and of what switches it.
pub const PROGRAMS: &str = "/usr/lib/wlc";
/// The trust file until somebody writes keys into it: an agent trusts nobody with it.
const TRUST: &str =
    "# Whose plans this machine carries out, a line for each key: <signer> namespaces=\"wlc-plan\" ssh-ed25519 AAAA…\n";

/// Something that belongs on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where, from the root on.
    pub path: String,
    /// Permission bits; those of a link say nothing.
    pub mode: u32,
    /// What it is.
    pub body: Body,
    /// Whose it is.
    pub owner: Owner,
}

/// What is laid down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A folder.
    Folder,
    /// A file with these bytes.
    File(Vec<u8>),
    /// A link that leads there.
    Link(String),
}

/// Who decides what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// This version: another content is worth a word.
    Version,
    /// The people of the machine.
    Person,
}

/// How something was found, and so what is done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// It was not there, and is made.
    New,
    /// It is there as it should be, or as somebody wants it.
    There,
    /// It is there with another mode or content: it is left as it is.
    Differs(String),
    /// Something else has its name: it is left as it is, and the agent lacks what belongs there.
    InTheWay(String),
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Laid {
    /// Where, from the root on.
    pub path: String,
    /// Permission bits as people write them.
    pub mode: String,
    /// How it was found.
    pub found: Found,
}

/// Everything that belongs on the machine of an agent of this fleet, folders before what lies in them. `program` is the
/// agent's own.
pub fn items(fleet: Option<&str>, program: Vec<u8>) -> Vec<Item> {
    let folder = |path: &str, mode| item(path, mode, Body::Folder, Owner::Version);
    let file = |path: &str, mode, text: &str| item(path, mode, Body::File(text.into()), Owner::Version);
    let person = |path: &str, text: &str| item(path, 0o644, Body::File(text.into()), Owner::Person);
    let program = item(&format!("{PROGRAMS}/wlagent"), 0o755, Body::File(program), Owner::Version);
    let link = item("/usr/bin/wlagent", 0o777, Body::Link("../lib/wlc/wlagent".to_owned()), Owner::Version);
    vec![
        folder("/usr/lib/wlc", 0o755),
        program,
        file("/usr/lib/wlc/wlagent-switch", 0o755, include_str!("../../systemd/wlagent-switch")),
        link,
        folder("/etc/wlc", 0o755),
        folder("/etc/wlc/secrets", 0o700),
        person("/etc/wlc/agent.kdl", &settings(fleet)),
        person("/etc/wlc/trust", TRUST),
        folder("/var/lib/wlc", 0o755),
        folder("/var/lib/wlc/plans", 0o755),
        folder("/var/lib/wlagent", 0o700),
        file("/etc/systemd/system/wlagent.service", 0o644, include_str!("../../systemd/wlagent.service")),
        file(
            "/etc/systemd/system/wlagent-shutdown.service",
            0o644,
            include_str!("../../systemd/wlagent-shutdown.service"),
        ),
    ]
}

fn item(path: &str, mode: u32, body: Body, owner: Owner) -> Item {
    Item { path: path.to_owned(), mode, body, owner }
}

fn settings(fleet: Option<&str>) -> String {
    let fleet = fleet.map_or_else(|| "// fleet \"example\"".to_owned(), |fleet| format!("fleet \"{fleet}\""));
    format!("{fleet}\nsource \"directory\" \"/var/lib/wlc/plans\"\n")
}

/// The list as people read it.
pub fn text(laid: &[Laid]) -> String {
    let mut text = String::new();
    for Laid { path, mode, found } in laid {
        let (word, why) = match found {
            Found::New => ("new", String::new()),
            Found::There => ("there", String::new()),
            Found::Differs(why) => ("differs", format!(": {why}, left as it is")),
            Found::InTheWay(why) => ("missing", format!(": {why}, left as it is")),
        };
        writeln!(text, "{word:<8}{mode:<6}{path}{why}").expect("a text takes all that is written");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        disk::{Disk, MachineDisk},
        settings::Settings,
    };

    #[test]
    fn folders_come_before_what_lies_in_them() {
        let items = items(Some("example"), Vec::new());
        for (at, item) in items.iter().enumerate() {
            let later = &items[at + 1..];
            let inside = format!("{}/", item.path);
            assert!(!items[..at].iter().any(|before| before.path.starts_with(&inside)), "{}", item.path);
            assert!(!later.iter().any(|other| other.path == item.path), "{} twice", item.path);
        }
    }

    #[test]
    fn the_settings_are_read_by_the_agent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.kdl");
        let write = |fleet| MachineDisk.write(&path, format!("{}node \"n1\"\n", settings(fleet)).as_bytes()).unwrap();
        write(Some("example"));
        let read = Settings::read(&path).unwrap();
        assert_eq!((read.fleet.as_str(), read.source.to_str()), ("example", Some("/var/lib/wlc/plans")));
        write(None);
        assert!(Settings::read(&path).unwrap_err().to_string().contains("`fleet` is missing"));
    }
}
