//! `wlagent why`: why a replica runs or does not: what the plan asks for, what waits for what, what opens it, what failed last.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt::Write,
};

use clap::Args;
use serde::Serialize;
use wlc_plan::name::ReplicaName;

use super::{Exit, Format, output};
use crate::{
    disk::MachineDisk,
    events::{Entry, Event, record},
    plain::plain,
    settings::Settings,
    status::{
        client,
        document::{Document, Instance},
        opens::opens,
    },
};

/// The version of the document.
const VERSION: u32 = 1;
/// How many failures of each replica are shown.
const FAILURES: usize = 3;

/// Whose reasons.
#[derive(Debug, Args)]
pub(super) struct Request {
    /// A workload or a replica.
    name: String,
    /// How.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    version: u32,
    name: &'a str,
    generation: Option<u64>,
    refused: Option<&'a str>,
    /// The replicas that are meant, and behind them those that they wait for.
    replicas: Vec<Reasons<'a>>,
}

/// The reasons of one replica.
#[derive(Debug, Serialize)]
struct Reasons<'a> {
    #[serde(flatten)]
    instance: &'a Instance,
    /// What opens each wait, in their order.
    opens: Vec<String>,
    /// The replica because of which it stands here; none: it was asked for.
    because_of: Option<ReplicaName>,
    /// Its last failures, the newest first.
    failures: Vec<&'a Entry>,
}

/// Prints why; ends with 1 where nobody has the name.
pub(super) async fn why(settings: &Settings, request: &Request) -> Exit {
    let document = match client::ask(&settings.listen).await {
        Ok(document) => document,
        Err(error) => return output::fail(&error.to_string()),
    };
    let folder = record::folder(&settings.fleet_state());
    let entries = record::read(&MachineDisk, &folder).unwrap_or_else(|error| {
        output::note(&format!("the record in {} cannot be read: {error}", folder.display()));
        Vec::new()
    });
    let Some(answer) = answer(&document, &entries, &request.name) else {
        return output::fail(&nobody(&document, &request.name));
    };
    match request.format {
        Format::Text => output::print(&text(&answer)),
        Format::Json => {
            let text = serde_json::to_string_pretty(&answer).expect("a document has string keys");
            output::print(&format!("{text}\n"));
        }
    }
    Exit::Fine
}

fn nobody(document: &Document, name: &str) -> String {
    let plan = document.generation.map_or("no plan was accepted yet".to_owned(), |number| {
        format!("generation {number} names no workload or replica `{name}` for this node")
    });
    let refused = document.refused.as_ref().map(|refused| format!("; a newer set is refused: {}", refused.reason));
    format!("{plan}{}", refused.unwrap_or_default())
}

fn answer<'a>(document: &'a Document, entries: &'a [Entry], name: &'a str) -> Option<Answer<'a>> {
    let mut open: VecDeque<(&Instance, Option<&ReplicaName>)> = document.of_name(name).map(|one| (one, None)).collect();
    let mut seen: BTreeSet<&ReplicaName> = open.iter().map(|(one, _)| &one.replica).collect();
    let mut replicas = Vec::new();
    while let Some((instance, because_of)) = open.pop_front() {
        for other in instance.waits.iter().flat_map(|wait| &wait.on) {
            let found = document.instances.iter().find(|one| one.replica == *other);
            open.extend(found.filter(|one| seen.insert(&one.replica)).map(|one| (one, Some(&instance.replica))));
        }
        replicas.push(Reasons {
            instance,
            opens: instance.waits.iter().map(|wait| opens(&wait.gate, instance.replica.as_str())).collect(),
            because_of: because_of.cloned(),
            failures: failures(entries, &instance.replica),
        });
    }
    let refused = document.refused.as_ref().map(|refused| refused.reason.as_str());
    let answer = Answer { version: VERSION, name, generation: document.generation, refused, replicas };
    (!answer.replicas.is_empty()).then_some(answer)
}

fn failures<'a>(entries: &'a [Entry], replica: &ReplicaName) -> Vec<&'a Entry> {
    let of_replica = entries.iter().rev().filter(|entry| entry.whom.replica.as_ref() == Some(replica));
    of_replica.filter(|entry| is_failure(&entry.event)).take(FAILURES).collect()
}

fn is_failure(event: &Event) -> bool {
    match event {
        Event::Ended { run } => run.exit_code != 0,
        Event::StepFailed { .. } | Event::RolloutFailed { .. } | Event::RolledBack { .. } => true,
        Event::Began { .. }
        | Event::Accepted { .. }
        | Event::Refused { .. }
        | Event::RolloutBegun { .. }
        | Event::RolloutFinished { .. }
        | Event::Changing { .. }
        | Event::PutRight { .. }
        | Event::State { .. }
        | Event::Said { .. } => false,
    }
}

fn text(answer: &Answer<'_>) -> String {
    let mut text = String::new();
    for reasons in &answer.replicas {
        paragraph(&mut text, answer, reasons);
    }
    text
}

fn paragraph(text: &mut String, answer: &Answer<'_>, reasons: &Reasons<'_>) {
    let Instance { replica, state, since, ready, .. } = reasons.instance;
    let because = reasons.because_of.as_ref().map(|other| format!(", and `{other}` waits for it")).unwrap_or_default();
    let ready = if *ready { "ready" } else { "not ready" };
    line(text, 0, &format!("`{replica}` is {state} since {since}, {ready}{because}"));
    line(text, 1, &plan(answer, reasons.instance));
    for container in &reasons.instance.containers {
        let reason = container.reason.iter().map(|reason| format!(" ({reason})")).collect::<String>();
        let code = container.exit_code.map(|code| format!(", its last exit code is {code}")).unwrap_or_default();
        let (name, state, restarts) = (&container.name, &container.state, container.restarts);
        line(text, 1, &format!("container `{name}` is {state}{reason}, {restarts} restarts{code}"));
    }
    for (wait, opens) in reasons.instance.waits.iter().zip(&reasons.opens) {
        let until = wait.until.map_or_else(String::new, |until| format!(" until {until}"));
        line(text, 1, &format!("waits ({}){until}: {}", wait.gate, wait.reason));
        line(text, 2, &format!("goes on when {opens}"));
    }
    if reasons.instance.waits.is_empty() {
        line(text, 1, "waits for nothing");
    }
    for failure in &reasons.failures {
        line(text, 1, "failed");
        failure.to_string().lines().for_each(|one| line(text, 2, one));
    }
}

/// What the plan says of it.
fn plan(answer: &Answer<'_>, instance: &Instance) -> String {
    let generation = answer.generation.map_or("no plan".to_owned(), |number| format!("generation {number}"));
    let newer = answer.refused.map(|why| format!("; a newer set is refused: {why}")).unwrap_or_default();
    let has = instance.revision.map_or("it has no pod".to_owned(), |has| format!("its pod is of {}", has.short()));
    match &instance.asked {
        None => format!("{generation} does not ask for it; {has}{newer}"),
        Some(asked) if instance.revision == Some(asked.revision) => {
            format!(
                "{generation} asks for revision {} ({}), and so its pod is{newer}",
                asked.number,
                asked.revision.short()
            )
        }
        Some(asked) => {
            format!("{generation} asks for revision {} ({}); {has}{newer}", asked.number, asked.revision.short())
        }
    }
}

fn line(text: &mut String, depth: usize, words: &str) {
    writeln!(text, "{}{}", "  ".repeat(depth), plain(words)).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        let instance = |replica: &str, state: &str, waits: serde_json::Value| {
            serde_json::json!({
                "replica": replica, "workload": "web", "kind": "deployment", "state": state, "ready": false, "revision": null,
                "since": "2026-11-26T03:00:00Z", "restarts": 2, "waits": waits, "last_failure": null,
                "containers": [{ "name": "main", "state": "waiting", "restarts": 2, "exit_code": 1, "reason": "CrashLoopBackOff" }]
            })
        };
        let slot =
            serde_json::json!([{ "gate": "slot", "reason": "1 of 1 places", "until": null, "on": ["web-1", "web-0"] }]);
        let back_off =
            serde_json::json!([{ "gate": "back-off", "reason": "`main` ended", "until": "2026-11-26T03:05:00Z" }]);
        serde_json::from_value(serde_json::json!({
            "version": 1, "node": "n1", "fleet": "example", "generation": 4, "refused": null,
            "instances": [instance("web-0", "pending", slot), instance("web-1", "back-off", back_off), instance("web-2", "running", serde_json::json!([]))]
        }))
        .unwrap()
    }

    #[test]
    fn the_chain_is_followed_to_its_end() {
        let (document, entry) = (
            document(),
            r#"{"number":1,"at":"2026-11-26T03:00:00Z","replica":"web-1","event":"step-failed","reason":"no image"}"#,
        );
        let entries = vec![serde_json::from_str(entry).unwrap()];
        let answer = answer(&document, &entries, "web-0").unwrap();
        let expected = "`web-0` is pending since 2026-11-26T03:00:00Z, not ready
  generation 4 does not ask for it; it has no pod
  container `main` is waiting (CrashLoopBackOff), 2 restarts, its last exit code is 1
  waits (slot): 1 of 1 places
    goes on when one of those that hold a place is ready, or is gone
`web-1` is back-off since 2026-11-26T03:00:00Z, not ready, and `web-0` waits for it
  generation 4 does not ask for it; it has no pod
  container `main` is waiting (CrashLoopBackOff), 2 restarts, its last exit code is 1
  waits (back-off) until 2026-11-26T03:05:00Z: `main` ended
    goes on when the time is over; `wlagent retry web-1` tries at once
  failed
    2026-11-26T03:00:00Z  web-1  failed: no image
";
        assert_eq!(text(&answer), expected);
        let json = serde_json::to_value(&answer).unwrap();
        assert_eq!((&json["version"], &json["replicas"][1]["because_of"]), (&1.into(), &"web-0".into()), "{json}");
    }

    #[test]
    fn who_is_not_here_is_told_what_the_plan_says() {
        let document = document();
        assert!(answer(&document, &[], "db").is_none());
        assert_eq!(nobody(&document, "db"), "generation 4 names no workload or replica `db` for this node");
    }
}
