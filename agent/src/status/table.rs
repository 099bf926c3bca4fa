//! Status for people: one line for each replica, and below it what it waits for and what went wrong.

use std::fmt::Write;

use super::document::{Document, Instance};

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
    let rows: Vec<[String; 5]> = document.instances.iter().map(row).collect();
    let head = ["REPLICA", "STATE", "READY", "RESTARTS", "REVISION"].map(str::to_owned);
    let widths: Vec<usize> = (0..5)
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

fn row(instance: &Instance) -> [String; 5] {
    let revision = instance.revision.map_or_else(String::new, |revision| revision.short());
    let ready = if instance.ready { "yes" } else { "no" };
    [instance.replica.to_string(), instance.state.clone(), ready.to_owned(), instance.restarts.to_string(), revision]
}

fn cells(row: &[String; 5], widths: &[usize]) -> String {
    let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn details(text: &mut String, instance: &Instance) {
    for wait in &instance.waits {
        let until = wait.until.map_or_else(String::new, |until| format!(", until {until}"));
        line(text, &format!("  waits ({}): {}{until}", wait.gate, wait.reason));
    }
    if let Some(failure) = instance.last_failure.as_ref().filter(|_| !instance.ready) {
        line(text, &format!("  last failure: {failure}"));
    }
}

fn line(text: &mut String, words: &str) {
    let clean: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    writeln!(text, "{clean}").expect("writing to a string cannot fail");
}
