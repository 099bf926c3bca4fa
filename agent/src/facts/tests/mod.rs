//! Tests of the facts: captured machines, small trees for what those lack, hostile trees, and this machine.
#![expect(clippy::disallowed_methods, reason = "tests build trees, and unpack captured ones")]

mod captured;
mod hostile;
mod nvidia;
mod parsing;
mod sample;
mod samples;
mod this_machine;
mod written;
