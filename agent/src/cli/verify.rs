//! `wlagent verify`: judges a plan set as the agent of a node would, without an agent.

use std::{num::NonZeroU32, path::PathBuf};

use clap::Args;
use wlc_plan::{
    canonical,
    head::{Head, HeadPointer},
    name::{FleetName, NodeName},
    set::{Expectations, ReadFile, SetFile},
};

use super::{Exit, fleet_name, node_name, output};
use crate::{
    accept::Judgement,
    clock,
    source::{directory::Directory, look, trust::read_trust},
};

/// What to verify.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// The directory with the plan set.
    #[arg(long, value_name = "DIR")]
    plans: PathBuf,
    /// The node.
    #[arg(long, value_name = "NAME", value_parser = node_name)]
    node: NodeName,
    /// The allowed signers.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// How many signers must have signed.
    #[arg(long, value_name = "COUNT", default_value = "1")]
    signers: NonZeroU32,
    /// The fleet; default: the one that the set says it is of.
    #[arg(long, value_name = "NAME", value_parser = fleet_name)]
    fleet: Option<FleetName>,
}

/// Verifies, and names the refusal.
pub(super) fn verify(request: &Request) -> Exit {
    let trust = match read_trust(&request.trust) {
        Ok(trust) => trust,
        Err(why) => return refuse("no-trust", &why),
    };
    let directory = Directory::new(&request.plans);
    let fleet = request.fleet.clone().or_else(|| said_fleet(&directory));
    let Some(fleet) = fleet.or_else(|| FleetName::parse("unknown").ok()) else { return Exit::Usage };
    let now = clock::now().timestamp();
    let expectations = Expectations { fleet: &fleet, trust: &trust, threshold: request.signers, last: None, now };
    match look(&directory, &request.node, &expectations, None) {
        Judgement::New(accepted) | Judgement::Same(accepted) => {
            let signers: Vec<String> = accepted.signers.iter().map(|signer| format!("`{signer}`")).collect();
            let count = accepted.content.plan.plan.instances.len();
            let (node, generation) = (&request.node, accepted.head.generation);
            output::print(&format!(
                "generation {generation} of fleet `{fleet}` is in order for node `{node}`: {count} instances, signed by {}\n",
                signers.join(", ")
            ));
            Exit::Fine
        }
        judgement @ (Judgement::NoSet
        | Judgement::Waiting(_)
        | Judgement::NodeNotInSet { .. }
        | Judgement::Refused(_)
        | Judgement::Unreadable { .. }) => refuse(judgement.code(), &judgement.to_string()),
    }
}

fn refuse(code: &str, why: &str) -> Exit {
    output::fail(&format!("refused ({code}): {why}"));
    Exit::Refused
}

/// The fleet that the newest head names. It is only a question: whether the head is to be trusted is judged afterwards.
fn said_fleet(directory: &Directory) -> Option<FleetName> {
    let opened = directory.open().ok()??;
    let read = |file: SetFile| opened.read(&file, file.limit()).ok()?;
    let pointer: HeadPointer = canonical::decode(&read(SetFile::Pointer)?).ok()?;
    let head: Head = canonical::decode(&read(SetFile::Head(pointer.generation))?).ok()?;
    Some(head.fleet)
}
