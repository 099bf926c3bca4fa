//! Reads one block by its schema and reports what does not belong there.

use super::{
    Carried, Checked, Field, FromBlock, FromScalar, Refusal, Schema, Shape,
    meant::{self, Meant},
    right_line::{Given, other_quotes, two_ports, written},
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    span::{Span, Spanned},
    syntax::{Block, Property, Scalar, Value},
};

/// Where a single value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Behind the block's word.
    Argument,
    /// `word=value`, or a child `word value`.
    Property,
}

/// A block that is being read. Each part is taken once; what is left at the end does not belong there.
pub struct Reader<'a> {
    block: &'a Block,
    schema: &'static Schema,
    problems: &'a mut Problems,
    arguments: std::slice::Iter<'a, Value>,
    /// Fields that are there under another name, which was reported.
    misspelt: Vec<&'static str>,
    /// Whether a value is missing behind the word, which was reported.
    misses_argument: bool,
}

impl<'a> Reader<'a> {
    /// Begins with a block; words that do not belong there are reported at once, so that they come first.
    pub fn open(block: &'a Block, schema: &'static Schema, problems: &'a mut Problems) -> Self {
        let (misspelt, misses_argument) = (Vec::new(), false);
        let mut reader = Self { block, schema, problems, arguments: block.arguments.iter(), misspelt, misses_argument };
        reader.report_missing_ends();
        reader.report_colons();
        reader.report_unknown();
        reader.report_repeated();
        reader.report_not_carried_out();
        reader
    }

    /// Where the block stands.
    pub fn span(&self) -> Span {
        self.block.span
    }

    /// All of the block, its children included.
    pub fn extent(&self) -> Span {
        self.block.extent
    }

    /// Ends: values behind the word that no field took are reported.
    pub fn close(mut self) {
        let left: Vec<&Value> = self.arguments.by_ref().collect();
        if let (Some(first), Some(last)) = (left.first(), left.last()) {
            let message = format!("`{}` takes no such value", self.block.word.value);
            let diagnostic =
                Diagnostic::new(Code::SurplusValue, message, first.span.to(last.span), "not expected here");
            self.problems.add(diagnostic.hint(self.meant_by(&first.value)));
        }
    }

    /// What a surplus value was perhaps meant to be: a flag or a property of the same name.
    fn meant_by(&self, value: &Scalar) -> String {
        let named = |field: &Field| matches!(value, Scalar::Text(word) if word == field.word);
        match self.schema.field(&named).map(|field| (field.word, field.shape)) {
            Some((word, Shape::Flag)) => format!("write the flag as `{word}=#true`, or as a child: `{{ {word} }}`"),
            Some((word, Shape::Property)) => format!("write it as `{word}=…`"),
            Some((word, _)) => format!("`{word}` is written in braces: `{{ {word} … }}`"),
            None if self.has_own_words() => match value {
                Scalar::Text(pair) if pair.contains('=') => {
                    let (name, value) = pair.split_once('=').unwrap_or_default();
                    format!("write `{} {{ {name} {value:?} }}`", self.schema.word)
                }
                Scalar::Text(_)
                | Scalar::Integer(_)
                | Scalar::Decimal(_)
                | Scalar::Bool(_)
                | Scalar::Null
                | Scalar::Parameter(_) => format!("write `{} {{ NAME \"value\" }}`", self.schema.word),
            },
            None => format!("`wlc explain {}` shows what it takes", self.schema.word),
        }
    }

    /// The block's own word, which is the user's.
    pub fn word<T: FromScalar>(&mut self) -> Option<Spanned<T>> {
        let word = &self.block.word;
        self.value(&Spanned::new(Scalar::Text(word.value.clone()), word.span), &word.value)
    }

    /// A value that must be there. What cannot be held is its placeholder, where its type has one.
    pub fn required<T: FromScalar>(&mut self, part: Part, word: &'static str) -> Option<Spanned<T>> {
        let Some(value) = self.find(part, word)? else {
            if self.misspelt.contains(&word) || self.misses_argument {
                return None;
            }
            self.misses_argument |= part == Part::Argument;
            let written = match part {
                Part::Argument => format!("a {word} behind the word"),
                Part::Property => format!("`{word}=`"),
            };
            let message = format!("`{}` needs {written}", self.block.word.value);
            let diagnostic = Diagnostic::new(Code::MissingValue, message, self.block.word.span, "missing here");
            self.problems.add(diagnostic.hint(format!("`{word}` is {}", T::LOOKS)));
            return T::placeholder().map(|value| Spanned::new(value, self.block.word.span));
        };
        if part == Part::Argument && self.is_the_next::<T>(&value.value) {
            let message = format!("`{}` needs a {word} before `{}`", self.block.word.value, written(&value.value));
            let hint =
                format!("write `{} \"…\" {}`; `{word}` is {}", self.schema.word, written(&value.value), T::LOOKS);
            let diagnostic = Diagnostic::new(Code::MissingValue, message, value.span, "missing before this");
            self.problems.add(diagnostic.hint(hint));
            self.misses_argument = true;
            return None;
        }
        self.value(value, word).or_else(|| T::placeholder().map(|read| Spanned::new(read, value.span)))
    }

    /// Whether a number stands where a name is needed, and behind it nothing where the number is: the name is missing.
    fn is_the_next<T: FromScalar>(&self, value: &Scalar) -> bool {
        let wanted = || self.schema.all_fields().iter().filter(|field| field.shape == Shape::Argument).count();
        matches!(value, Scalar::Integer(_)) && T::from_scalar(value).is_err() && self.block.arguments.len() < wanted()
    }

    /// `image: "x"` behind the word, where `image="x"` is meant.
    fn report_colons(&mut self) {
        let colon = |value: &Value| matches!(&value.value, Scalar::Text(text) if text.ends_with(':'));
        let Some(first) = self.block.arguments.iter().position(colon) else { return };
        for pair in self.block.arguments[first..].chunks(2) {
            let Scalar::Text(text) = &pair[0].value else { return };
            let word = text.trim_end_matches(':');
            let is_named = |field: &Field| field.word == word && matches!(field.shape, Shape::Property | Shape::Flag);
            let Some(field) = self.schema.field(&is_named) else { return };
            let behind = pair.get(1).map_or("…".to_owned(), |value| written(&value.value));
            let message = format!("`{word}:` has a colon");
            let diagnostic = Diagnostic::new(Code::UnknownWord, message, pair[0].span, "names have no colon");
            self.problems.add(diagnostic.hint(format!("write `{word}={behind}`")));
            self.misspelt.push(field.word);
            self.arguments = self.block.arguments[..first].iter();
        }
    }

    /// Lines inside that have no end, so that the next one seems to be a part of them.
    fn report_missing_ends(&mut self) {
        let fields = self.schema.all_fields();
        let begins_line = |word: &str| fields.iter().any(|field| field.word == word && field.block.is_some());
        for child in &self.block.children {
            let schema = fields.iter().find(|field| field.word == child.word.value).and_then(|field| field.block);
            if let Some(schema) = schema {
                report_missing_end(child, schema, &begins_line, self.problems);
            }
        }
    }

    fn has_own_words(&self) -> bool {
        self.schema.field(&|field| field.shape == Shape::Entries).is_some()
    }

    /// A value that may be there. One that cannot be held is reported and counts as not written.
    pub fn optional<T: FromScalar>(&mut self, part: Part, word: &'static str) -> Option<Option<Spanned<T>>> {
        let found = self.find(part, word).flatten();
        Some(found.and_then(|value| self.value(value, word)))
    }

    /// One value as a property, or several as a child with a row of them.
    pub fn some<T: FromScalar>(&mut self, word: &'static str) -> Option<Vec<Spanned<T>>> {
        match self.block.properties.iter().find(|property| property.name.value == word) {
            Some(property) => self.value(&property.value, word).map(|value| vec![value]),
            None => Some(self.list(word)?.map(|values| values.value).unwrap_or_default()),
        }
    }

    /// A value with a default, which then stands at the block's word.
    pub fn with_default<T: FromScalar>(&mut self, word: &'static str, default: Scalar) -> Option<Spanned<T>> {
        let found = self.find(Part::Property, word).flatten();
        found.and_then(|value| self.value(value, word)).or_else(|| {
            let value = T::from_scalar(&default).expect("a default is a value of its own field");
            Some(Spanned::new(value, self.block.word.span))
        })
    }

    /// All values that are left behind the word.
    pub fn rest<T: FromScalar>(&mut self) -> Option<Vec<Spanned<T>>> {
        let values: Vec<&Value> = self.arguments.by_ref().collect();
        Some(values.into_iter().filter_map(|value| self.value(value, self.schema.word)).collect())
    }

    /// A child without a value, or `word=#true`.
    pub fn flag(&mut self, word: &'static str) -> Option<Spanned<bool>> {
        match self.children_named(word).next() {
            Some(child) if child.arguments.is_empty() => Some(Spanned::new(true, child.span)),
            Some(_) | None => {
                let found = self.find(Part::Property, word).flatten();
                let read = found.and_then(|value| self.value(value, word));
                Some(read.unwrap_or(Spanned::new(false, self.block.word.span)))
            }
        }
    }

    /// A child with a row of values.
    pub fn list<T: FromScalar>(&mut self, word: &'static str) -> Option<Option<Spanned<Vec<Spanned<T>>>>> {
        let Some(child) = self.children_named(word).next() else { return Some(None) };
        self.report_inside(child);
        if child.arguments.is_empty() {
            let diagnostic =
                Diagnostic::new(Code::MissingValue, format!("`{word}` needs a value"), child.word.span, "missing here");
            self.problems.add(diagnostic.hint(format!("each of its values is {}", T::LOOKS)));
            return Some(None);
        }
        let values = child.arguments.iter().filter_map(|value| self.value(value, word)).collect();
        Some(Some(Spanned::new(values, child.span)))
    }

    /// A block of its own, at most once.
    pub fn child<T: FromBlock>(&mut self, word: &'static str) -> Option<Option<T>> {
        Some(self.children_named(word).next().and_then(|child| T::from_block(child, self.problems)))
    }

    /// Blocks of their own; those that cannot be held are left out and noted.
    pub fn children<T: FromBlock>(&mut self, word: &'static str) -> Option<Vec<T>> {
        let mut read = Vec::with_capacity(self.children_named(word).count());
        for child in self.children_named(word) {
            match T::from_block(child, self.problems) {
                Some(held) => read.push(held),
                None => self.problems.not_held(word, child.extent),
            }
        }
        Some(read)
    }

    /// Blocks of their own of which nothing is held.
    pub fn checked<T: FromBlock>(&mut self, word: &'static str) -> Option<Checked> {
        for child in self.children_named(word) {
            if T::from_block(child, self.problems).is_none() {
                self.problems.not_held(word, child.extent);
            }
        }
        Some(Checked)
    }

    /// `word=value`, read as a block with nothing but this value, or blocks of their own.
    pub fn either<T: FromBlock>(&mut self, word: &'static str) -> Option<Vec<T>> {
        let properties = self.block.properties.iter().filter(|property| property.name.value == word);
        let short: Vec<Block> = properties.map(as_block).collect();
        let blocks: Vec<&Block> = short.iter().chain(self.children_named(word)).collect();
        Some(blocks.into_iter().filter_map(|block| T::from_block(block, self.problems)).collect())
    }

    /// All children, whatever their words.
    pub fn entries<T: FromBlock>(&mut self) -> Option<Vec<T>> {
        let children: Vec<&Block> = self.block.children.iter().filter(|child| !self.is_reported(child)).collect();
        Some(children.into_iter().filter_map(|child| T::from_block(child, self.problems)).collect())
    }

    /// Whether a child names a parameter that has no value, which was reported where the parameter should have got one.
    fn is_reported(&self, child: &Block) -> bool {
        let values = child.arguments.iter().chain(child.properties.iter().map(|property| &property.value));
        values.into_iter().any(|value| matches!(value.value, Scalar::Parameter(_)))
    }

    fn children_named(&self, word: &'static str) -> impl Iterator<Item = &'a Block> + use<'a> {
        self.block.children.iter().filter(move |child| child.word.value == word)
    }

    /// The value of a part. Outer none: something is there that cannot be its value.
    fn find(&mut self, part: Part, word: &'static str) -> Option<Option<&'a Value>> {
        if part == Part::Argument {
            return Some(self.arguments.next());
        }
        if let Some(property) = self.block.properties.iter().find(|property| property.name.value == word) {
            return Some(Some(&property.value));
        }
        let Some(child) = self.children_named(word).next() else { return Some(None) };
        self.report_inside(child);
        match &child.arguments[..] {
            [value] => Some(Some(value)),
            other => {
                let message = format!("`{word}` takes one value, not {}", other.len());
                let looks = self.schema.field(&|field| field.word == word).map_or("a value", |field| field.value);
                let diagnostic = Diagnostic::new(Code::MissingValue, message, child.span, "one value is needed here");
                self.problems.add(diagnostic.hint(format!("write {looks} behind it")));
                None
            }
        }
    }

    /// A child that is a single value or a row of them has nothing inside.
    fn report_inside(&mut self, child: &Block) {
        let property = child.properties.first().map(|property| property.name.span);
        if let Some(span) = property.or(child.children.first().map(|inner| inner.word.span)) {
            let message = format!("`{}` takes values only", child.word.value);
            let diagnostic = Diagnostic::new(Code::SurplusValue, message, span, "not expected here");
            self.problems.add(diagnostic.hint("take it out"));
        }
    }

    fn value<T: FromScalar>(&mut self, value: &Value, word: &str) -> Option<Spanned<T>> {
        if matches!(value.value, Scalar::Parameter(_)) {
            self.problems.note_error(value.span);
            return None;
        }
        match T::from_scalar(&value.value) {
            Ok(read) => {
                if read.carried() == Carried::NotInThisVersion {
                    let is_argument = |field: &Field| field.word == word && field.shape == Shape::Argument;
                    let behind = if self.schema.field(&is_argument).is_some() { &self.block.word.value } else { word };
                    let what = format!("`{}` as `{behind}`", value.value);
                    self.problems.not_carried_out(&what, value.span, value.span);
                }
                Some(Spanned::new(read, value.span))
            }
            Err(Refusal { code, message, hint }) => {
                let ports = two_ports(self.schema, &value.value);
                self.misses_argument |= ports.is_some();
                let hint = ports.or_else(|| other_quotes(&value.value)).or(hint);
                let diagnostic = Diagnostic::new(code, format!("`{word}`: {message}"), value.span, T::LOOKS).as_error();
                self.problems.add(diagnostic.hint(hint.unwrap_or_else(|| format!("write {}", T::LOOKS))));
                None
            }
        }
    }

    fn report_unknown(&mut self) {
        let own_words = self.has_own_words();
        for property in &self.block.properties {
            let known = |field: &Field| matches!(field.shape, Shape::Property | Shape::Flag | Shape::Either);
            self.report_word(&property.name, &known, Given::Property(&property.value));
        }
        let mut before = "";
        for child in self.block.children.iter().filter(|_| !own_words) {
            let is_item = child.word.value == "-" && (before == "-" || before.ends_with(':'));
            before = &child.word.value;
            if is_item {
                continue;
            }
            let known = |field: &Field| !matches!(field.shape, Shape::Argument | Shape::Rest | Shape::Word);
            self.report_word(&child.word, &known, Given::Child(child));
        }
    }

    fn report_word(&mut self, word: &Spanned<String>, known: &impl Fn(&Field) -> bool, given: Given<'_>) {
        if self.schema.field(&|field| field.word == word.value && known(field)).is_some() {
            return;
        }
        let fields: Vec<&Field> = self.schema.all_fields().into_iter().filter(|field| known(field)).collect();
        let here = format!("`{}` in `{}`", word.value, self.block.word.value);
        if self.schema.all_absent().contains(&word.value.as_str()) {
            let message = format!("{here} is not in this version of wlc");
            let diagnostic = Diagnostic::new(Code::NotInThisVersion, message, word.span, "not carried out");
            self.problems.add(diagnostic.as_error().hint("take it out; the roadmap in the book says what is planned"));
            return;
        }
        let diagnostic = Diagnostic::new(Code::UnknownWord, format!("unknown {here}"), word.span, "not known here");
        let hint = match meant::meant(self.schema, self.block, &word.value, given) {
            Some(Meant { field, hint }) => {
                self.misspelt.extend(field.map(|field| field.word));
                self.misses_argument |= field.is_some_and(|field| field.shape == Shape::Argument);
                hint
            }
            None if meant::sign(&word.value).is_some() => meant::sign(&word.value).unwrap_or_default().to_owned(),
            None if self.has_own_words() => {
                format!("`{0}` is written as a child, in braces: `{{ {0} \"…\" }}`", word.value)
            }
            None => suggest::hint(&word.value, fields.iter().map(|field| field.word)),
        };
        self.problems.add(diagnostic.hint(hint));
    }

    /// The block itself, or else each word in it, that a build refuses. A flag that is taken back says nothing.
    fn report_not_carried_out(&mut self) {
        let word = &self.block.word;
        if self.schema.carried == Carried::NotInThisVersion {
            self.problems.not_carried_out(&format!("`{}`", word.value), word.span, self.block.extent);
            return;
        }
        let is_refused = |field: &Field| field.carried == Carried::NotInThisVersion;
        if self.schema.field(&is_refused).is_none() {
            return;
        }
        let properties = self.block.properties.iter();
        let properties = properties.map(|one| (&one.name, one.name.span.to(one.value.span), Some(&one.value)));
        let children = self.block.children.iter().map(|one| (&one.word, one.extent, one.arguments.first()));
        for (word, extent, value) in properties.chain(children) {
            let named = |field: &Field| is_refused(field) && field.word == word.value && is_named(field.shape);
            let Some(field) = self.schema.field(&named) else { continue };
            let is_taken_back = field.shape == Shape::Flag && value.is_some_and(|it| it.value == Scalar::Bool(false));
            if !is_taken_back {
                let what = format!("`{}` in `{}`", word.value, self.block.word.value);
                self.problems.not_carried_out(&what, word.span, extent);
            }
        }
        self.report_arguments_not_carried_out();
    }

    fn report_arguments_not_carried_out(&mut self) {
        let fields = self.schema.all_fields();
        let behind = fields.iter().filter(|field| matches!(field.shape, Shape::Argument | Shape::Rest));
        for (field, value) in behind.zip(&self.block.arguments) {
            if field.carried == Carried::NotInThisVersion {
                let what = format!("the {} of `{}`", field.word, self.block.word.value);
                self.problems.not_carried_out(&what, value.span, value.span);
            }
        }
    }

    /// A word that stands once may neither be repeated nor be written both as a property and as a child.
    fn report_repeated(&mut self) {
        let is_property = |word: &str| self.block.properties.iter().any(|property| property.name.value == word);
        let may_repeat =
            |field: &Field| field.shape == Shape::Children || field.shape == Shape::Either && !is_property(field.word);
        let once = |word: &str| self.schema.field(&|field| field.word == word && !may_repeat(field)).is_some();
        let words = || {
            let properties = self.block.properties.iter().map(|property| &property.name);
            properties.chain(self.block.children.iter().map(|child| &child.word))
        };
        let mut repeated = Vec::new();
        for (place, word) in words().enumerate().filter(|(_, word)| once(&word.value)) {
            let earlier = words().take(place).find(|earlier| earlier.value == word.value);
            repeated.extend(earlier.map(|earlier| (word, earlier.span)));
        }
        for (word, earlier) in repeated {
            let message = format!("`{}` is written twice in `{}`", word.value, self.block.word.value);
            let diagnostic = Diagnostic::new(Code::Repeated, message, word.span, "written again here");
            self.problems.add(diagnostic.also(earlier, "first written here").hint("keep one of them"));
        }
    }
}

/// Whether a field is written with its word.
fn is_named(shape: Shape) -> bool {
    match shape {
        Shape::Property | Shape::Flag | Shape::List | Shape::Child | Shape::Children | Shape::Either => true,
        Shape::Argument | Shape::Rest | Shape::Entries | Shape::Word | Shape::Part => false,
    }
}

/// Reports a word among the values of a line that begins lines beside it: the line has no end.
pub(crate) fn report_missing_end(
    block: &Block,
    schema: &Schema,
    begins_line: &dyn Fn(&str) -> bool,
    problems: &mut Problems,
) {
    if block.arguments.len() < 2 {
        return;
    }
    let fields = schema.all_fields();
    let wanted = fields.iter().filter(|field| field.shape == Shape::Argument).count();
    let takes_more = fields.iter().any(|field| field.shape == Shape::Rest);
    let Some(Value { value: Scalar::Text(word), span }) = block.arguments.get(wanted) else { return };
    if takes_more || fields.iter().any(|field| field.word == word) || !begins_line(word) {
        return;
    }
    let message = format!("`{word}` stands on the line of `{}`", block.word.value);
    let diagnostic = Diagnostic::new(Code::SurplusValue, message, *span, "a `;` is missing before this");
    problems.add(diagnostic.hint(format!("write `; {word}`, or begin a new line")));
    problems.say_no_more(Span { end: block.extent.end.max(span.end), ..*span });
}

/// `word=value` as the block `word value`.
fn as_block(property: &Property) -> Block {
    let span = property.name.span.to(property.value.span);
    let (word, arguments) = (property.name.clone(), vec![property.value.clone()]);
    Block { word, arguments, properties: Vec::new(), children: Vec::new(), span, extent: span }
}
