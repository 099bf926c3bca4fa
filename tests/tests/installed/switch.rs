//! A new program takes the place of the old one, or does not, and never strands the machine.

use std::fs;

use wlc_tests::replay;

use crate::machine::{Machine, Start, agent};

/// A program that works and is not the installed one: bytes behind the end of a program mean nothing.
fn other_version() -> Vec<u8> {
    let mut program = fs::read(agent()).unwrap();
    program.extend(b"another version");
    program
}

fn broken() -> Vec<u8> {
    fs::read(crate::machine::broken()).unwrap()
}

/// A program for another machine: its ELF header names one that is not this.
fn foreign() -> Vec<u8> {
    let mut program = fs::read(agent()).unwrap();
    let other = if program[18] == 0xB7 { 0x3E } else { 0xB7 };
    program[18] = other;
    program
}

#[test]
fn a_start_without_a_new_program_is_a_start() {
    let mut machine = Machine::new(replay::empty());
    assert_eq!(machine.start(), (Start::Ready, String::new()));
    assert_eq!(machine.programs(), ["wlagent"]);
}

#[test]
fn a_new_program_that_works_is_taken_and_the_one_before_kept() {
    let mut machine = Machine::new(replay::empty());
    assert_eq!(machine.start().0, Start::Ready);
    let new = other_version();
    machine.lay(&new);
    let (start, said) = machine.start();
    assert_eq!(start, Start::Ready, "{said}");
    assert!(said.contains("<5>wlagent-switch: takes the new program: no action: version "), "{said}");
    assert!(said.contains("has proved itself"), "{said}");
    assert_eq!(machine.programs(), ["wlagent", "wlagent.old"]);
    assert!(fs::read(machine.program("wlagent")).unwrap() == new, "the new one runs");
    assert!(fs::read(machine.program("wlagent.old")).unwrap() == fs::read(agent()).unwrap());

    // By hand, back to the one before.
    fs::rename(machine.program("wlagent.old"), machine.program("wlagent.new")).unwrap();
    assert_eq!(machine.start().0, Start::Ready);
    assert!(machine.has(agent()));
    assert_eq!(machine.programs(), ["wlagent", "wlagent.old"]);
}

/// A broken program has three starts; the fourth is one of the program before, which says so.
fn comes_back(how: &'static str) {
    let mut machine = Machine::new(replay::empty());
    machine.broken = how;
    machine.lay(&broken());
    for number in 1..=3 {
        let (start, said) = machine.start();
        assert_eq!(start, Start::Failed, "{how}, start {number}: {said}");
        assert!(said.contains(&format!("start {number} of at most 3")), "{how}: {said}");
        assert!(machine.has(crate::machine::broken()), "{how}, start {number}");
        assert_eq!(machine.programs(), ["wlagent".to_owned(), format!("wlagent.back-{number}")], "{how}");
    }
    let (start, said) = machine.start();
    assert_eq!(start, Start::Ready, "{how}: {said}");
    let told = "<3>wlagent-switch: the new program did not get ready in 3 starts: the one before runs again";
    assert!(said.contains(told), "{how}: {said}");
    assert!(machine.has(agent()), "{how}");
    assert_eq!(machine.programs(), ["wlagent", "wlagent.failed"], "{how}");
    assert_eq!(machine.start(), (Start::Ready, String::new()), "{how}: from then on nothing is left to do");
}

#[test]
fn a_program_that_exits_goes_back() {
    comes_back("exits");
}

#[test]
fn a_program_that_hangs_goes_back() {
    comes_back("hangs");
}

#[test]
fn a_program_that_dies_right_after_it_was_ready_goes_back() {
    comes_back("dies");
}

/// A program that breaks between its check and its start, as where the disk loses it.
#[test]
fn a_program_that_cannot_be_executed_any_more_goes_back() {
    for damage in [Vec::new(), foreign()] {
        let mut machine = Machine::new(replay::empty());
        machine.lay(&other_version());
        machine.begin();
        assert_eq!(machine.programs(), ["wlagent", "wlagent.back-1"]);
        fs::rename(machine.program("wlagent"), machine.program("gone")).unwrap();
        machine.lay(&damage);
        fs::rename(machine.program("wlagent.new"), machine.program("wlagent")).unwrap();
        fs::remove_file(machine.program("gone")).unwrap();
        for _ in 2..=3 {
            assert_eq!(machine.start().0, Start::Failed);
        }
        let (start, said) = machine.start();
        assert_eq!(start, Start::Ready, "{said}");
        assert!(machine.has(agent()));
    }
}

#[test]
fn what_is_no_program_for_this_machine_is_not_taken() {
    let script = b"#!/bin/sh\necho 'no action: trust me'\n".to_vec();
    let truncated = other_version()[..10].to_vec();
    for (what, bytes) in
        [("another machine's", foreign()), ("empty", Vec::new()), ("a script", script), ("truncated", truncated)]
    {
        let mut machine = Machine::new(replay::empty());
        machine.lay(&bytes);
        let (start, said) = machine.start();
        assert_eq!(start, Start::Ready, "{what}: {said}");
        assert!(said.contains("is no program that this machine can run: it is not taken"), "{what}: {said}");
        assert!(machine.has(agent()), "{what}");
        assert_eq!(machine.programs(), ["wlagent", "wlagent.new"], "{what}");
    }
    let mut machine = Machine::new(replay::empty());
    fs::write(machine.program("wlagent.new"), other_version()).unwrap();
    let (start, said) = machine.start();
    assert!(said.contains("is no program that this machine can run"), "nobody may execute it: {said}");
    assert_eq!(start, Start::Ready);
}

#[test]
fn a_program_whose_check_does_not_pass_is_not_taken() {
    for (how, told, left) in [
        ("check-acts", "<4>wlagent-switch: would act: version 9.9.9", "wlagent.new"),
        ("check-exits", "ended with 0: it is not taken", "wlagent.new"),
        ("check-hangs", "did not end within 5 s: it is not taken", "wlagent.refused"),
    ] {
        let mut machine = Machine::new(replay::empty());
        machine.broken = how;
        machine.lay(&broken());
        let (start, said) = machine.start();
        assert_eq!(start, Start::Ready, "{how}: {said}");
        assert!(said.contains(told), "{how}: {said}");
        assert!(machine.has(agent()), "{how}");
        assert_eq!(machine.programs(), ["wlagent", left], "{how}");
    }
}

/// While a new program is on trial, the next one waits.
#[test]
fn one_trial_at_a_time() {
    let mut machine = Machine::new(replay::empty());
    machine.lay(&broken());
    assert_eq!(machine.start().0, Start::Failed);
    machine.lay(&other_version());
    for _ in 2..=3 {
        assert_eq!(machine.start().0, Start::Failed);
        assert!(machine.has(crate::machine::broken()));
    }
    assert_eq!(machine.start().0, Start::Ready);
    assert!(machine.has(agent()));
    let (start, said) = machine.start();
    assert_eq!(start, Start::Ready, "{said}");
    assert!(fs::read(machine.program("wlagent")).unwrap() == other_version());
    assert_eq!(machine.programs(), ["wlagent", "wlagent.failed", "wlagent.old"]);
}
