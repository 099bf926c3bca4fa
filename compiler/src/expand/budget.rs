//! How much a repository may become. Templates in templates grow as fast as powers do.

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    span::{FileId, Span},
    syntax::{Block, Scalar},
};

/// Most blocks and values that all uses of templates together stand for.
const ITEMS: usize = 1_000_000;
/// Most bytes of texts in them.
const BYTES: usize = 64 << 20;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Budget {
    items: usize,
    bytes: usize,
    is_reported: bool,
    /// The use that stands in no template.
    used: Span,
}

impl Budget {
    /// All of it.
    pub(super) fn new() -> Self {
        Self { items: ITEMS, bytes: BYTES, is_reported: false, used: Span::new(FileId(0), 0, 0) }
    }

    /// Begins with a use that stands in no template.
    pub(super) fn begin(&mut self, used: Span) {
        self.used = used;
    }

    /// Takes a copy of a block without its children. False where there is no room for it, which is reported once.
    pub(super) fn take(&mut self, block: &Block, problems: &mut Problems) -> bool {
        let items = 1 + block.arguments.len() + block.properties.len();
        let values = block.arguments.iter().chain(block.properties.iter().map(|property| &property.value));
        let bytes = block.word.value.len() + values.map(|value| size(&value.value)).sum::<usize>();
        self.take_amount(items, bytes, problems)
    }

    /// Takes the copy of a value.
    pub(super) fn take_value(&mut self, value: &Scalar, problems: &mut Problems) -> bool {
        self.take_amount(1, size(value), problems)
    }

    fn take_amount(&mut self, items: usize, bytes: usize, problems: &mut Problems) -> bool {
        match (self.items.checked_sub(items), self.bytes.checked_sub(bytes)) {
            (Some(items), Some(bytes)) => {
                (self.items, self.bytes) = (items, bytes);
                true
            }
            _ => {
                self.spend(problems);
                false
            }
        }
    }

    /// Whether there was no room for something.
    pub(super) fn is_spent(&self) -> bool {
        self.is_reported
    }

    fn spend(&mut self, problems: &mut Problems) {
        (self.items, self.bytes) = (0, 0);
        if !std::mem::replace(&mut self.is_reported, true) {
            let message = format!(
                "the uses of templates stand for more than {ITEMS} blocks and values, or {} MiB of text",
                BYTES >> 20
            );
            problems.hide_declarations();
            let diagnostic = Diagnostic::new(Code::ExpansionTooLarge, message, self.used, "no room for this one");
            problems.add(diagnostic.hint("templates that use each other several times grow as fast as powers do"));
        }
    }
}

fn size(scalar: &Scalar) -> usize {
    match scalar {
        Scalar::Text(text) | Scalar::Decimal(text) | Scalar::Parameter(text) => text.len(),
        Scalar::Integer(_) | Scalar::Bool(_) | Scalar::Null => 0,
    }
}
