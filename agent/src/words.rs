//! What somebody on the node may say to the running agent, over its socket. The ledger keeps it until it is done.

use wlc_plan::name::ReplicaName;

use crate::{agent::Agent, status::document::Document};

/// A word to the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The pods of these replicas are made anew, in their turn; what is replaced on delete gets its new revision.
    Restart(Vec<ReplicaName>),
}

impl Word {
    /// The word in a request `POST /restart/NAME`; none where nobody has that name, or there is no such word.
    pub fn read(path: &str, document: &Document) -> Option<Self> {
        let name = path.strip_prefix("/restart/")?;
        let replicas: Vec<ReplicaName> = document.of_name(name).map(|one| one.replica.clone()).collect();
        (!replicas.is_empty()).then_some(Self::Restart(replicas))
    }
}

impl Agent {
    /// Takes a word to heart.
    pub(crate) fn obey(&mut self, word: Word) {
        match word {
            Word::Restart(replicas) => self.ledger.restarts.extend(replicas),
        }
        self.keep_ledger();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_a_replica_or_all_of_a_workload() {
        let instance = |replica: &str| {
            serde_json::json!({
                "replica": replica, "workload": "db", "kind": "stateful-set", "state": "running", "ready": true,
                "revision": null, "since": "2026-11-26T03:00:00Z", "restarts": 0, "waits": [], "containers": [],
                "last_failure": null
            })
        };
        let document: Document = serde_json::from_value(serde_json::json!({
            "version": 1, "node": "n1", "fleet": "example", "generation": 1, "refused": null,
            "instances": [instance("db-0"), instance("db-1")]
        }))
        .unwrap();
        let names = |path: &str| match Word::read(path, &document) {
            Some(Word::Restart(replicas)) => replicas.iter().map(ToString::to_string).collect(),
            None => Vec::new(),
        };
        assert_eq!(names("/restart/db"), ["db-0", "db-1"]);
        assert_eq!(names("/restart/db-1"), ["db-1"]);
        for nobody in ["/restart/", "/restart/web", "/status", "/restart/db-1/db-0"] {
            assert!(names(nobody).is_empty(), "{nobody}");
        }
    }
}
