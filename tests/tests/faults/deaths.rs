//! The agent is ended as by `kill -9` at the boundaries of the steps of an update, before each has an effect and after it, and is
//! started again.

use super::{ORDERED, ROLLING, SURGE, Workload, fixture::Fixture, whole};

/// The boundaries that the short form tries, one after the other in one update.
const CHOSEN: [(&str, u32); 5] =
    [("--end-after", 1), ("--end-before", 3), ("--end-after", 4), ("--end-before", 4), ("--end-after", 5)];

#[test]
fn a_rolling_update_survives_the_death_of_the_agent_at_each_step() {
    die_at_each_step("deaths-rolling", ROLLING);
}

#[test]
fn an_ordered_update_survives_the_death_of_the_agent_at_each_step() {
    die_at_each_step("deaths-ordered", ORDERED);
}

#[test]
fn an_update_with_copies_survives_the_death_of_the_agent_at_each_step() {
    if whole() {
        die_at_each_step("deaths-surge", SURGE);
    }
}

fn die_at_each_step(test: &str, workload: Workload) {
    let Some(mut fixture) = Fixture::new(test, workload) else { return };
    let boundaries = if whole() { each_boundary(&mut fixture) } else { chosen_boundaries(&mut fixture) };
    assert!(boundaries >= CHOSEN.len(), "{boundaries} boundaries only");
    fixture.end(&format!("{test}: {boundaries} boundaries"));
}

/// One update for each boundary, until an update has no more steps.
fn each_boundary(fixture: &mut Fixture) -> usize {
    let mut boundaries = 0;
    for option in ["--end-before", "--end-after"] {
        let mut number = 1;
        while dies_and_comes_back(fixture, option, number) {
            boundaries += 1;
            number += 1;
        }
    }
    boundaries
}

fn chosen_boundaries(fixture: &mut Fixture) -> usize {
    fixture.publish("chosen");
    for (option, number) in CHOSEN {
        fixture.node.start_agent_with(&[option, &number.to_string()]);
        assert!(fixture.dies(), "{option} {number}: {}", fixture.account());
    }
    fixture.node.start_agent();
    fixture.converge();
    fixture.is_at_rest();
    CHOSEN.len()
}

/// One update: the agent dies at the boundary, comes again, converges, and is at rest. False where the update has no such step.
fn dies_and_comes_back(fixture: &mut Fixture, option: &str, number: u32) -> bool {
    fixture.publish(&format!("greeting{option}-{number}"));
    fixture.node.start_agent_with(&[option, &number.to_string()]);
    let has_died = fixture.dies();
    if has_died {
        fixture.node.start_agent();
        fixture.converge();
    }
    fixture.is_at_rest();
    has_died
}
