//! Files → blocks in which nothing stands for anything else.
//!
//! Reuse is data, not a language: `include` names files, a template is a row of blocks with places for values, an overlay
//! repeats blocks and says what differs. This stage gathers the files, lays the chosen overlay over them and replaces each use
//! of a template by its blocks. The stages behind it see plain blocks; where each comes from stands in [`crate::origins`].

mod bind;
mod budget;
mod circles;
mod gather;
mod include;
mod lay;
mod overlay;
mod parameter;
mod refile;
pub mod template;
mod uses;

use std::collections::BTreeSet;

pub use self::{
    gather::How,
    parameter::{Kind, Parameter, shown},
    template::{Head, Include, Template, Templates, Use, Without},
};
use crate::{
    cache::Keep,
    diagnostics::Problems,
    fields::{FromBlock, Schema},
    model::{self, facts::EarlyFacts},
    sources::Sources,
    syntax::Block,
};

/// The blocks that this stage replaces. They may stand at the top of a file, `without` in overlays and in uses.
pub const WORDS: [&Schema; 4] = [Head::SCHEMA, Use::SCHEMA, Include::SCHEMA, Without::SCHEMA];

/// All blocks of the language that may stand at the top of a file.
pub fn blocks() -> Vec<&'static Schema> {
    model::TOP.into_iter().chain(WORDS).collect()
}

/// What this stage makes of the files.
#[derive(Debug, Default)]
pub struct Expanded {
    /// The blocks of all files.
    pub blocks: Vec<Block>,
    /// Facts among them that have been read.
    pub facts: EarlyFacts,
    /// What a cache may keep of the files.
    pub keep: Vec<Keep>,
    /// The templates that are declared.
    pub templates: Templates,
}

/// Words that no template may have as its name, since they begin blocks of the language.
pub fn reserved() -> BTreeSet<&'static str> {
    let words = blocks().into_iter().map(|schema| schema.word);
    words.chain(["overlay", "parameter"]).collect()
}

/// Reads the files and expands them. What is wrong is reported; what cannot be expanded is left out.
pub fn expand(how: How<'_>, sources: &mut Sources, problems: &mut Problems) -> Expanded {
    let gathered = gather::gather(how, sources, problems);
    let (facts, keep) = (gathered.facts, gathered.keep);
    let names = template::names(gathered.base.iter().chain(&gathered.overlay));
    let mut base = overlay::sort(gathered.base, &names);
    let over = overlay::sort(gathered.overlay, &names);
    overlay::report_outside(&mut base, &over, problems);

    let templates = Templates::read(overlay::lay(base.templates, over.templates, problems), problems);
    let uses = overlay::lay_over_uses(base.uses, over.uses, problems);
    let mut blocks = base.blocks;
    blocks.extend(uses::expand(&uses, &templates, problems));
    let mut blocks = overlay::lay(blocks, over.blocks, problems);
    if let Some(name) = sources.overlay() {
        overlay::name_fleet(&mut blocks, name);
    }
    sources.know(problems.origins());
    Expanded { blocks, facts, keep, templates }
}
