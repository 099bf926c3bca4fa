//! `wlc explain`: a word is found by its name here and by Kubernetes' name, whole or its last part.

use wlc_tests::repository::Repository;

fn explained(word: &str) -> (Option<i32>, String) {
    let ran = Repository::new().wlc(&["explain", word]);
    (ran.code, ran.stdout + &ran.stderr)
}

#[test]
fn a_field_is_found_by_either_name() {
    for (word, here) in [
        ("read-only-root", "read-only-root"),
        ("securityContext.readOnlyRootFilesystem", "read-only-root"),
        ("readOnlyRootFilesystem", "read-only-root"),
        ("maxSurge", "max-surge"),
        ("deployment.container.port", "port"),
        ("topologySpreadConstraints", "spread"),
        ("successfulJobsHistoryLimit", "history"),
    ] {
        let (code, text) = explained(word);
        assert_eq!(code, Some(0), "{word}: {text}");
        assert!(text.contains(here), "{word}: {text}");
    }
}

#[test]
fn what_no_build_carries_out_says_so_and_a_wrong_word_names_the_nearest() {
    let (code, text) = explained("stateful-set");
    assert!(code == Some(0) && text.contains("not carried out by this version"), "{text}");
    let (code, text) = explained("readines");
    assert!(code == Some(1) && text.contains("did you mean `readiness`?"), "{text}");
}
