//! `wlc history` and `wlc rollback`: numbers, errors, and what a build makes of a pinned workload.

use std::fs;

use serde_json::{Value, json};
use wlc_tests::{folder, repository::Repository, running::Ran};

use crate::{
    diff::{build, fleet, path},
    json,
};

/// A deployment whose template is told apart by the value of a variable.
fn web(mark: &str, more: &str) -> String {
    let image = format!("registry.example/web@sha256:{}", "5".repeat(64));
    format!(
        "deployment \"web\" {{\n    revisions 3\n    container \"main\" image=\"{image}\" {{\n        env {{ MARK \"{mark}\" }}\n        {more}\n    }}\n}}\n"
    )
}

/// A repository that has built these templates one after the other.
fn built(marks: &[&str]) -> Repository {
    let repository = fleet();
    for mark in marks {
        repository.write("web.kdl", web(mark, ""));
        let built = build(&repository, &[]);
        assert_eq!(built.code, Some(0), "{}", built.stderr);
    }
    repository
}

fn history(repository: &Repository) -> Value {
    json(&repository.wlc(&["history", "web", "--format", "json"]))
}

/// The numbers that the lock keeps, newest first.
fn numbers(repository: &Repository) -> Vec<u64> {
    let document = history(repository);
    document["revisions"].as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()).collect()
}

/// The number and the mark of what the node must run.
fn runs(repository: &Repository) -> (u64, String) {
    let show = json(&repository.wlc(&["show", "n1", "--format", "json"]));
    let spec = &show["instances"][0]["spec"];
    let body = repository.path().join(format!("lock/example/bodies/{}.json", spec["spec"].as_str().unwrap()));
    let body: Value = serde_json::from_slice(&fs::read(body).unwrap()).unwrap();
    let mark = body["containers"][0]["env"][0]["value"]["text"].as_str().unwrap();
    (spec["number"].as_u64().unwrap(), mark.to_owned())
}

fn fine(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

/// S-084, P-027: going back gives a new, higher number, and the old number is gone. So does taking it back.
#[test]
fn going_back_makes_a_new_and_higher_revision() {
    let repository = built(&["a", "b", "c"]);
    assert_eq!(numbers(&repository), [3, 2, 1]);
    let back = repository.wlc(&["rollback", "web", "--to", "1"]);
    fine(&back);
    assert!(back.stderr.contains("revision 4 is built, with the template of revision 1"), "{}", back.stderr);
    assert_eq!(numbers(&repository), [4, 3, 2]);
    assert_eq!(runs(&repository), (4, "a".to_owned()));
    let undone = repository.wlc(&["rollback", "web", "--undo"]);
    fine(&undone);
    assert_eq!(numbers(&repository), [5, 4, 2]);
    assert_eq!(runs(&repository), (5, "c".to_owned()));
    assert_eq!(repository.wlc(&["check"]).stderr, "");
}

/// Without a number, the one before; twice, and the files' own runs again.
#[test]
fn going_back_twice_is_going_nowhere() {
    let repository = built(&["a", "b"]);
    fine(&repository.wlc(&["rollback", "web"]));
    assert_eq!(runs(&repository), (3, "a".to_owned()));
    fine(&repository.wlc(&["rollback", "web"]));
    assert_eq!(runs(&repository), (4, "b".to_owned()));
    assert_eq!(history(&repository)["pinned"], json!(null));
}

#[test]
fn builds_keep_what_was_rolled_back_to_until_the_files_change() {
    let repository = built(&["a", "b"]);
    fine(&repository.wlc(&["rollback", "web"]));
    let locked = build(&repository, &["--locked"]);
    fine(&locked);
    assert!(locked.stderr.contains("replaced: 1 (web-0 on n1)"), "{}", locked.stderr);
    let checked = json(&repository.wlc(&["check", "--format", "json"]));
    let warning = &checked["diagnostics"][0];
    assert_eq!((&warning["code"], &warning["severity"]), (&json!("pinned"), &json!("warning")));
    let place = &warning["places"][0];
    assert_eq!((&place["line"], &place["text"]), (&json!(4), &json!("\"a\" runs")), "{warning}");
    repository.write("web.kdl", format!("// The template is the same.\n{}", web("b", "")));
    assert_eq!(runs(&repository), (3, "a".to_owned()));
    repository.write("web.kdl", web("c", ""));
    let late = build(&repository, &["--locked"]);
    assert_eq!(late.code, Some(1), "{}", late.stderr);
    let undo = repository.wlc(&["rollback", "web", "--undo"]);
    assert_eq!(undo.code, Some(1));
    assert!(undo.stderr.contains("the rollback of `web` has ended: the files have another"), "{}", undo.stderr);
    let ended = build(&repository, &[]);
    fine(&ended);
    assert!(ended.stderr.contains("the rollback of `web` has ended"), "{}", ended.stderr);
    assert_eq!((runs(&repository), &history(&repository)["pinned"]), ((4, "c".to_owned()), &json!(null)));
}

/// S-085, S-087, P-028: to what runs is nothing to do; to what was never there, or is no more, is an error.
#[test]
fn there_is_no_way_back_to_what_is_not_there() {
    let repository = built(&["a"]);
    let before = folder::contents(repository.path());
    let told = |arguments: &[&str], code: i32, text: &str| {
        let ran = repository.wlc(&[&["rollback"], arguments].concat());
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        assert!(ran.stderr.contains(text), "{text}: {}", ran.stderr);
    };
    told(&["web"], 1, "there is no earlier revision: 1 is the only one");
    told(&["web", "--undo"], 1, "it is not rolled back");
    told(&["web", "--to", "1"], 0, "skipped");
    told(&["web", "--to", "7"], 1, "there is no revision 7 yet; the lock keeps 1");
    told(&["web", "--to", "0"], 64, "0 is not in 1..");
    told(&["wep"], 1, "did you mean `web`?");
    assert!(folder::contents(repository.path()) == before, "nothing was written");
    let repository = built(&["a", "b", "c", "d", "e"]);
    let trimmed = repository.wlc(&["rollback", "web", "--to", "1"]);
    assert_eq!(trimmed.code, Some(1));
    assert!(trimmed.stderr.contains("keeps revision 1 no more; it keeps 2, 3, 4, 5"), "{}", trimmed.stderr);
}

#[test]
fn an_old_template_needs_its_own_room_and_the_ports_of_the_files() {
    let repository = fleet();
    repository.write("web.kdl", web("a", "request memory=\"10GiB\""));
    fine(&build(&repository, &[]));
    repository.write("web.kdl", web("b", "request memory=\"1GiB\""));
    repository.write("big.kdl", web("b", "request memory=\"10GiB\"").replace("\"web\"", "\"big\""));
    fine(&build(&repository, &[]));
    let before = folder::contents(repository.path());
    let full = repository.wlc(&["rollback", "web"]);
    assert_eq!(full.code, Some(1), "{}", full.stderr);
    assert!(full.stderr.contains("no-node-fits") && full.stderr.contains("`web` stays as it is"), "{}", full.stderr);
    assert!(folder::contents(repository.path()) == before, "nothing was written");
    repository.write("web.kdl", web("c", "port \"http\" 80 host=8080"));
    fine(&build(&repository, &[]));
    let ports = repository.wlc(&["rollback", "web"]);
    assert_eq!(ports.code, Some(1));
    assert!(ports.stderr.contains("revision 2 publishes other ports than the files do"), "{}", ports.stderr);
}

/// Contents that are swapped in place are no part of a revision: they stay what the files say.
#[test]
fn contents_that_are_swapped_in_place_are_not_rolled_back() {
    let mount = "mount \"/etc/site\" config=\"site\" on-change=\"nothing\"";
    let config = |text: &str| format!("config \"site\" {{ file \"a\" text=\"{text}\" }}\n");
    let repository = fleet();
    repository.write("site.kdl", config("one"));
    repository.write("web.kdl", web("a", mount));
    fine(&build(&repository, &[]));
    repository.write("site.kdl", config("two"));
    repository.write("web.kdl", web("b", mount));
    fine(&build(&repository, &[]));
    let content = |repository: &Repository| {
        json(&repository.wlc(&["show", "n1", "--format", "json"]))["instances"][0]["contents"].clone()
    };
    let before = content(&repository);
    fine(&repository.wlc(&["rollback", "web"]));
    assert_eq!(runs(&repository), (3, "a".to_owned()));
    assert_eq!(content(&repository), before);
    repository.write("site.kdl", "");
    repository.write("web.kdl", web("b", ""));
    fine(&build(&repository, &[]));
}

#[test]
fn history_shows_what_the_lock_keeps() {
    let repository = built(&["a", "b"]);
    fine(&repository.wlc(&["rollback", "web"]));
    let ran = repository.wlc(&["history", "web"]);
    fine(&ran);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "deployment web");
    assert!(lines[1].starts_with("* 3    v1:") && lines[1].ends_with("  rolled back to this one"), "{}", ran.stdout);
    assert!(lines[2].starts_with("  2    v1:") && lines[2].ends_with("  the files say this one"), "{}", ran.stdout);
    let document = history(&repository);
    assert_eq!(
        (&document["version"], &document["kind"], &document["highest"]),
        (&json!(1), &json!("deployment"), &json!(3))
    );
    let newest = &document["revisions"][0];
    assert_eq!((&newest["current"], &newest["rolled_back"]), (&json!(true), &json!(false)));
    assert!(newest["images"]["main"].as_str().unwrap().starts_with("registry.example/web@"), "{newest}");
    repository.write("web.kdl", "removed \"web\"\n");
    fine(&build(&repository, &[]));
    assert_eq!(history(&repository)["state"], "removed");
    let gone = repository.wlc(&["rollback", "web"]);
    assert!(gone.code == Some(1) && gone.stderr.contains("is removed"), "{}", gone.stderr);
}

/// Two branches that each made a revision: the conflict gives both up, and their number is not used again.
#[test]
fn a_number_that_a_merge_gave_up_is_not_used_again() {
    let repository = built(&["a", "b"]);
    let lock = path(&repository, "lock/example/web.lock");
    let text = fs::read_to_string(&lock).unwrap();
    let ours: String =
        text.lines().filter(|line| line.starts_with("revision 000002")).map(|line| format!("{line}\n")).collect();
    let at = ours.find("v1:").unwrap() + 3;
    let theirs = format!("{}{}{}", &ours[..at], "0".repeat(16), &ours[at + 16..]);
    let conflict = format!("<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n");
    fs::write(&lock, text.replace(&ours, &conflict)).unwrap();
    fine(&repository.wlc(&["lock"]));
    assert_eq!(numbers(&repository), [3, 1]);
}
