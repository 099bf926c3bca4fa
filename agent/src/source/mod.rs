//! Where plan sets come from. A directory, which git, rsync or any other tool fills; [`watch`] tells when to look again.

pub mod directory;
pub mod trust;
pub mod watch;

use std::{future::Future, path::PathBuf, pin::Pin};

use wlc_plan::{name::NodeName, set::Expectations, trust::Trust};

use self::{
    directory::Directory,
    trust::read_trust,
    watch::{Look, Watch},
};
use crate::{
    accept::{Judgement, judge},
    settings::Settings,
};

/// Where plan sets come from, and whose signatures count.
pub trait Source: Send + Sync {
    /// The keys that count.
    ///
    /// # Errors
    /// The sentence for people: they cannot be read, or one is wrong.
    fn trust(&self) -> Result<Trust, String>;
    /// Looks once. `before` is what the look before this one gave.
    fn look(&self, node: &NodeName, expectations: &Expectations<'_>, before: Option<&Judgement>) -> Judgement;
    /// Begins to watch for changes that concern a node.
    fn watch(&self, node: &NodeName) -> Box<dyn Watching>;
}

/// Tells when to look at a source again.
pub trait Watching: Send {
    /// Waits until it is time to look. A call that is given up loses nothing.
    fn changed(&mut self) -> Pin<Box<dyn Future<Output = Look> + Send + '_>>;
}

/// A directory and a file of allowed signers.
#[derive(Debug)]
pub struct DirectorySource {
    directory: Directory,
    trust: PathBuf,
}

impl DirectorySource {
    /// The source that the settings name.
    pub fn new(settings: &Settings) -> Self {
        Self { directory: Directory::new(&settings.source), trust: settings.trust.clone() }
    }
}

impl Source for DirectorySource {
    fn trust(&self) -> Result<Trust, String> {
        read_trust(&self.trust)
    }

    fn look(&self, node: &NodeName, expectations: &Expectations<'_>, before: Option<&Judgement>) -> Judgement {
        look(&self.directory, node, expectations, before)
    }

    fn watch(&self, node: &NodeName) -> Box<dyn Watching> {
        Box::new(Watch::start(self.directory.path(), node))
    }
}

impl Watching for Watch {
    fn changed(&mut self) -> Pin<Box<dyn Future<Output = Look> + Send + '_>> {
        Box::pin(self.changed())
    }
}

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
