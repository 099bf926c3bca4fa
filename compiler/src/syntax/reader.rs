//! The kdl crate's document → our blocks.

use kdl::{KdlDocument, KdlEntry, KdlIdentifier, KdlNode, KdlValue};

use super::{Block, Property, Scalar, Value, guard, kdl_errors};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    sources::Source,
    span::{FileId, Span, Spanned},
};

/// Reads a file. What is wrong with it is reported, and then nothing of it is returned.
pub fn read(file: FileId, source: &Source, problems: &mut Problems) -> Option<Vec<Block>> {
    if !guard::admits(file, &source.text, problems) || kdl_errors::report_other_language(file, &source.text, problems) {
        return None;
    }
    match KdlDocument::parse_v2(&source.text) {
        Ok(document) => Some(Tree { file, text: &source.text, problems }.blocks(&document)),
        Err(error) => {
            kdl_errors::report(file, &source.text, &error, problems);
            None
        }
    }
}

/// A document that is being turned into our blocks.
struct Tree<'a> {
    file: FileId,
    text: &'a str,
    problems: &'a mut Problems,
}

impl Tree<'_> {
    fn blocks(&mut self, document: &KdlDocument) -> Vec<Block> {
        document.nodes().iter().map(|node| self.block(node)).collect()
    }

    fn block(&mut self, node: &KdlNode) -> Block {
        let file = self.file;
        let name = node.name();
        let word_span = Span::new(file, name.span().offset(), name.span().offset() + name.span().len());
        self.report_type(node.ty(), word_span);
        let mut found = Block {
            word: Spanned::new(name.value().to_owned(), word_span),
            arguments: Vec::new(),
            properties: Vec::new(),
            children: node.children().map(|children| self.blocks(children)).unwrap_or_default(),
            span: word_span,
            extent: Span::new(file, node.span().offset(), node.span().offset() + node.span().len()),
        };
        for entry in node.entries() {
            let value = value(file, entry);
            self.report_type(entry.ty(), value.span);
            found.span = found.span.to(value.span);
            match entry.name() {
                None => found.arguments.push(value),
                Some(name) => {
                    let start = name.span().offset();
                    let name_span = Span::new(file, start, start + name.span().len());
                    found.properties.push(Property { name: Spanned::new(name.value().to_owned(), name_span), value });
                }
            }
        }
        found
    }

    /// KDL can write a type before a word or a value. The language gives it no meaning, so it is not passed over.
    fn report_type(&mut self, written: Option<&KdlIdentifier>, behind: Span) {
        let Some(written) = written else { return };
        let word = self.text.get(behind.start as usize..behind.end as usize).unwrap_or_default();
        let message = format!("the type `({})` means nothing here", written.value());
        let diagnostic = Diagnostic::new(Code::SurplusValue, message, behind, "has a type before it");
        self.problems.add(diagnostic.hint(format!("write `{word}` alone")));
    }
}

/// An entry has no span of its own for its value: it is the end of the entry, as long as the value was written.
fn value(file: FileId, entry: &KdlEntry) -> Value {
    let whole = entry.span();
    let written = entry.format().map_or("", |format| format.value_repr.as_str());
    let length = if written.is_empty() { whole.len() } else { written.len().min(whole.len()) };
    let end = whole.offset() + whole.len();
    Spanned::new(scalar(entry.value(), written), Span::new(file, end - length, end))
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
