//! Kubernetes' own example manifests: each is imported and passes `wlc check`, or is refused for a good reason, with file
//! and line. `WLC_IMPORT_TABLE=1` prints the table, as `tests/slow import` does.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use wlc_tests::{folder, podman, running};

use crate::cases::{changes_when_formatted, check};

/// Kinds that become something here.
const SUPPORTED: [&str; 12] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Pod",
    "Job",
    "CronJob",
    "ConfigMap",
    "Secret",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
];

/// How many of the examples hold supported kinds only, at least.
const WITH_SUPPORTED_KINDS: usize = 47;

fn manifests() -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("WLC_TEST_DATA")?).join("k8s-examples");
    folder.is_dir().then_some(folder)
}

/// The kinds of the documents of a file, by the lines that say them.
fn kinds(text: &str) -> Vec<String> {
    let at_the_top = |line: &&str| line.len() - line.trim_start().len() <= 2;
    let kinds = text.lines().filter(at_the_top).filter_map(|line| line.trim().strip_prefix("kind:"));
    kinds.map(|kind| kind.trim_matches([' ', '"', ',']).to_owned()).collect()
}

/// What became of a file.
enum Outcome {
    /// It passes the check; how many warnings there were.
    Imported(usize),
    /// Why nothing of it was imported, with the place.
    Refused(String),
}

fn outcome(folder: &Path, name: &str) -> Outcome {
    let ran = running::wlc(folder, &["import", name]);
    if ran.code == Some(1) && ran.stdout.is_empty() {
        let lines: Vec<&str> = ran.stderr.lines().collect();
        let reason = lines.iter().find(|line| line.starts_with("  ⚠ ") || line.starts_with("  × "));
        let place = lines.iter().find_map(|line| line.split_once("╭─[")?.1.strip_suffix(']'));
        let help = lines.iter().find_map(|line| line.trim().strip_prefix("help: "));
        let reason = reason.unwrap_or_else(|| panic!("{name} is refused without a reason: {}", ran.stderr));
        let place = place.unwrap_or_else(|| panic!("{name} is refused without a place: {}", ran.stderr));
        return Outcome::Refused(format!("{place}: {}; {}", reason.trim(), help.unwrap_or_default()));
    }
    assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
    assert_eq!(changes_when_formatted(name, &ran.stdout), None);
    let (_, checked) = check(&ran.stdout);
    assert_eq!(checked.code, Some(0), "{name} does not pass the check:\n{}\n{}", ran.stdout, checked.stderr);
    Outcome::Imported(ran.stderr.matches("\n  ⚠ ").count())
}

#[test]
fn every_example_is_imported_or_refused_for_a_good_reason() {
    let Some(folder) = manifests() else {
        return podman::skip(
            "every_example_is_imported_or_refused_for_a_good_reason: WLC_TEST_DATA names no k8s-examples",
        );
    };
    let yaml = folder::contents(&folder).into_keys().filter(|name| name.ends_with(".yaml"));
    let mut table: BTreeMap<String, Outcome> = BTreeMap::new();
    let (mut supported, mut failures) = (0, Vec::new());
    for name in yaml {
        let kinds = kinds(&fs::read_to_string(folder.join(&name)).unwrap());
        let is_supported = kinds.iter().all(|kind| SUPPORTED.contains(&kind.as_str()));
        let outcome = outcome(&folder, &name);
        supported += usize::from(is_supported);
        if let (true, Outcome::Refused(why)) = (is_supported, &outcome) {
            failures.push(format!("{name} has supported kinds only and is refused: {why}"));
        }
        table.insert(name, outcome);
    }
    print_table(&table, supported);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(supported >= WITH_SUPPORTED_KINDS, "only {supported} files hold supported kinds only");
}

fn print_table(table: &BTreeMap<String, Outcome>, supported: usize) {
    let imported = table.values().filter(|outcome| matches!(outcome, Outcome::Imported(_))).count();
    if env::var("WLC_IMPORT_TABLE").is_ok_and(|value| value == "1") {
        for (name, outcome) in table {
            match outcome {
                Outcome::Imported(warnings) => eprintln!("imported  {name} ({warnings} warnings)"),
                Outcome::Refused(why) => eprintln!("refused   {why}"),
            }
        }
    }
    eprintln!(
        "{} files: {imported} imported and pass `wlc check`, {} refused; {supported} hold supported kinds only",
        table.len(),
        table.len() - imported
    );
}
