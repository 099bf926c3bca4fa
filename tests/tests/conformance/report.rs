//! What became of rows, as cargo's own tests say it, as a table, and as a file.

use std::{collections::BTreeMap, fs, time::Duration};

use wlc_tests::{
    conformance::{self, Row},
    podman,
};

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// It cannot be shown here, for this reason.
    Skipped(String),
    Failed(String),
}

/// What became of each row, by its id and the scene's name.
pub(crate) type Outcomes = BTreeMap<(String, String), Outcome>;

impl Outcome {
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    fn word(&self) -> String {
        match self {
            Self::Passed => "passed".to_owned(),
            Self::Skipped(why) => format!("skipped: {why}"),
            Self::Failed(why) => format!("failed: {}", why.lines().next().unwrap_or_default()),
        }
    }
}

/// Prints a line for each row, the failures, and the line that `tests/run` counts.
pub(crate) fn print(outcomes: &Outcomes, rows: &[Row], is_whole: bool, took: Duration) {
    println!("\nrunning {} tests", outcomes.len());
    for ((id, scene), outcome) in outcomes {
        println!("test {id} {scene} ... {}", if outcome.is_failure() { "FAILED" } else { "ok" });
    }
    if is_whole {
        print_table(outcomes, rows);
    }
    for ((id, scene), outcome) in outcomes {
        if let Outcome::Failed(why) = outcome {
            println!("\n---- {id} {scene} ----\n{why}");
        }
    }
    let failed = outcomes.values().filter(|outcome| outcome.is_failure()).count();
    let (word, passed) = (if failed == 0 { "ok" } else { "FAILED" }, outcomes.len() - failed);
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2}s\n",
        took.as_secs_f64()
    );
}

fn print_table(outcomes: &Outcomes, rows: &[Row]) {
    println!();
    let words = words(outcomes);
    for row in rows {
        let word = words.get(&row.id).map_or("-", String::as_str);
        println!("{:6} {:12} {:40} {}", row.id, row.group, word, row.what);
    }
    let count = |start: &str| words.values().filter(|word| word.starts_with(start)).count();
    let (passed, failed, skipped) = (count("passed"), count("failed"), count("skipped"));
    println!("\n{} rows: {passed} passed, {failed} failed, {skipped} skipped", rows.len());
}

/// A word for each row: that of its worst scene.
fn words(outcomes: &Outcomes) -> BTreeMap<String, String> {
    let mut worst: BTreeMap<String, &Outcome> = BTreeMap::new();
    for ((id, _), outcome) in outcomes {
        let known = worst.entry(id.clone()).or_insert(outcome);
        if outcome.is_failure() || (!known.is_failure() && *outcome != Outcome::Passed) {
            *known = outcome;
        }
    }
    worst.into_iter().map(|(id, outcome)| (id, outcome.word())).collect()
}

/// Writes the results, with the machine that they are of. What was not played keeps its last result.
pub(crate) fn write(outcomes: &Outcomes, rows: &[Row]) {
    let (_, mut results) = conformance::results();
    results.extend(words(outcomes));
    results.retain(|id, _| rows.iter().any(|row| row.id == *id && !row.podman.tests().is_empty()));
    conformance::write_results(&machine(), &results);
}

/// What of this machine matters to containers.
fn machine() -> String {
    let asked = "Podman {{.Version.Version}}, {{.Host.OCIRuntime.Name}}, cgroup {{.Host.CgroupsVersion}}, rootless {{.Host.Security.Rootless}}";
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{}, Linux {}", podman::text(&["info", "--format", asked]), kernel.trim())
}
