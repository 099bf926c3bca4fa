//! `wlc graph`: the page of the fleet in `tests/graph/`. How it looks in a browser is tried by `tests/slow browser`.

use wlc_tests::{folder, golden, repository::Repository, running};

fn fleet() -> Repository {
    let repository = Repository::empty();
    folder::copy(&running::workspace().join("tests/graph"), repository.path());
    repository
}

#[test]
fn the_page_shows_nodes_by_zone_and_rack_and_needs_nothing_from_elsewhere() {
    let ran = fleet().wlc(&["graph"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(golden::compare(&running::workspace().join("tests/graph/expected.html"), &ran.stdout), None);
    for foreign in ["<script", "http:", "https:", "url(", "@import"] {
        assert!(!ran.stdout.contains(foreign), "{foreign}");
    }
}

#[test]
fn a_page_goes_to_the_file_that_is_named_and_labels_can_be_chosen() {
    let repository = fleet();
    let file = repository.path().join("page.html");
    let ran = repository.wlc(&["graph", "--by", "rack", "--out", file.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    let page = std::fs::read_to_string(file).unwrap();
    assert!(page.contains("<h2>rack <b>r1</b>") && page.contains("<h2>no rack") && !page.contains("zone"), "{page}");
    let missing = repository.path().join("missing/page.html");
    assert_eq!(repository.wlc(&["graph", "--out", missing.to_str().unwrap()]).code, Some(1));
    assert_eq!(repository.wlc(&["graph", "--by", "a b"]).code, Some(64));
}
