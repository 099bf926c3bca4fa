//! Where replicas go, and that they stay there.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{Asked, case};

fn counts(nodes: &[(String, String)]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    nodes.iter().for_each(|(_, node)| *counts.entry(node.as_str()).or_default() += 1);
    counts
}

fn names(nodes: &[(String, String)]) -> Vec<&str> {
    nodes.iter().map(|(replica, _)| replica.as_str()).collect()
}

#[test]
fn a_node_that_joins_moves_nothing() {
    let steps = case("sticky");
    assert_eq!(steps[0].nodes("web"), steps[1].nodes("web"));
    assert_eq!(steps[0].nodes("api"), steps[1].nodes("api"));
    assert_eq!(counts(&steps[1].nodes("web")).get("n3"), None);
}

#[test]
fn a_new_workload_takes_no_room_of_one_that_is_there() {
    let steps = case("newcomer");
    assert_eq!(steps[0].nodes("web"), steps[1].nodes("web"));
    assert_eq!(counts(&steps[1].nodes("big")), BTreeMap::from([("n2", 1)]));
}

#[test]
fn a_workload_that_grows_takes_no_room_of_one_that_does_not() {
    let steps = case("growth");
    assert_eq!(counts(&steps[0].nodes("db")), BTreeMap::from([("n1", 1)]));
    assert_eq!(steps[0].nodes("web"), steps[1].nodes("web"));
    assert_eq!(counts(&steps[1].nodes("db")), BTreeMap::from([("n2", 1)]));
}

#[test]
fn a_node_without_a_free_port_leaves_the_replica_to_another() {
    let steps = case("ports-elsewhere");
    assert_eq!(counts(&steps[0].nodes("web")), BTreeMap::from([("n1", 2)]), "they take both ports of n1");
    assert_eq!(counts(&steps[0].nodes("api")), BTreeMap::from([("n2", 1)]), "n1 has more room and no port");
}

/// C-017.
#[test]
fn a_larger_count_adds_and_a_smaller_one_takes_from_the_fullest_node() {
    let steps = case("scale");
    let (two, five, three) = (steps[0].nodes("web"), steps[1].nodes("web"), steps[2].nodes("web"));
    assert!(two.iter().all(|replica| five.contains(replica)), "the first replicas stay: {two:?} {five:?}");
    assert_eq!(names(&five), ["web-0", "web-1", "web-2", "web-3", "web-4"]);
    assert!(three.iter().all(|replica| five.contains(replica)), "the others stay: {five:?} {three:?}");
    let most = counts(&three).into_values().max();
    assert_eq!(most, Some(2), "doubled-up replicas go first: {three:?}");
    assert_eq!(steps[3].nodes("web"), []);
    assert_eq!(steps[4].nodes("web").len(), 2);
}

/// C-060, C-061.
#[test]
fn a_daemon_set_follows_the_labels() {
    let steps = case("daemon-set");
    assert_eq!(names(&steps[0].nodes("by-label")), ["by-label-n1", "by-label-n2"]);
    assert_eq!(names(&steps[1].nodes("by-label")), ["by-label-n2", "by-label-n4"], "a label went, a node came");
    assert_eq!(names(&steps[0].nodes("everywhere")), ["everywhere-n1", "everywhere-n2", "everywhere-n3"]);
}

#[test]
fn all_clauses_of_one_line_are_true_of_one_device() {
    let steps = case("hardware");
    // n2 has an NVIDIA card that is too small and a large one of another vendor; both lines together would match it.
    assert_eq!(names(&steps[0].nodes("one-card")), ["one-card-n1"]);
    assert_eq!(names(&steps[0].nodes("two-cards")), ["two-cards-n1", "two-cards-n2"]);
    assert_eq!(names(&steps[0].nodes("fast")), ["fast-n1", "fast-n3"]);
    assert_eq!(names(&steps[0].nodes("not-spinning")), ["not-spinning-n1", "not-spinning-n2"]);
}

#[test]
fn a_taint_keeps_away_what_does_not_tolerate_it() {
    let steps = case("taints");
    assert_eq!(counts(&steps[0].nodes("plain")), BTreeMap::from([("n1", 3)]));
    assert_eq!(names(&steps[0].nodes("any-value")), ["any-value-n1", "any-value-n2", "any-value-n3"]);
    assert_eq!(names(&steps[0].nodes("one-value")), ["one-value-n1", "one-value-n2"]);
}

#[test]
fn replicas_spread_and_then_fill_what_has_room() {
    let steps = case("spread");
    assert_eq!(counts(&steps[0].nodes("web")), BTreeMap::from([("n1", 2), ("n2", 2), ("n3", 2)]));
    // n3 is small: memory ends there first.
    assert_eq!(counts(&steps[1].nodes("web")), BTreeMap::from([("n1", 4), ("n2", 4), ("n3", 2)]));
}

/// One replica after the other leaves the last one without a node: 30 CPUs are asked for, and 30 are there.
#[test]
fn replicas_that_fit_only_together_are_all_placed() {
    let steps = case("together");
    let mut cpus = BTreeMap::new();
    for (workload, cpu) in [("six", 6), ("five", 5), ("four", 4), ("three", 3), ("two", 2)] {
        for (_, node) in steps[0].nodes(workload) {
            *cpus.entry(node).or_insert(0) += cpu;
        }
    }
    assert_eq!(cpus, BTreeMap::from([("n1".to_owned(), 10), ("n2".to_owned(), 10), ("n3".to_owned(), 10)]));
}

#[test]
fn a_host_port_is_used_once_on_each_node_and_stays() {
    let steps = case("ports");
    let ports = |step: usize| -> Vec<(String, Vec<u16>)> {
        let replicas = &steps[step].lock_of("web").replicas;
        let all = |lock: &wlc::lock::ReplicaLock| lock.ports.values().flat_map(|ports| ports.all()).collect();
        replicas.iter().map(|(replica, lock)| (replica.to_string(), all(lock))).collect()
    };
    let first = ports(0);
    let on_n1: BTreeSet<u16> = first.iter().flat_map(|(_, ports)| ports.clone()).collect();
    assert_eq!(on_n1.len(), 4, "each port is handed out once: {first:?}");
    assert!(on_n1.iter().all(|port| (20_000..=20_009).contains(port)));
    let second = ports(1);
    assert!(first.iter().all(|replica| second.contains(replica)), "ports stay: {first:?} {second:?}");
    assert_eq!(counts(&steps[0].nodes("fixed")), BTreeMap::from([("n1", 1), ("n2", 1)]), "a fixed port is one node's");
}

#[test]
fn what_was_removed_with_a_word_leaves_a_tombstone() {
    let steps = case("removed");
    assert_eq!(steps[1].lock_of("web").state, wlc::lock::State::Tombstone);
    assert!(
        steps[1].content.plans.values().all(|plan| plan.instances.iter().all(|one| one.workload.as_str() != "web"))
    );
    assert_eq!(steps[0].nodes("api"), steps[1].nodes("api"));
    assert_eq!((steps[0].numbers("web"), steps[3].numbers("web")), (vec![1], vec![1]), "the same template returns");
    assert_eq!(steps[4].numbers("web"), [1, 2], "numbers go on");
}

#[test]
fn a_node_that_is_gone_gives_its_replicas_to_the_others() {
    let steps = case("gone");
    let (before, after) = (steps[0].nodes("web"), steps[1].nodes("web"));
    assert_eq!(names(&before), names(&after));
    assert!(after.iter().all(|(_, node)| node != "n2"));
    let stayed = before.iter().filter(|(_, node)| node != "n2");
    assert!(stayed.clone().count() > 0 && stayed.clone().all(|replica| after.contains(replica)));
    assert!(!steps[1].content.plans.keys().any(|node| node.as_str() == "n2"));
}

/// How many replicas lie as they lay a step before.
fn stayed(before: &[(String, String)], after: &[(String, String)]) -> usize {
    after.iter().filter(|replica| before.contains(replica)).count()
}

/// Replicas above the number leave their node when the number comes, and the others stay.
#[test]
fn no_node_takes_more_of_a_workload_than_it_says() {
    let steps = case("at-most");
    assert_eq!(counts(&steps[0].nodes("few")), BTreeMap::from([("n1", 2), ("n2", 2)]));
    let (before, after) = (steps[0].nodes("web"), steps[1].nodes("web"));
    assert_eq!(counts(&before), BTreeMap::from([("n1", 4), ("n2", 1)]));
    assert!(counts(&after).into_values().all(|count| count <= 3), "{after:?}");
    assert_eq!(stayed(&before, &after), 4, "only what is too much moves: {before:?} {after:?}");
    assert_eq!(steps[0].nodes("few"), steps[1].nodes("few"));
}

/// Beside an exclusive replica there are daemon-sets only; nobody comes to it, and an exclusive daemon-set drives others away.
#[test]
fn an_exclusive_replica_has_its_node_for_itself() {
    let steps = case("exclusive");
    let web = steps[1].nodes("web");
    let db = steps[1].nodes("db");
    assert_eq!(stayed(&steps[0].nodes("web"), &web), web.len(), "the others stay: {web:?}");
    for (at, step) in steps.iter().enumerate().skip(1) {
        let alone: BTreeSet<String> = step.nodes("db").into_iter().map(|(_, node)| node).collect();
        assert_eq!(alone.len(), step.nodes("db").len(), "step {at}");
        assert!(step.nodes("web").iter().all(|(_, node)| !alone.contains(node)), "step {at}: {:?}", step.nodes("web"));
        assert_eq!(step.nodes("agent").len(), 4, "daemon-sets are beside it in step {at}");
    }
    assert_eq!(stayed(&db, &steps[2].nodes("db")), 1);
    assert!(counts(&steps[2].nodes("web")).contains_key("n2"));
    assert_eq!(names(&steps[3].nodes("edge")), ["edge-n2"]);
    assert_eq!(counts(&steps[3].nodes("web")), BTreeMap::from([("n1", 9)]));
}

/// S-435: of itself by node and by a label, from another workload, and from a daemon-set that says so.
#[test]
fn what_is_apart_shares_no_node_and_no_value_of_a_label() {
    let steps = case("apart");
    let zone = |node: &str| ["n3", "n4"].iter().position(|other| *other == node).unwrap_or(9);
    for (at, step) in steps.iter().enumerate() {
        let zones: BTreeSet<usize> = step.nodes("zoned").iter().map(|(_, node)| zone(node)).collect();
        assert_eq!(zones.len(), 3, "step {at}: {:?}", step.nodes("zoned"));
    }
    for (at, step) in steps.iter().enumerate().skip(1) {
        let (db, web, cache) = (step.nodes("db"), step.nodes("web"), step.nodes("cache"));
        assert!(counts(&db).into_values().all(|count| count == 1), "step {at}: {db:?}");
        assert!(web.iter().all(|(_, node)| zone(node) != zone(&cache[0].1)), "step {at}: {web:?} {cache:?}");
    }
    let edges: BTreeSet<String> = steps[2].nodes("edge").into_iter().map(|(_, node)| node).collect();
    assert_eq!(edges, BTreeSet::from(["n4".to_owned()]));
    assert!(counts(&steps[1].nodes("web")).contains_key("n4"), "the new daemon-set drives them away");
    assert!(steps[2].nodes("web").iter().all(|(_, node)| !edges.contains(node)), "{:?}", steps[2].nodes("web"));
}
