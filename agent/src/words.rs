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
