//! The values behind a word: arguments and properties, and what is wrong with how they are written.

use std::ops::Range;

use super::{
    faults::{Fault, short},
    lexer::{Kind, Token},
    lines::{Lines, ends_line},
    words,
};
use crate::{
    span::Spanned,
    syntax::{Block, Property, Scalar, Value},
};

/// What is known while the values behind a word are read.
struct Entries {
    /// The token before.
    last: Token,
    /// Whether a `/-` stands before the next value.
    is_dashed: bool,
    /// The type that stands before the next value.
    kind: Option<String>,
    /// Whether it is a list with commas or brackets.
    is_list: bool,
}

impl<'a> Lines<'a> {
    /// The values behind a word. Gives the brace that opens the block.
    pub(super) fn entries(&mut self, block: &mut Block, word: &Token) -> Option<Range<usize>> {
        let mut state = Entries { last: word.clone(), is_dashed: false, kind: None, is_list: false };
        self.parentheses(word);
        while let Some(token) = self.next_if(|token| !ends_line(token.kind)) {
            match token.kind {
                Kind::Slashdash => state.is_dashed = true,
                Kind::Type => {
                    state.kind = Some(self.text[token.inner.clone()].to_owned());
                    continue;
                }
                Kind::Comma | Kind::Bracket if !state.is_list => {
                    self.list(word, &token);
                    state.is_list = true;
                }
                Kind::Comma | Kind::Bracket => {}
                Kind::Equals => self.equals(word, &state.last, &token),
                Kind::Text | Kind::Word => self.entry(block, word, &token, &mut state),
                Kind::Open => {
                    if !std::mem::take(&mut state.is_dashed) {
                        return Some(token.at);
                    }
                    self.skip_block();
                }
                Kind::Newline | Kind::Semicolon | Kind::Close => {}
            }
            state.kind = None;
            state.last = token;
        }
        None
    }

    /// `deployment("web")`: of a call, the word and the values are read.
    fn parentheses(&mut self, word: &Token) {
        let next = self.tokens.peek().filter(|next| next.is_glued && next.at.start == word.at.end);
        let Some(open) = next.filter(|next| self.text[next.at.clone()].starts_with('(')).cloned() else { return };
        let values = self.rest_of_line(open.at.start).replace(['(', ')', ','], " ");
        let values: Vec<&str> = values.split_whitespace().collect();
        let hint = format!("write `{} {}`", &self.text[word.at.clone()], short(&values.join(" ")));
        let (message, label) = ("values stand behind their word, without parentheses", "a blank is enough");
        self.fault(Fault { is_certain: true, ..Fault::new(open.at.clone(), message, label, hint) });
        self.skip_to_brace();
    }

    /// The values of a line of which enough is said.
    fn skip_to_brace(&mut self) {
        while self.next_if(|token| !ends_line(token.kind) && token.kind != Kind::Open).is_some() {}
    }

    /// Children that are slash-dashed.
    fn skip_block(&mut self) {
        let mut depth = 1usize;
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                Kind::Newline
                | Kind::Semicolon
                | Kind::Equals
                | Kind::Comma
                | Kind::Bracket
                | Kind::Type
                | Kind::Slashdash
                | Kind::Text
                | Kind::Word => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// The rest of a line from a token on, up to its brace; of a long one the beginning.
    fn rest_of_line(&self, from: usize) -> &'a str {
        const LONGEST: usize = 200;
        let rest = &self.text[from..];
        let most = rest.char_indices().nth(LONGEST).map_or(rest.len(), |(at, _)| at);
        let end = rest[..most].find(['\n', ';', '{', '}']).unwrap_or(most);
        rest[..end].trim()
    }

    /// `command ["a", "b"]`, `command "a", "b"`.
    fn list(&mut self, word: &Token, token: &Token) {
        let values = without_list_signs(self.rest_of_line(word.at.end));
        let hint = format!("write `{} {}`", &self.text[word.at.clone()], short(&values));
        let label = "neither commas nor brackets";
        self.fault(Fault::new(token.at.clone(), "values stand side by side, with blanks between them", label, hint));
    }

    /// An `=` that stands behind the word of a line, or behind nothing that could be a name.
    fn equals(&mut self, word: &Token, last: &Token, token: &Token) {
        if last.at == word.at {
            let written = &self.text[word.at.clone()];
            let rest = short(self.rest_of_line(token.at.end));
            let hint = match written {
                "port" if rest.parse::<u16>().is_ok() => format!("write `port \"http\" {rest}`, with a name"),
                _ => format!("write `{written} {rest}`"),
            };
            let message = format!("no `=` stands behind `{}`, the first word of a line", short(written));
            self.fault(Fault::new(token.at.clone(), message, "a blank is enough", hint));
        } else {
            let hint = "write `name=value`, without blanks";
            self.fault(Fault::new(token.at.clone(), "this `=` has no name before it", "of what?", hint));
        }
    }

    fn entry(&mut self, block: &mut Block, word: &Token, token: &Token, state: &mut Entries) {
        self.check_gap(word, token, &state.last);
        let is_dashed = std::mem::take(&mut state.is_dashed);
        if self.tokens.peek().is_some_and(|next| next.kind == Kind::Equals) && state.kind.is_none() {
            let equals = self.next().map(|equals| equals.at).unwrap_or_default();
            self.property(block, token, equals, is_dashed);
            return;
        }
        let (scalar, fault) = words::value(self.text, token, "");
        self.reading.faults.extend(fault.map(|fault| self.known_better(word, token, fault)));
        let scalar = match (scalar, state.kind.as_deref()) {
            (Scalar::Text(name), Some("parameter")) => Scalar::Parameter(name),
            (scalar, _) => scalar,
        };
        self.put_value(block, token, scalar, None, is_dashed);
    }

    /// Container engines write `host:container` for ports.
    fn known_better(&self, word: &Token, token: &Token, fault: Fault) -> Fault {
        let written = &self.text[token.at.clone()];
        let ports = written.split_once(':').filter(|_| &self.text[word.at.clone()] == "port");
        match ports {
            Some((host, own)) if [host, own].iter().all(|port| port.parse::<u16>().is_ok()) => Fault {
                message: format!("`{written}` is not how a port is written"),
                label: "two ports in one",
                hint: format!("write `{own} host={host}`: the container's port, and the node's"),
                ..fault
            },
            Some(_) | None => fault,
        }
    }

    fn property(&mut self, block: &mut Block, name: &Token, equals: Range<usize>, is_dashed: bool) {
        let key = words::name(self.text, name);
        if name.kind == Kind::Word && !words::is_name(&key) {
            let label = "a name is needed before the `=`";
            let hint = "write `name=value`; a text that has an `=` in it needs quotes";
            self.fault(Fault::new(name.at.clone(), format!("`{}` is no name", short(&key)), label, hint));
        }
        let is_type = |token: &Token| token.kind == Kind::Type;
        let kind = self.next_if(is_type).map(|token| self.text[token.inner].to_owned());
        let value = self.next_if(|token| matches!(token.kind, Kind::Text | Kind::Word));
        let Some(value) = value else {
            let hint = format!("write the value behind it: `{key}=\"…\"`");
            self.fault(Fault::new(
                equals.clone(),
                format!("`{}` has no value", short(&key)),
                "nothing behind it",
                hint,
            ));
            block.span = block.span.to(self.span(&equals));
            return;
        };
        let (scalar, fault) = words::value(self.text, &value, &format!("{key}="));
        self.reading.faults.extend(fault);
        let scalar = match (scalar, kind.as_deref()) {
            (Scalar::Text(name), Some("parameter")) => Scalar::Parameter(name),
            (scalar, _) => scalar,
        };
        let key = Spanned::new(key, self.span(&name.at));
        self.put_value(block, &value, scalar, Some(key), is_dashed);
        self.check_behind(&value);
    }

    /// `memory="1GiB"cpu=1`.
    fn check_behind(&mut self, value: &Token) {
        let glued = self.tokens.peek().filter(|next| next.is_glued && matches!(next.kind, Kind::Text | Kind::Word));
        if let Some(next) = glued.cloned() {
            self.missing_blank(value, &next);
        }
    }

    fn put_value(
        &mut self,
        block: &mut Block,
        token: &Token,
        scalar: Scalar,
        name: Option<Spanned<String>>,
        is_dashed: bool,
    ) {
        let value = Value { value: scalar, span: self.span(&token.at) };
        block.span = block.span.to(value.span);
        match name {
            _ if is_dashed => {}
            Some(name) => block.properties.push(Property { name, value }),
            None => block.arguments.push(value),
        }
    }

    fn check_gap(&mut self, word: &Token, token: &Token, last: &Token) {
        let is_value = matches!(last.kind, Kind::Text | Kind::Word);
        let has_colon = last.at == word.at && self.text[last.at.clone()].ends_with(':');
        if token.is_glued && is_value && !has_colon {
            self.missing_blank(last, token);
        }
    }

    /// Two values without a blank between them: a quote is missing, or the blank.
    fn missing_blank(&mut self, last: &Token, next: &Token) {
        let before = &self.text[last.at.clone()];
        if last.kind == Kind::Text && before.trim_end_matches('"').ends_with('=') {
            self.fault(Fault::unclosed_text(last.at.clone(), false));
            return;
        }
        let behind = &self.text[next.at.clone()];
        let hint = format!("write `{} {}`", short(before), short(behind));
        self.fault(Fault::new(next.at.clone(), "a blank is missing before this", "no blank before it", hint));
    }
}

/// A row of values without brackets, and without commas between them.
fn without_list_signs(values: &str) -> String {
    let mut is_quoted = false;
    let signs = values.chars().filter(|sign| {
        is_quoted ^= *sign == '"';
        is_quoted || !['[', ']', ','].contains(sign)
    });
    signs.collect::<String>().trim().to_owned()
}
