//! A scene and what it stands on: a node of its own with a fleet, and the verdict about its rows.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
};

use wlc_tests::{conformance::Row, node::Node, podman};

use crate::report::{Outcome, Outcomes};

/// Whether `tests/run` plays a scene too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Short,
    Long,
}

/// One or more rows that are shown together.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) length: Length,
    pub(crate) play: fn(&Stage),
}

/// Makes a scene of a function: its name is the scene's.
macro_rules! scene {
    ($length:ident $play:ident) => {
        $crate::stage::Scene { name: stringify!($play), length: $crate::stage::Length::$length, play: $play }
    };
}
pub(crate) use scene;

/// Makes a scene of a folder of data.
macro_rules! data {
    ($length:ident $name:literal) => {
        $crate::stage::Scene { name: $name, length: $crate::stage::Length::$length, play: $crate::data::play }
    };
}
pub(crate) use data;

/// Where one scene is played.
pub(crate) struct Stage {
    name: &'static str,
    number: usize,
    verdicts: RefCell<BTreeMap<String, Outcome>>,
}

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A panic is kept for the report of its row instead of being printed.
pub(crate) fn catch_panics() {
    panic::set_hook(Box::new(|panic| LAST_PANIC.with(|last| *last.borrow_mut() = panic.to_string())));
}

fn caught(check: impl FnOnce()) -> Outcome {
    match panic::catch_unwind(AssertUnwindSafe(check)) {
        Ok(()) => Outcome::Passed,
        Err(_) => Outcome::Failed(LAST_PANIC.with(|last| last.borrow().clone())),
    }
}

/// Plays a scene. A row that it says nothing about passes with the whole.
pub(crate) fn play(scene: &Scene, number: usize, rows: &[Row]) -> Outcomes {
    let names = |row: &&Row| row.podman.tests().iter().any(|test| test == scene.name);
    let ids: Vec<&String> = rows.iter().filter(names).map(|row| &row.id).collect();
    let stage = Stage { name: scene.name, number, verdicts: RefCell::default() };
    let whole = if podman::socket().is_some() {
        caught(|| (scene.play)(&stage))
    } else {
        Outcome::Skipped("WLC_PODMAN_SOCKET names no Podman; tests/run brings one".to_owned())
    };
    let mut verdicts = stage.verdicts.into_inner();
    let mut outcomes = Outcomes::new();
    if ids.is_empty() {
        outcomes.insert(("no row".to_owned(), scene.name.to_owned()), whole.clone());
    }
    for id in ids {
        let outcome = verdicts.remove(id).unwrap_or_else(|| whole.clone());
        if let Outcome::Skipped(why) = &outcome {
            podman::skip(&format!("{id}: {why}"));
        }
        outcomes.insert((id.clone(), scene.name.to_owned()), outcome);
    }
    for id in verdicts.into_keys() {
        let why = "the table does not say that this scene shows it".to_owned();
        outcomes.insert((id, scene.name.to_owned()), Outcome::Failed(why));
    }
    outcomes
}

impl Stage {
    /// The scene's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// A node with an empty fleet of its own.
    pub(crate) fn node(&self) -> Node {
        Node::new(&format!("c{}", self.number)).expect("a scene is played where there is a Podman")
    }

    /// A second node, with another fleet.
    pub(crate) fn other_node(&self) -> Node {
        Node::new(&format!("c{}b", self.number)).expect("a scene is played where there is a Podman")
    }

    /// Judges one row; the scene goes on if it fails.
    pub(crate) fn row(&self, id: &str, check: impl FnOnce()) {
        self.verdicts.borrow_mut().insert(id.to_owned(), caught(check));
    }

    /// Says that a row cannot be shown here.
    pub(crate) fn skip(&self, id: &str, why: &str) {
        self.verdicts.borrow_mut().insert(id.to_owned(), Outcome::Skipped(why.to_owned()));
    }
}
