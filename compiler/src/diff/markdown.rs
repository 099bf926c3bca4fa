//! A difference as Markdown for a pull request: a table that fits on a screen, and the details behind folds.
//!
//! Nothing of the sources stands outside of code, so no text of theirs becomes a link, an image or HTML.

use super::{
    Difference, Fate, WorkloadChange,
    text::{self, FATES},
};

/// The whole difference.
pub fn render(difference: &Difference) -> String {
    let mut lines = vec![format!("### Fleet `{}`: {}", difference.fleet, text::sum(difference)), String::new()];
    lines.push(format!("{}; digest `{}`", capital(&text::against(difference)), difference.digest));
    if !difference.workloads.is_empty() {
        lines.extend(table(difference));
        for workload in &difference.workloads {
            lines.extend(fold(workload));
        }
    }
    let around = text::around(difference);
    if !around.is_empty() {
        lines.push(String::new());
        lines.extend(block(&around));
    }
    lines.join("\n") + "\n"
}

fn table(difference: &Difference) -> Vec<String> {
    let mut lines = vec![String::new(), "| workload | change | revision | replicas |".to_owned()];
    lines.push("| --- | --- | --- | --- |".to_owned());
    lines.extend(difference.workloads.iter().map(row));
    lines
}

fn row(workload: &WorkloadChange) -> String {
    let change = match workload.fate {
        Fate::Created => "new",
        Fate::Changed => "changed",
        Fate::Removed => "removed",
    };
    let revision = match (workload.from_revision, workload.to_revision) {
        (Some(from), Some(to)) if from != to => format!("{from} → {to}"),
        (_, Some(to)) => to.to_string(),
        (Some(from), None) => from.to_string(),
        (None, None) => String::new(),
    };
    let count = |fate| workload.replicas.iter().filter(|one| one.fate == fate).count();
    let counts = FATES.iter().map(|fate| (fate, count(*fate))).filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.map(|(fate, count)| format!("{count} {}", fate.word())).collect();
    format!("| `{}` ({}) | {change} | {revision} | {} |", workload.workload, workload.kind.word(), counts.join(", "))
}

fn fold(workload: &WorkloadChange) -> Vec<String> {
    let details = text::details(workload);
    if details.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new()];
    lines.push(format!("<details><summary>{} <code>{}</code></summary>", workload.kind.word(), workload.workload));
    lines.push(String::new());
    lines.extend(block(&details));
    lines.push(String::new());
    lines.push("</details>".to_owned());
    lines
}

/// A block of code whose fence is longer than any row of backticks in it.
fn block(inside: &[String]) -> Vec<String> {
    let longest = inside.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut lines = vec![format!("{fence}text")];
    lines.extend(inside.iter().cloned());
    lines.push(fence);
    lines
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
