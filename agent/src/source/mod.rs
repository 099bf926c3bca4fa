//! Where plan sets come from. A directory, which git, rsync or any other tool fills; [`watch`] tells when to look again.

pub mod directory;
pub mod watch;

use wlc_plan::{name::NodeName, set::Expectations};

use self::directory::Directory;
use crate::accept::{Judgement, judge};

/// Looks at a directory once. `before` is what the look before this one gave.
pub fn look(
    directory: &Directory,
    node: &NodeName,
    expectations: &Expectations<'_>,
    before: Option<&Judgement>,
) -> Judgement {
    match directory.open() {
        Ok(Some(opened)) => judge(&opened, node, expectations, before),
        Ok(None) => Judgement::NoSet,
        Err(error) => Judgement::Unreadable { file: None, why: error.to_string() },
    }
}
