//! Which reader reads a file, and the kdl crate's document → our blocks.

use std::ops::Range;

use kdl::{KdlDocument, KdlEntry, KdlIdentifier, KdlNode, KdlValue};

use miette::SourceSpan;

use super::{Block, Property, Scalar, Value, guard, kdl_errors, strict};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    sources::Source,
    span::{FileId, Span, Spanned},
};

/// What the parser may use; it needs some kilobytes for each `{` of a part, and at most 300 bytes for each character.
const STACK: usize = 256 << 20;
/// At most this many parts with mistakes are reported of one file.
const MOST_BROKEN: usize = 50;
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

/// Reads a file. What is wrong with it is reported, and then nothing of it is returned.
pub fn read(file: FileId, source: &Source, problems: &mut Problems) -> Option<Vec<Block>> {
    read_by(Reader::Both, file, source, problems)
}

/// Reads a file as [`read`] does, by these readers.
pub fn read_by(reader: Reader, file: FileId, source: &Source, problems: &mut Problems) -> Option<Vec<Block>> {
    if kdl_errors::report_other_language(file, &source.text, problems) {
        return None;
    }
    let strictly = || strict::read(file, &source.text);
    match reader {
        Reader::Strict => strictly(),
        Reader::Kdl => read_parts(Reader::Kdl, file, source, problems),
        Reader::Both => strictly().or_else(|| read_parts(Reader::Both, file, source, problems)),
    }
}

/// Reads a file block by block.
fn read_parts(reader: Reader, file: FileId, source: &Source, problems: &mut Problems) -> Option<Vec<Block>> {
    let parts = guard::parts(file, &source.text, problems)?;
    std::thread::scope(|scope| {
        let parse = || parse(reader, file, &source.text, parts, problems);
        let parser = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, parse);
        parser.expect("a thread can be started").join().expect("the parser does not panic")
    })
}

fn parse(
    reader: Reader,
    file: FileId,
    text: &str,
    parts: Vec<Range<usize>>,
    problems: &mut Problems,
) -> Option<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut broken = 0;
    for part in parts {
        let understood = if reader == Reader::Kdl { None } else { strict::read_part(file, text, part.clone()) };
        match understood.or_else(|| by_kdl(file, text, &part, problems)) {
            Some(found) => blocks.extend(found),
            None => broken += 1,
        }
        if broken == MOST_BROKEN {
            let span = Span::new(file, part.start, part.start);
            let message = "the rest of this file is not read: it has too many mistakes";
            problems.add(Diagnostic::new(Code::Syntax, message, span, "up to here"));
            break;
        }
    }
    (broken == 0).then_some(blocks)
}

/// What the kdl crate makes of a part.
fn by_kdl(file: FileId, text: &str, part: &Range<usize>, problems: &mut Problems) -> Option<Vec<Block>> {
    if !guard::bears_mistakes(&text[part.clone()]) {
        let span = Span::new(file, part.start, part.start);
        let message =
            format!("this block has a mistake and more than {} KiB, too many to find it", guard::BROKEN_BYTES >> 10);
        let diagnostic = Diagnostic::new(Code::Syntax, message, span, "begins here");
        problems.add(diagnostic.hint("write it in smaller blocks, or put a long text into a file of its own"));
        return None;
    }
    match KdlDocument::parse_v2(&text[part.clone()]) {
        Ok(document) => Some(Tree { file, text, base: part.start, problems }.blocks(&document)),
        Err(error) => {
            kdl_errors::report(file, text, part, &error, problems);
            None
        }
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
