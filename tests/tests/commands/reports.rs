//! Diagnostics and results in the formats that programs read: JSON, SARIF, workflow commands.

use std::{fs, process::Command};

use serde_json::json;
use wlc::diagnostics::Code;
use wlc_tests::{
    repository::{FLEET, NODE, Repository},
    running,
};

use crate::json;

/// Two mistakes: one behind signs of two and of four bytes, which are one and two code units of UTF-16.
const BROKEN: &str = "deployment \"web\" /* \u{fc}\u{1f980} */ replcas=2 {\n    container \"main\" image=\"registry.example/web:1\"\n}\n";

fn git(repository: &Repository, arguments: &[&str]) {
    let output = Command::new("git").arg("-C").arg(repository.path()).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn sarif_names_rule_page_path_and_columns_of_utf16() {
    let repository = Repository::new().with("work loads/web.kdl", BROKEN);
    let ran = repository.wlc(&["check", "--format", "sarif"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let log = json(&ran);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), Code::ALL.len(), "every code is a rule");
    let results = run["results"].as_array().unwrap();
    let result = results.iter().find(|result| result["ruleId"] == "unknown-word").unwrap();
    let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!(rule["id"], "unknown-word");
    assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("# `unknown-word`\n"), "{rule}");
    assert!(!rule["help"]["markdown"].as_str().unwrap().contains("fails="), "{rule}");
    assert_eq!(result["level"], "error");
    let message = result["message"]["text"].as_str().unwrap();
    assert!(message.contains("`replcas`") && message.contains("`replicas`"), "{message}");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "work%20loads/web.kdl");
    let column = BROKEN[..BROKEN.find("replcas").unwrap()].encode_utf16().count() + 1;
    let end = column + "replcas".len();
    let region = json!({ "startLine": 1, "startColumn": column, "endLine": 1, "endColumn": end });
    assert_eq!(place["region"], region, "{result}");
}

#[test]
fn a_problem_of_the_whole_repository_stands_at_its_fleet() {
    let web = "deployment \"web\" {\n    container \"main\" image=\"registry.example/web:1\"\n}\n";
    let repository = Repository::new().with("web.kdl", web);
    assert_eq!(repository.wlc(&["lock"]).code, Some(0));
    repository.write("web.kdl", "");
    let log = json(&repository.wlc(&["check", "--format", "sarif"]));
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "vanished");
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "fleet.kdl");
    let ran = repository.wlc(&["check", "--format", "github"]);
    assert!(
        ran.stdout.starts_with("::error file=fleet.kdl,title=vanished::deployment `web` was there"),
        "{}",
        ran.stdout
    );
}

#[test]
fn forges_get_paths_from_the_top_of_the_repository() {
    let repository = Repository::empty().with("infra/fleet.kdl", FLEET).with("infra/nodes/n1.kdl", NODE);
    repository.write("infra/web.kdl", BROKEN);
    git(&repository, &["init", "--quiet"]);
    let infra = repository.path().join("infra");
    let ran = running::wlc(&infra, &["check", "--format", "github"]);
    assert_eq!(ran.code, Some(1));
    let column = BROKEN[..BROKEN.find("replcas").unwrap()].chars().count() + 1;
    let wanted = format!(
        "::error file=infra/web.kdl,line=1,endLine=1,col={column},endColumn={},title=unknown-word::",
        column + "replcas".len()
    );
    assert!(ran.stdout.lines().any(|line| line.starts_with(&wanted)), "{wanted}\n{}", ran.stdout);
    let log = json(&running::wlc(&infra, &["check", "--format", "sarif"]));
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "infra/web.kdl");
}

#[test]
fn a_thousand_diagnostics_are_all_told_to_programs() {
    let image = format!("registry.example/w@sha256:{}", "5".repeat(64));
    let line = |number| format!("deployment \"w{number}\" {{ container \"main\" image=\"{image}\"; bogus{number} }}\n");
    let text: String = (0..1_000).map(line).collect();
    let repository = Repository::new().with("all.kdl", &text);
    let list = json(&repository.wlc(&["check", "--format", "json"]));
    assert_eq!(list["diagnostics"].as_array().unwrap().len(), 1_000);
    let log = json(&repository.wlc(&["check", "--format", "sarif"]));
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 1_000);
    assert_eq!(repository.wlc(&["check", "--format", "github"]).stdout.lines().count(), 1_000);
    assert!(repository.wlc(&["check"]).stderr.contains("… and 950 more"));
}

/// A repository with a key, and nothing built.
fn with_key() -> Repository {
    let repository = Repository::empty();
    let ran = repository.wlc(&["init", "--fleet", "example", "--node", "n1"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    fs::write(repository.path().join("nodes/n1.facts.kdl"), NODE.replace("node \"n1\"\n", "")).unwrap();
    repository
}

/// `arguments`, with the plan set beside the sources.
fn at(repository: &Repository, arguments: &[&str]) -> Vec<String> {
    let plans = repository.path().join("plans").display().to_string();
    let key = repository.path().join("ci.key").display().to_string();
    arguments.iter().map(|one| one.replace("PLANS", &plans).replace("KEY", &key)).collect()
}

fn run(repository: &Repository, arguments: &[&str]) -> running::Ran {
    let arguments = at(repository, arguments);
    repository.wlc(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn commands_that_write_tell_programs_what_they_did() {
    let repository = with_key();
    let locked = json(&run(&repository, &["lock", "--format", "json"]));
    assert_eq!((&locked["version"], &locked["locked"]), (&json!(1), &json!(["hello"])));
    let unsigned = run(&repository, &["build", "--out", "PLANS", "--format", "json"]);
    assert_eq!(unsigned.code, Some(0), "{}", unsigned.stderr);
    let built = json(&unsigned);
    assert_eq!(built["published"]["standing"], json!({ "published": false, "have": 0, "need": 1 }));
    assert_eq!(built["refused"], json!(null));
    let signed = json(&run(&repository, &["sign", "--out", "PLANS", "--key", "KEY", "--format", "json"]));
    assert_eq!((&signed["generation"], &signed["signer"]), (&json!(1), &json!("ci")));
    assert_eq!(signed["standing"]["published"], true);
    let again = json(&run(&repository, &["build", "--out", "PLANS", "--key", "KEY", "--format", "json"]));
    assert_eq!((&again["published"]["outcome"], &again["locked"]), (&json!("unchanged"), &json!([])));
}

#[test]
fn what_is_refused_is_told_to_programs_too() {
    let repository = with_key();
    let nothing = run(&repository, &["verify", "--plans", "PLANS", "--format", "json"]);
    assert_eq!(nothing.code, Some(1));
    assert_eq!(json(&nothing)["problems"][0]["code"], "no-set");
    let unsigned = run(&repository, &["sign", "--out", "PLANS", "--key", "KEY", "--format", "json"]);
    assert_eq!(unsigned.code, Some(3));
    assert!(json(&unsigned)["refused"].as_str().unwrap().contains("wlc build"), "{}", unsigned.stdout);
    assert_eq!(run(&repository, &["build", "--out", "PLANS", "--key", "KEY"]).code, Some(0));
    let other =
        run(&repository, &["build", "--out", "PLANS", "--key", "KEY", "--expect-head", "7", "--format", "json"]);
    assert_eq!(other.code, Some(3));
    assert!(json(&other)["refused"].as_str().unwrap().contains("generation 7"), "{}", other.stdout);
    fs::write(repository.path().join("plans/heads/1.ci.sig"), "nonsense").unwrap();
    let refused = run(&repository, &["verify", "--plans", "PLANS", "--format", "json"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stdout);
    let document = json(&refused);
    assert_eq!((&document["fleet"], &document["generation"]), (&json!("example"), &json!(null)));
    assert!(document["problems"][0]["code"].is_string(), "{document}");
}
