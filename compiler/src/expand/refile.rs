//! Gives the spans of a copied block an origin.

use std::collections::BTreeMap;

use crate::{
    diagnostics::Problems,
    origins::{Led, Origin},
    span::{FileId, Span},
    syntax::{Block, Value},
};

/// Copies that one place led to; there is one origin for each file that their text is of.
pub(super) struct Refile {
    at: Span,
    led: Led,
    known: BTreeMap<FileId, FileId>,
}

impl Refile {
    /// Copies that `at` led to.
    pub(super) fn new(at: Span, led: Led) -> Self {
        Self { at, led, known: BTreeMap::new() }
    }

    /// A span of such a copy.
    pub(super) fn span(&mut self, span: Span, problems: &mut Problems) -> Span {
        let Self { at, led, known } = self;
        let origin = || Origin { file: span.file, at: *at, led: *led };
        let file = *known.entry(span.file).or_insert_with(|| problems.originate(origin()));
        Span { file, ..span }
    }

    /// A value of such a copy.
    pub(super) fn value(&mut self, mut value: Value, problems: &mut Problems) -> Value {
        value.span = self.span(value.span, problems);
        value
    }

    /// A block of such a copy.
    pub(super) fn block(&mut self, mut block: Block, problems: &mut Problems) -> Block {
        self.own(&mut block, problems);
        block.children = block.children.into_iter().map(|child| self.block(child, problems)).collect();
        block
    }

    /// The block's own spans.
    fn own(&mut self, block: &mut Block, problems: &mut Problems) {
        let mut spans = vec![&mut block.word.span, &mut block.span, &mut block.extent];
        spans.extend(block.arguments.iter_mut().map(|value| &mut value.span));
        let properties = block.properties.iter_mut();
        spans.extend(properties.flat_map(|property| [&mut property.name.span, &mut property.value.span]));
        for span in spans {
            *span = self.span(*span, problems);
        }
    }
}
