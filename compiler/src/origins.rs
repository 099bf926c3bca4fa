//! Where an expanded block comes from.
//!
//! What a template's use or an overlay produces is made of text that stands in one place and is asked for in another. Each
//! such copy gets a file number of its own, an *origin*, so that its spans differ from those of every other copy. This
//! table knows which text an origin shows, and which other place led there. Diagnostics are told about both.

use crate::span::{FileId, Span};

/// File numbers from here on are origins.
const FIRST: u32 = 1 << 31;

/// Why a text counts at another place than where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The file whose text it is; it may be an origin itself.
    pub file: FileId,
    /// The place that led there.
    pub at: Span,
    /// How it leads there.
    pub led: Led,
}

/// How a place leads to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Led {
    /// It uses the template whose text it is.
    Use,
    /// It is the reference to a parameter whose value was given in the use.
    Given,
    /// It is the reference to a parameter whose default it is.
    Default,
    /// It is the block that the text is laid over.
    Over,
    /// It is what the text replaces.
    Instead,
}

impl Led {
    /// Whether a reader needs to know what led to that place in turn. Who sees the value in a use knows that use.
    fn leads_on(self) -> bool {
        match self {
            Self::Use | Self::Default => true,
            Self::Given | Self::Over | Self::Instead => false,
        }
    }

    /// What is to be said about the place.
    pub fn label(self) -> &'static str {
        match self {
            Self::Use => "used here",
            Self::Given | Self::Default => "the value goes here",
            Self::Over => "laid over this",
            Self::Instead => "instead of this",
        }
    }
}

/// All origins of a build.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    list: Vec<Origin>,
}

/// A place as people see it, and the places that led there, nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// The place in a real file.
    pub span: Span,
    /// The other places, in real files.
    pub through: Vec<(Span, Led)>,
}

impl Origins {
    /// Takes one more, and gives the file number that stands for it.
    pub fn add(&mut self, origin: Origin) -> FileId {
        let number = FIRST + u32::try_from(self.list.len()).unwrap_or(u32::MAX - FIRST);
        self.list.push(origin);
        FileId(number)
    }

    /// The origin that a file number stands for; none for a real file.
    pub fn get(&self, file: FileId) -> Option<&Origin> {
        self.list.get(file.0.checked_sub(FIRST)? as usize)
    }

    /// The real file behind a number.
    pub fn real(&self, file: FileId) -> FileId {
        let mut file = file;
        while let Some(origin) = self.get(file) {
            file = origin.file;
        }
        file
    }

    /// A place in its real file.
    pub fn place(&self, span: Span) -> Span {
        Span { file: self.real(span.file), ..span }
    }

    /// A place in its real file, with the places that led there.
    pub fn trace(&self, span: Span) -> Traced {
        let mut through: Vec<(Span, Led)> = Vec::new();
        let mut places = std::collections::VecDeque::from([span]);
        let place = self.place(span);
        while let Some(next) = places.pop_front() {
            let Some(origin) = self.get(next.file).filter(|_| through.len() < MOST_STEPS) else { continue };
            let at = self.place(origin.at);
            // A value that is handed on from template to template ends up in one place.
            let is_handed_on = origin.led == Led::Given && through.iter().any(|(_, led)| *led == Led::Given);
            if at != place && !is_handed_on && through.iter().all(|(known, _)| *known != at) {
                through.push((at, origin.led));
            }
            if origin.led.leads_on() {
                places.push_back(origin.at);
            }
            places.push_back(Span { file: origin.file, ..next });
        }
        Traced { span: place, through }
    }

    /// The place and all places that led there, as they are known to whoever holds an extent: unresolved.
    pub fn all(&self, span: Span) -> Vec<Span> {
        let mut found = vec![span];
        let mut next = 0;
        while let Some(&span) = found.get(next) {
            next += 1;
            if let Some(origin) = self.get(span.file).filter(|_| found.len() < MOST_PLACES) {
                found.push(origin.at);
                found.push(Span { file: origin.file, ..span });
            }
        }
        found
    }
}

/// Of more places that led somewhere, the nearest are told.
const MOST_STEPS: usize = 4;
/// Templates that use templates lead to few places; this keeps hostile ones harmless.
const MOST_PLACES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_traced_through_uses_of_uses() {
        let mut origins = Origins::default();
        let span = |file, start| Span::new(file, start, start + 1);
        let (template, outer) = (FileId(0), FileId(1));
        let first = origins.add(Origin { file: template, at: span(outer, 5), led: Led::Use });
        let second = origins.add(Origin { file: template, at: span(first, 7), led: Led::Use });
        let traced = origins.trace(span(second, 9));
        assert_eq!(traced.span, span(template, 9));
        assert_eq!(traced.through, [(span(template, 7), Led::Use), (span(outer, 5), Led::Use)]);
        assert!(origins.all(span(second, 9)).contains(&span(first, 7)));
        assert_eq!(origins.trace(span(outer, 1)).through, []);
    }
}
