//! Where plan sets come from. A directory, which git, rsync or any other tool fills; [`watch`] tells when to look again.

pub mod directory;
pub mod watch;
