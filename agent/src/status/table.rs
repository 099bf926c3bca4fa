//! Status for people: one line for each replica, and below it what it waits for and what went wrong.

use std::fmt::Write;

use wlc_plan::quantity::Bytes;

use super::document::{Document, Instance};
use crate::plain::plain;

const COLUMNS: usize = 6;

/// The document as text.
pub fn table(document: &Document) -> String {
    let mut text = String::new();
    let generation =
        document.generation.map_or("no plan accepted yet".to_owned(), |number| format!("generation {number}"));
    line(&mut text, &format!("node {} of fleet {}, {generation}", document.node, document.fleet));
    if let Some(refused) = &document.refused {
        line(&mut text, &format!("refused ({}): {}", refused.code, refused.reason));
    }
    for note in document.waiting.iter().chain(&document.warnings) {
        line(&mut text, &format!("note: {note}"));
    }
    for held in &document.holds {
        let reason = held.reason.iter().map(|reason| format!(": {reason}")).collect::<String>();
        let (name, since, by) = (&held.name, held.since, &held.by);
        line(
            &mut text,
            &format!("held: `{name}` since {since} by {by}{reason}; `wlagent release {name}` lets it go on"),
        );
    }
    if let Some(live) = &document.machine {
        let words = format!(
            "machine: load {}, {} of {} memory free",
            live.load,
            mebibytes(live.memory_available),
            mebibytes(live.memory)
        );
        line(&mut text, &words);
    }
    document.cron_jobs.iter().for_each(|one| line(&mut text, &one.line()));
    document.jobs.iter().for_each(|one| line(&mut text, &one.line()));
    let rows: Vec<[String; COLUMNS]> = document.instances.iter().map(row).collect();
    let head = ["REPLICA", "STATE", "READY", "SINCE", "RESTARTS", "REVISION"].map(str::to_owned);
    let widths: Vec<usize> = (0..COLUMNS)
        .map(|column| std::iter::once(&head).chain(&rows).map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    if !rows.is_empty() {
        line(&mut text, &cells(&head, &widths));
    }
    for (row, instance) in rows.iter().zip(&document.instances) {
        line(&mut text, &cells(row, &widths));
        details(&mut text, instance);
    }
    text
}

/// Whole mebibytes: finer is noise.
fn mebibytes(amount: Bytes) -> Bytes {
    Bytes(amount.0 >> 20 << 20)
}

fn row(instance: &Instance) -> [String; COLUMNS] {
    let revision = instance.revision.map_or_else(String::new, |revision| revision.short());
    let ready = if instance.ready { "yes" } else { "no" };
    let (replica, state, since) = (instance.replica.to_string(), instance.state.clone(), instance.since.to_string());
    [replica, state, ready.to_owned(), since, instance.restarts.to_string(), revision]
}

fn cells(row: &[String; COLUMNS], widths: &[usize]) -> String {
    let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn details(text: &mut String, instance: &Instance) {
    for wait in &instance.waits {
        let until = wait.until.map_or_else(String::new, |until| format!(", until {until}"));
        told(text, &format!("waits ({}): ", wait.gate), &wait.reason, &until);
    }
    if let Some(failure) = instance.last_failure.as_ref().filter(|_| !instance.ready) {
        told(text, "last failure: ", failure, "");
    }
}

/// A sentence; lines behind its first one, such as those of facts that are to be changed, stand below it.
fn told(text: &mut String, head: &str, words: &str, tail: &str) {
    let (first, rest) = words.split_once('\n').unwrap_or((words, ""));
    line(text, &format!("  {head}{first}{tail}"));
    rest.lines().for_each(|one| line(text, &format!("    {one}")));
}

fn line(text: &mut String, words: &str) {
    writeln!(text, "{}", plain(words)).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_what_waits_and_why() {
        let text = r#"{"version":1,"node":"n1","fleet":"example","generation":7,
            "refused":{"code":"older-generation","reason":"generation 6 is older"},
            "holds":[{"name":"web","since":"2026-11-23T02:00:00Z","by":"mo (user 0)","reason":"a disk is changed"}],"instances":[
            {"replica":"web-0","workload":"web","kind":"deployment","state":"running","ready":true,"revision":null,
             "since":"2026-11-23T03:00:00Z","restarts":0,"waits":[],"containers":[],"last_failure":"an old story"},
            {"replica":"web-10","workload":"web","kind":"deployment","state":"back-off","ready":false,"revision":null,
             "since":"2026-11-23T03:00:00Z","restarts":12,
             "waits":[{"gate":"back-off","reason":"ended\u001b with 1","until":"2026-11-23T03:05:00Z"}],
             "containers":[],"last_failure":"`main` ended with 1\n- gpu \u001b\n+ gpu"}]}"#;
        let document: Document = serde_json::from_str(text).unwrap();
        let expected = "node n1 of fleet example, generation 7\n\
            refused (older-generation): generation 6 is older\n\
            held: `web` since 2026-11-23T02:00:00Z by mo (user 0): a disk is changed; `wlagent release web` lets it go on\n\
            REPLICA  STATE     READY  SINCE                 RESTARTS  REVISION\n\
            web-0    running   yes    2026-11-23T03:00:00Z  0\n\
            web-10   back-off  no     2026-11-23T03:00:00Z  12\n\
            \x20 waits (back-off): ended  with 1, until 2026-11-23T03:05:00Z\n\
            \x20 last failure: `main` ended with 1\n\
            \x20   - gpu\u{20}\u{20}\n\
            \x20   + gpu\n";
        assert_eq!(table(&document), expected);
    }
}
