//! What somebody on the node may say to the running agent, over its socket. The ledger keeps it until it is done.

mod trigger;

use std::{collections::BTreeMap, fmt};

use wlc_plan::name::{EnvName, ReplicaName, WorkloadName};

pub use self::trigger::NoRun;
use self::trigger::{given, triggered};
use crate::{
    agent::Agent,
    events::{Event, Whom},
    ledger::{Hold, jobs::Trigger},
    plain::plain,
    podman::raw::encoded,
    status::document::{Document, Instance},
};

/// A word to the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The name that was said: of a workload or replica.
    pub name: String,
    /// Who said it.
    pub by: String,
    /// What.
    pub ask: Ask,
}

/// What is asked of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The pods of these replicas are made anew, in their turn; what is replaced on delete gets its new revision.
    Restart(Vec<ReplicaName>),
    /// What failed for these replicas is tried again at once.
    Retry(Vec<Meant>),
    /// A job or cron job runs now.
    Trigger {
        /// Which.
        workload: WorkloadName,
        /// What the run is given.
        parameters: BTreeMap<EnvName, String>,
    },
    /// A workload or replica is left alone.
    Hold {
        /// Why.
        reason: Option<String>,
    },
    /// What was held goes on.
    Release {
        /// The names that were held.
        names: Vec<String>,
        /// The replicas that were.
        replicas: Vec<Meant>,
    },
}

/// A replica that a name means.
pub type Meant = (ReplicaName, WorkloadName);

/// What is said beside the name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// Who says it, in their own words.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What a run is given: names and values.
    pub parameters: Vec<(String, String)>,
}

/// What stands before the name of a parameter in a query.
const PARAMETER: &str = "parameter.";

impl Beside {
    /// Reads the query of a request; what it does not know means nothing.
    pub fn read(query: &str) -> Self {
        let value =
            |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(decoded);
        let given = query.split('&').filter_map(|pair| pair.strip_prefix(PARAMETER)?.split_once('='));
        let parameters = given.map(|(name, value)| (decoded(name), decoded(value))).collect();
        Self { by: value("by"), reason: value("reason"), parameters }
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.by.iter().try_for_each(|by| write!(formatter, "by={}&", encoded(by)))?;
        self.reason.iter().try_for_each(|reason| write!(formatter, "reason={}&", encoded(reason)))?;
        let mut given = self.parameters.iter();
        given.try_for_each(|(name, value)| write!(formatter, "{PARAMETER}{}={}&", encoded(name), encoded(value)))
    }
}

/// A text that stood in a query. What is not encoded well stays as it is.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Most characters of a name or reason that somebody says.
const MOST_SAID: usize = 500;

/// Why a word is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The path is that of no word.
    #[error("there is no such word")]
    NoWord,
    /// Nobody has the name.
    #[error("no workload or replica `{0}` is on this node")]
    Nobody(String),
    /// It cannot run now.
    #[error(transparent)]
    NoRun(#[from] NoRun),
    /// Nothing of that name is held.
    #[error("`{0}` is not held")]
    NotHeld(String),
    /// A replica is held with its workload.
    #[error("`{replica}` is held with all of `{workload}`; release that")]
    HeldWithAll {
        /// The replica.
        replica: String,
        /// Its workload.
        workload: WorkloadName,
    },
}

impl Word {
    /// The word in a request `POST /<word>/<name>` by the user of this number, with what is said beside it.
    ///
    /// # Errors
    /// There is no such word, or nobody whom it could mean.
    pub fn read(path: &str, user: u32, beside: &Beside, document: &Document) -> Result<Self, NotTaken> {
        let (word, name) = path.strip_prefix('/').and_then(|path| path.split_once('/')).ok_or(NotTaken::NoWord)?;
        let meant: Vec<&Instance> = document.of_name(name).collect();
        let is_job = document.jobs.iter().any(|job| job.workload.as_str() == name);
        let somebody = || if meant.is_empty() && !is_job { Err(NotTaken::Nobody(name.to_owned())) } else { Ok(()) };
        let of_job = || Some((ReplicaName::parse(name).ok()?, WorkloadName::parse(name).ok()?)).filter(|_| is_job);
        let pairs = || {
            let known = meant.iter().filter_map(|one| Some((one.replica.clone(), one.workload.clone()?)));
            known.chain(of_job()).collect()
        };
        let by = match beside.by.as_deref().map(cut).filter(|by| !by.is_empty()) {
            Some(by) => format!("{by} (user {user})"),
            None => format!("user {user}"),
        };
        let ask = match word {
            "restart" => {
                somebody()?;
                Ask::Restart(meant.iter().map(|one| one.replica.clone()).collect())
            }
            "retry" => {
                somebody()?;
                Ask::Retry(pairs())
            }
            "trigger" => {
                let (workload, parameters) = triggered(name, &beside.parameters, document)?;
                Ask::Trigger { workload, parameters }
            }
            "hold" => {
                somebody()?;
                Ask::Hold { reason: beside.reason.as_deref().map(cut).filter(|reason| !reason.is_empty()) }
            }
            "release" => Ask::Release { names: held(name, &meant, document)?, replicas: pairs() },
            _ => return Err(NotTaken::NoWord),
        };
        Ok(Self { name: name.to_owned(), by, ask })
    }

    /// As it stands in the record.
    fn event(&self) -> Event {
        let (word, names, reason) = match &self.ask {
            Ask::Restart(_) => ("restart", vec![self.name.clone()], None),
            Ask::Retry(_) => ("retry", vec![self.name.clone()], None),
            Ask::Trigger { parameters, .. } => ("trigger", vec![self.name.clone()], given(parameters)),
            Ask::Hold { reason } => ("hold", vec![self.name.clone()], reason.clone()),
            Ask::Release { names, .. } => ("release", names.clone(), None),
        };
        Event::Said { word: word.to_owned(), names, by: self.by.clone(), reason }
    }
}

/// The holds that a name means: its own, and those of the replicas of a workload.
fn held(name: &str, meant: &[&Instance], document: &Document) -> Result<Vec<String>, NotTaken> {
    let is_meant = |held: &str| held == name || meant.iter().any(|one| one.replica.as_str() == held);
    let names: Vec<String> =
        document.holds.iter().map(|held| held.name.clone()).filter(|held| is_meant(held)).collect();
    if !names.is_empty() {
        return Ok(names);
    }
    let is_held = |workload: &&WorkloadName| document.holds.iter().any(|held| held.name == workload.as_str());
    match meant.iter().filter_map(|one| one.workload.as_ref()).find(is_held) {
        Some(workload) => Err(NotTaken::HeldWithAll { replica: name.to_owned(), workload: workload.clone() }),
        None => Err(NotTaken::NotHeld(name.to_owned())),
    }
}

fn cut(said: &str) -> String {
    plain(&said.chars().take(MOST_SAID).collect::<String>()).trim().to_owned()
}

impl Agent {
    /// Takes a word to heart.
    pub(crate) fn obey(&mut self, word: Word) {
        let now = self.clock.now();
        self.notice.note(now, Whom::node(), word.event());
        match word.ask {
            Ask::Restart(replicas) => self.ledger.restarts.extend(replicas),
            Ask::Retry(meant) => {
                for (replica, workload) in &meant {
                    let (desired, observed) = (self.plans.desired(), self.observed.as_ref());
                    self.ledger.retry((replica, workload), desired, observed, now);
                    self.tasks.forget(replica);
                }
            }
            Ask::Trigger { workload, parameters } => {
                self.ledger.trigger(&workload, Trigger { by: word.by, at: now, parameters });
            }
            Ask::Hold { reason } => {
                self.ledger.holds.insert(word.name, Hold { since: now, by: word.by, reason });
            }
            Ask::Release { names, replicas } => {
                names.iter().for_each(|name| drop(self.ledger.holds.remove(name)));
                for (replica, workload) in &replicas {
                    self.ledger.begin_deadlines((replica, workload), self.observed.as_ref(), now);
                }
            }
        }
        self.keep_ledger();
        self.notice.keep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(holds: &[&str]) -> Document {
        let instance = |replica: &str| {
            serde_json::json!({
                "replica": replica, "workload": "db", "kind": "stateful-set", "state": "running", "ready": true,
                "revision": null, "since": "2026-11-26T03:00:00Z", "restarts": 0, "waits": [], "containers": [],
                "last_failure": null
            })
        };
        let hold = |name: &&str| serde_json::json!({ "name": name, "since": "2026-11-26T03:00:00Z", "by": "user 0" });
        serde_json::from_value(serde_json::json!({
            "version": 1, "node": "n1", "fleet": "example", "generation": 1, "refused": null,
            "instances": [instance("db-0"), instance("db-1")], "holds": holds.iter().map(hold).collect::<Vec<_>>()
        }))
        .unwrap()
    }

    fn read(path: &str, holds: &[&str]) -> Result<Word, NotTaken> {
        Word::read(
            path,
            7,
            &Beside { by: Some("mo".to_owned()), reason: Some(" disk\nfull ".to_owned()), ..Beside::default() },
            &document(holds),
        )
    }

    #[test]
    fn a_word_names_a_replica_or_all_of_a_workload() {
        let names = |path: &str| match read(path, &[]).map(|word| word.ask) {
            Ok(Ask::Restart(replicas)) => replicas.iter().map(ToString::to_string).collect(),
            Ok(Ask::Retry(meant)) => meant.iter().map(|(replica, _)| replica.to_string()).collect(),
            Ok(Ask::Trigger { .. } | Ask::Hold { .. } | Ask::Release { .. }) | Err(_) => Vec::new(),
        };
        assert_eq!(names("/restart/db"), ["db-0", "db-1"]);
        assert_eq!(names("/restart/db-1"), ["db-1"]);
        assert_eq!(names("/retry/db"), ["db-0", "db-1"]);
        for nobody in ["/restart/", "/retry/web", "/hold/web", "/restart/db-1/db-0"] {
            assert!(matches!(read(nobody, &[]), Err(NotTaken::Nobody(_))), "{nobody}");
        }
        for nothing in ["/status", "", "/forget/db"] {
            assert_eq!(read(nothing, &[]), Err(NotTaken::NoWord), "{nothing}");
        }
    }

    #[test]
    fn what_is_said_beside_a_word_is_read_as_it_was_said() {
        let beside = Beside {
            by: Some("mö".to_owned()),
            reason: Some("50 % & more\n=".to_owned()),
            parameters: vec![("A".to_owned(), "&b=ü".to_owned())],
        };
        assert_eq!(Beside::read(&beside.to_string()), beside);
        assert_eq!(Beside::read(&Beside::default().to_string()), Beside::default());
        assert_eq!(Beside::read("reason=50%&x=%zz&by").reason.as_deref(), Some("50%"));
    }

    #[test]
    fn a_hold_says_who_and_why() {
        let Ok(Word { name, by, ask: Ask::Hold { reason } }) = read("/hold/db", &[]) else { panic!("no hold") };
        assert_eq!((name.as_str(), by.as_str(), reason.as_deref()), ("db", "mo (user 7)", Some("disk full")));
    }

    #[test]
    fn a_release_means_what_is_held() {
        let names = |path: &str, holds: &[&str]| match read(path, holds).map(|word| word.ask) {
            Ok(Ask::Release { names, .. }) => Ok(names),
            Ok(other) => panic!("{other:?}"),
            Err(why) => Err(why),
        };
        assert_eq!(names("/release/db", &["db", "db-1", "web"]), Ok(vec!["db".to_owned(), "db-1".to_owned()]));
        assert_eq!(names("/release/db-1", &["db", "db-1"]), Ok(vec!["db-1".to_owned()]));
        assert_eq!(names("/release/gone", &["gone"]), Ok(vec!["gone".to_owned()]), "a hold outlives its workload");
        assert!(matches!(names("/release/db-0", &["db"]), Err(NotTaken::HeldWithAll { .. })));
        assert_eq!(names("/release/db", &[]), Err(NotTaken::NotHeld("db".to_owned())));
    }
}
