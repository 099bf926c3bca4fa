//! Which reader reads a file, and the kdl crate's document → our blocks.

use std::ops::Range;

use kdl::{KdlDocument, KdlEntry, KdlError, KdlIdentifier, KdlNode, KdlValue};

use miette::SourceSpan;

use super::{
    Block, Property, Scalar, Value, foreign, guard, kdl_errors, strict,
    tolerant::{self, Item},
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    sources::Source,
    span::{FileId, Span, Spanned},
};

/// What the parser may use; it needs some kilobytes for each `{` of a part, and at most 300 bytes for each character.
const STACK: usize = 256 << 20;
/// At most this many mistakes of form are reported of one file.
const MOST_REPORTED: usize = 50;
/// The type that makes a text the name of a parameter.
const PARAMETER: &str = "parameter";

/// Which readers may read a file. They never differ in what they read; tests and benchmarks show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reader {
    /// The strict reader, and the kdl crate for what it does not understand.
    #[default]
    Both,
    /// The strict reader alone; what it does not understand gives nothing and is not reported.
    Strict,
    /// The kdl crate alone.
    Kdl,
}

/// Reads a file. What is wrong with it is reported, and what can be understood all the same is returned. None where nothing
/// is known of what the file declares.
pub fn read(file: FileId, source: &Source, problems: &mut Problems) -> Option<Vec<Block>> {
    read_by(Reader::Both, file, source, problems)
}

/// Reads a file that has no mistake of form. None where it has one; it is reported.
pub fn read_whole(file: FileId, source: &Source, problems: &mut Problems) -> Option<Vec<Block>> {
    read(file, source, problems).filter(|_| !problems.any(Code::Syntax))
}

/// Reads a file as [`read`] does, by these readers.
pub fn read_by(reader: Reader, file: FileId, source: &Source, problems: &mut Problems) -> Option<Vec<Block>> {
    if foreign::report(file, source.text(), false, problems) {
        problems.hide_declarations();
        return None;
    }
    let strictly = || strict::read(file, source.text());
    match reader {
        Reader::Strict => strictly(),
        Reader::Kdl => read_parts(Reader::Kdl, file, source, problems),
        Reader::Both => strictly().or_else(|| read_parts(Reader::Both, file, source, problems)),
    }
}

/// Reads a file block by block.
fn read_parts(reader: Reader, file: FileId, source: &Source, problems: &mut Problems) -> Option<Vec<Block>> {
    let parts = guard::parts(file, source.text(), problems)?;
    let text = source.text();
    std::thread::scope(|scope| {
        let parts = || Parts { reader, file, text, left: MOST_REPORTED, blocks: Vec::new(), problems }.read(parts);
        let parser = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, parts);
        Some(parser.expect("a thread can be started").join().expect("the parser does not panic"))
    })
}

/// A file that is read part by part. What is no KDL is read a second time, to find out what was meant.
struct Parts<'a> {
    reader: Reader,
    file: FileId,
    text: &'a str,
    /// How many more mistakes of form are reported.
    left: usize,
    blocks: Vec<Block>,
    problems: &'a mut Problems,
}

impl Parts<'_> {
    fn read(mut self, parts: Vec<Range<usize>>) -> Vec<Block> {
        // Where the block before begins, and how many blocks there were before it.
        let mut before = (0, 0);
        for mut part in parts {
            if self.left == 0 {
                self.give_up(part.start);
                break;
            }
            let known = self.blocks.len();
            let Err(error) = self.part(part.clone()) else {
                before = (part.start, known);
                continue;
            };
            if self.blocks.is_empty() && foreign::report(self.file, self.text, true, self.problems) {
                self.problems.hide_declarations();
                break;
            }
            if self.text[part.clone()].trim_start().starts_with(['{', '}']) {
                part.start = before.0;
                self.blocks.truncate(before.1);
            }
            let mut reading = tolerant::read(self.file, self.text, part.clone());
            let spills = reading.spills();
            if spills {
                reading = tolerant::read(self.file, self.text, part.start..self.text.len());
            }
            if reading.is_fine() {
                self.report(&part, error);
            }
            self.take(reading);
            if spills {
                break;
            }
        }
        self.blocks
    }

    /// Reads a part that is one block. An error without a reason: it is too large for the parser to find one.
    fn part(&mut self, part: Range<usize>) -> Result<(), Option<KdlError>> {
        let strictly = || strict::read_part(self.file, self.text, part.clone());
        if let Some(found) = (self.reader != Reader::Kdl).then(strictly).flatten() {
            self.blocks.extend(found);
            return Ok(());
        }
        if !guard::bears_mistakes(&self.text[part.clone()]) {
            return Err(None);
        }
        let document = KdlDocument::parse_v2(&self.text[part.clone()])?;
        let mut tree = Tree { file: self.file, text: self.text, base: part.start, problems: self.problems };
        self.blocks.extend(tree.blocks(&document));
        Ok(())
    }

    /// Reports a part in which the second reading finds nothing wrong.
    fn report(&mut self, part: &Range<usize>, error: Option<KdlError>) {
        let whole = Span::new(self.file, part.start, part.end);
        match error {
            Some(error) => kdl_errors::report(self.file, self.text, part, &error, self.problems),
            None => {
                let most = guard::BROKEN_BYTES >> 10;
                let message = format!("this block has a mistake and more than {most} KiB, too many to find it");
                let diagnostic =
                    Diagnostic::new(Code::Syntax, message, Span { end: whole.start, ..whole }, "begins here");
                let hint = "write it in smaller blocks, or put a long text into a file of its own";
                self.problems.add(diagnostic.hint(hint));
            }
        }
        self.problems.say_no_more(whole);
        self.left -= 1;
    }

    /// Takes what a second reading found; what is whole there is read as any other part.
    fn take(&mut self, mut reading: tolerant::Reading) {
        self.left -= reading.report(self.file, self.text, self.left, self.problems);
        for Item { at, block, is_whole } in reading.items {
            let can_be_read = is_whole && guard::admits(&self.text[at.clone()]);
            if !can_be_read || self.part(at).is_err() {
                self.blocks.extend(block);
            }
        }
    }

    fn give_up(&mut self, at: usize) {
        let message = "the rest of this file is not read: it has too many mistakes";
        let diagnostic = Diagnostic::new(Code::Syntax, message, Span::new(self.file, at, at), "up to here");
        self.problems.add(diagnostic.hint("mend what is above, and check again"));
        self.problems.hide_declarations();
    }
}

/// A document that is being turned into our blocks.
struct Tree<'a> {
    file: FileId,
    text: &'a str,
    /// Where the part begins that the document is of.
    base: usize,
    problems: &'a mut Problems,
}

impl Tree<'_> {
    fn blocks(&mut self, document: &KdlDocument) -> Vec<Block> {
        document.nodes().iter().map(|node| self.block(node)).collect()
    }

    fn block(&mut self, node: &KdlNode) -> Block {
        let word_span = self.span(node.name().span());
        self.report_type(node.ty(), word_span);
        let mut found = Block {
            word: Spanned::new(node.name().value().to_owned(), word_span),
            arguments: Vec::new(),
            properties: Vec::new(),
            children: node.children().map(|children| self.blocks(children)).unwrap_or_default(),
            span: word_span,
            extent: self.span(node.span()),
        };
        for entry in node.entries() {
            let value = self.value(entry);
            let value = self.typed(entry.ty(), value);
            found.span = found.span.to(value.span);
            match entry.name() {
                None => found.arguments.push(value),
                Some(name) => {
                    let name = Spanned::new(name.value().to_owned(), self.span(name.span()));
                    found.properties.push(Property { name, value });
                }
            }
        }
        found
    }

    fn span(&self, found: SourceSpan) -> Span {
        let start = self.base + found.offset();
        Span::new(self.file, start, start + found.len())
    }

    /// An entry has no span of its own for its value: it is the end of the entry, as long as the value was written.
    fn value(&self, entry: &KdlEntry) -> Value {
        let whole = self.span(entry.span());
        let written = entry.format().map_or("", |format| format.value_repr.as_str());
        let most = whole.end - whole.start;
        let length = u32::try_from(written.len()).ok().filter(|length| (1..most).contains(length)).unwrap_or(most);
        Spanned::new(scalar(entry.value(), written), Span { start: whole.end - length, ..whole })
    }

    /// KDL can write a type before a value. One has a meaning: `(parameter)"name"` stands for the value of a parameter.
    fn typed(&mut self, written: Option<&KdlIdentifier>, value: Value) -> Value {
        if let (Scalar::Text(name), true) = (&value.value, written.is_some_and(|written| written.value() == PARAMETER))
        {
            return Spanned::new(Scalar::Parameter(name.clone()), value.span);
        }
        self.report_type(written, value.span);
        value
    }

    /// Any other type, and one before a word, has no meaning in the language, so it is not passed over.
    fn report_type(&mut self, written: Option<&KdlIdentifier>, behind: Span) {
        let Some(written) = written else { return };
        let word = self.text.get(behind.start as usize..behind.end as usize).unwrap_or_default();
        let message = format!("the type `({})` means nothing here", written.value());
        let start = self.text[..behind.start as usize].rfind('(').unwrap_or(behind.start as usize);
        let span = Span::new(behind.file, start, behind.start as usize);
        let diagnostic = Diagnostic::new(Code::SurplusValue, message, span, "not expected here");
        self.problems.add(diagnostic.hint(format!("write `{word}` alone")));
    }
}

fn scalar(value: &KdlValue, written: &str) -> Scalar {
    match value {
        KdlValue::String(text) => Scalar::Text(text.clone()),
        KdlValue::Integer(number) => Scalar::Integer(*number),
        KdlValue::Float(number) if written.is_empty() => Scalar::Decimal(number.to_string()),
        KdlValue::Float(_) => Scalar::Decimal(written.replace('_', "")),
        KdlValue::Bool(flag) => Scalar::Bool(*flag),
        KdlValue::Null => Scalar::Null,
    }
}
