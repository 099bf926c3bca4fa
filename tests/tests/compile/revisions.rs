//! Which changes make a new revision, and how revisions are counted.

use super::build::{Asked, case};

#[test]
fn a_changed_image_is_the_next_revision_and_the_older_spec_stays() {
    let steps = case("image-change");
    assert_eq!(steps[0].numbers("web"), [1]);
    assert_eq!(steps[1].numbers("web"), [1, 2]);
    let instance = steps[1].instance("web");
    assert_eq!((instance.spec.number, instance.older.len()), (2, 1));
    assert_eq!(instance.older[0], steps[0].instance("web").spec);
    assert!(steps[1].content.specs.contains_key(&instance.older[0].spec), "the node has the older spec too");
    assert_eq!(steps[0].nodes("web"), steps[1].nodes("web"));
}

#[test]
fn a_template_that_returns_gets_a_new_number_and_its_old_one_is_gone() {
    let steps = case("flip-back");
    assert_eq!(steps[0].numbers("web"), [1]);
    assert_eq!(steps[1].numbers("web"), [1, 2]);
    assert_eq!(steps[2].numbers("web"), [2, 3]);
    let revision = |step: usize| steps[step].instance("web").spec.revision;
    assert_eq!(revision(0), revision(2), "it is the same template, so nothing that still runs is restarted");
    assert_eq!(steps[3].numbers("web"), [2, 3, 4]);
}

/// C-388, C-389, C-417: a label or an annotation that changes makes no revision.
#[test]
fn replicas_labels_update_and_place_make_no_revision() {
    let steps = case("no-new-revision");
    let first = steps[0].instance("web").spec.clone();
    for (number, step) in steps.iter().enumerate() {
        assert_eq!(step.numbers("web"), [1], "step {}", number + 1);
        assert_eq!(step.instance("web").spec, first, "step {}", number + 1);
    }
}

/// C-404, C-405.
#[test]
fn a_config_that_restarts_is_in_the_revision_and_one_that_is_swapped_is_not() {
    let steps = case("config-change");
    assert_eq!(steps[1].numbers("restarts"), [1, 2]);
    assert_eq!(steps[1].numbers("swaps"), [1]);
    let swapped = |step: usize| steps[step].instance("swaps").contents.clone();
    assert_ne!(swapped(0), swapped(1), "the instance names the new content");
    assert_eq!(
        steps[1].content.contents.len(),
        2,
        "the older content of `restarts`, and the new one for both mounts, once"
    );
}

/// C-003.
#[test]
fn as_many_older_revisions_stay_as_the_file_says() {
    let steps = case("history");
    assert_eq!(steps[3].numbers("two"), [2, 3, 4]);
    assert_eq!(steps[3].numbers("none"), [4]);
    assert_eq!(steps[3].instance("none").older, []);
}

#[test]
fn a_word_that_restarts_is_a_new_revision() {
    let steps = case("restarted");
    assert_eq!(steps[1].numbers("web"), [1, 2]);
}

#[test]
fn a_workload_that_returns_with_another_template_counts_on() {
    let steps = case("returned");
    let revision = |step: usize| steps[step].lock_of("web").newest().unwrap().reference.clone();
    assert_eq!((revision(0).number, revision(2).number), (1, 2));
    assert_ne!(revision(0).revision, revision(2).revision);
}

#[test]
fn the_order_of_mounts_means_nothing() {
    assert_eq!(case("reordered")[1].numbers("web"), [1]);
}
