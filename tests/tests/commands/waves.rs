//! `wlc lock --next-wave`: a rollout goes on by a word of its author, and `promote` is one too.

use wlc_tests::repository::Repository;

const ZONES: &str = "node \"n1\" { label \"zone\" \"a\"; }\nnode \"n2\" { label \"zone\" \"b\"; }\n";

fn web(update: &str, version: u32) -> String {
    let image = format!("registry.example/web:{version}@sha256:{}", "5".repeat(64));
    format!("deployment \"web\" replicas=2 {{\n    {update}\n    container \"main\" image=\"{image}\"\n}}\n")
}

fn locked(repository: &Repository, arguments: &[&str]) -> (Option<i32>, String) {
    let ran = repository.wlc(&[&["lock"], arguments].concat());
    (ran.code, ran.stderr)
}

/// The lines of the lock that say who has the new revision.
fn facts(repository: &Repository) -> Vec<String> {
    let lock = std::fs::read_to_string(repository.path().join("lock/example/web.lock")).unwrap();
    let facts = lock.lines().filter(|line| ["base ", "wave ", "promoted "].iter().any(|word| line.starts_with(word)));
    facts.map(|line| line.split(':').next().unwrap().to_owned()).collect()
}

#[test]
fn waves_come_one_after_the_other_by_a_word() {
    let by_zone = "update \"rolling\" by=\"zone\"";
    let repository = Repository::empty().with("fleet.kdl", format!("fleet \"example\"\n{ZONES}"));
    repository.write("web.kdl", web(by_zone, 1));
    assert_eq!(locked(&repository, &[]).0, Some(0));
    assert_eq!(locked(&repository, &["--next-wave", "web"]).0, Some(1), "nothing is under way");
    repository.write("web.kdl", web(by_zone, 2));
    assert_eq!(locked(&repository, &[]).0, Some(0));
    assert_eq!(facts(&repository), ["base 000001", "wave a"]);
    let (code, said) = locked(&repository, &["--next-wave", "web"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("`web`: the wave `b` comes, 0 to come"), "{said}");
    assert_eq!(facts(&repository), [""; 0]);
    let (code, said) = locked(&repository, &[]);
    assert!(code == Some(0) && said.ends_with("the lock is up to date\n"), "it has ended: {said}");
}

#[test]
fn a_word_that_promotes_is_for_the_revision_of_its_canaries() {
    let (canary, promoted) = ("update { canary 1; }", "update { canary 1; promote; }");
    let repository = Repository::empty().with("fleet.kdl", "fleet \"example\"\nnode \"n1\"\n");
    for (file, code, expected) in [
        (web(canary, 1), 0, vec![]),
        (web(canary, 2), 0, vec!["base 000001"]),
        (web(promoted, 2), 0, vec!["promoted v1"]),
        (web(promoted, 3), 1, vec!["promoted v1"]),
        (web(canary, 3), 0, vec!["base 000002"]),
    ] {
        repository.write("web.kdl", file);
        let (ended, said) = locked(&repository, &[]);
        assert_eq!(ended, Some(code), "{said}");
        assert_eq!(facts(&repository), expected);
        assert_eq!(code == 1, said.contains("`promote` was the word for the one before"), "{said}");
    }
}

/// The diff shows the order of the steps, and how many replicas stay ready at each.
#[test]
fn a_diff_shows_the_steps_of_a_rollout() {
    let set =
        |version: u32| web("", version).replace("deployment \"web\" replicas=2", "stateful-set \"db\" replicas=3");
    let repository = Repository::empty().with("fleet.kdl", "fleet \"example\"\nnode \"n1\"\n");
    repository.write("db.kdl", set(1));
    repository.write("web.kdl", web("", 1).replace("replicas=2", "replicas=4"));
    assert_eq!(locked(&repository, &[]).0, Some(0));
    repository.write("db.kdl", set(2));
    repository.write("web.kdl", web("", 2).replace("replicas=2", "replicas=4"));
    let diff = repository.wlc(&["diff"]);
    assert_eq!(diff.code, Some(2), "{}", diff.stderr);
    let steps = "steps on n1: db-2 (2 ready), then db-1 (2 ready), then db-0 (2 ready)";
    assert!(diff.stdout.contains(steps), "{}", diff.stdout);
    let steps = "steps on n1: web-0, web-2 (3 ready), then web-1, web-3 (3 ready)";
    assert!(diff.stdout.contains(steps), "one beside its old pod, one in place: {}", diff.stdout);
}
