//! Where an agent ends on purpose, as SIGKILL ends it: for tests of crashes at every boundary of a step.
//!
//! Steps are counted from 1, in the order in which they are begun, or have ended. Without a boundary nothing is counted.

use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Signal, getpid, kill_process};

/// A boundary of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// Before the step of this number has any effect.
    Before(u32),
    /// When so many steps have ended, before anything is noted of the last one.
    After(u32),
}

/// Counts steps up to the boundary where the agent ends.
#[derive(Debug, Default)]
pub struct Ending {
    at: Option<Boundary>,
    begun: AtomicU32,
    ended: AtomicU32,
}

impl Ending {
    /// The agent ends there.
    pub fn at(boundary: Boundary) -> Self {
        Self { at: Some(boundary), ..Self::default() }
    }

    /// A step is about to be carried out.
    pub fn before_step(&self) {
        if self.is_before() {
            die();
        }
    }

    /// A step was carried out, well or not.
    pub fn after_step(&self) {
        if self.is_after() {
            die();
        }
    }

    fn is_before(&self) -> bool {
        matches!(self.at, Some(Boundary::Before(number)) if self.begun.fetch_add(1, Ordering::SeqCst) + 1 == number)
    }

    fn is_after(&self) -> bool {
        matches!(self.at, Some(Boundary::After(number)) if self.ended.fetch_add(1, Ordering::SeqCst) + 1 == number)
    }
}

/// Nothing is unwound and nothing written.
fn die() -> ! {
    // The kernel takes the signal of a process to itself before this returns.
    let _cannot_fail = kill_process(getpid(), Signal::KILL);
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_from_one_on_both_sides() {
        let before = Ending::at(Boundary::Before(2));
        assert_eq!(
            [before.is_before(), before.is_after(), before.is_before(), before.is_before()],
            [false, false, true, false]
        );
        let after = Ending::at(Boundary::After(1));
        assert_eq!([after.is_before(), after.is_after(), after.is_after()], [false, true, false]);
        let never = Ending::default();
        assert_eq!([never.is_before(), never.is_after()], [false, false]);
    }
}
