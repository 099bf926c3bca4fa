//! Tokens → blocks, line by line.

use std::ops::Range;

use super::{
    Item, Reading,
    braces::{self, Closing},
    faults::{Fault, short},
    lexer::{Kind, Token},
    words,
};
use crate::{
    span::{FileId, Span, Spanned},
    syntax::{Block, guard},
};

/// A block that is being read.
struct Open {
    block: Block,
    /// Where its line is indented to.
    indent: usize,
    /// Its brace, once it is open.
    brace: Range<usize>,
    /// Whether it is slash-dashed.
    is_dashed: bool,
}

pub(super) struct Lines<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    pub(super) tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    is_balanced: bool,
    open: Vec<Open>,
    /// What is wrong with tokens that were not read yet.
    ahead: std::iter::Peekable<std::vec::IntoIter<Fault>>,
    /// Where the line begins that is being read, and its first token.
    line_start: usize,
    first: Option<usize>,
    /// Whether a line of the block at the top is indented.
    is_indented: bool,
    /// Where the last line ended, so that a brace on the next one can be its.
    last_end: usize,
    /// How many mistakes there were before the block at the top began.
    faults_before: usize,
    pub(super) reading: Reading,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: FileId, text: &'a str, tokens: Vec<Token>, is_balanced: bool, faults: Vec<Fault>) -> Self {
        let line_start = tokens.first().map_or(0, |token| text[..token.at.start].rfind('\n').map_or(0, |at| at + 1));
        Self {
            file,
            text,
            tokens: tokens.into_iter().peekable(),
            is_balanced,
            open: Vec::new(),
            ahead: faults.into_iter().peekable(),
            line_start,
            first: None,
            is_indented: false,
            last_end: 0,
            faults_before: 0,
            reading: Reading::default(),
        }
    }

    pub(super) fn read(mut self) -> Reading {
        let mut is_dashed = false;
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Newline | Kind::Semicolon | Kind::Type => {}
                Kind::Slashdash => is_dashed = true,
                Kind::Close => self.close(&token),
                Kind::Open => self.lone_brace(token),
                Kind::Equals | Kind::Comma | Kind::Bracket => self.stray(&token),
                Kind::Text | Kind::Word => {
                    self.line(token, is_dashed);
                    is_dashed = false;
                }
            }
        }
        while let Some(open) = self.open.pop() {
            self.unclosed(&open);
            self.end(open, self.text.len());
        }
        self.reading.faults.extend(self.ahead);
        self.reading
    }

    /// The next token; what is wrong with its form is noted, and where its line begins.
    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.tokens.next()?;
        self.first = self.first.or(Some(token.at.start));
        let is_before = |fault: &Fault| fault.at.start < token.at.end;
        self.reading.faults.extend(std::iter::from_fn(|| self.ahead.next_if(is_before)));
        let last_line = match token.kind {
            Kind::Newline | Kind::Text => self.text[token.at.clone()].rfind('\n'),
            Kind::Semicolon
            | Kind::Open
            | Kind::Close
            | Kind::Equals
            | Kind::Comma
            | Kind::Bracket
            | Kind::Type
            | Kind::Slashdash
            | Kind::Word => None,
        };
        if let Some(end) = last_line {
            self.line_start = token.at.start + end + 1;
            self.first = None;
        }
        Some(token)
    }

    pub(super) fn next_if(&mut self, is_meant: impl Fn(&Token) -> bool) -> Option<Token> {
        self.tokens.peek().is_some_and(is_meant).then(|| self.next()).flatten()
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.reading.faults.push(fault);
    }

    pub(super) fn span(&self, at: &Range<usize>) -> Span {
        Span::new(self.file, at.start, at.end)
    }

    /// The blanks before the first token of this line, and whether a byte is where that token begins.
    fn indent(&self, at: usize) -> (usize, bool) {
        let first = self.first.unwrap_or(at);
        (first.saturating_sub(self.line_start), first == at)
    }

    fn stray(&mut self, token: &Token) {
        let sign = &self.text[token.at.clone()];
        let hint = "a line begins with a word, such as `deployment` or `port`; values stand behind it";
        self.fault(Fault::new(
            token.at.clone(),
            format!("`{sign}` cannot begin a line"),
            "a word is needed here",
            hint,
        ));
        self.skip_line(token.at.start);
    }

    /// The rest of a line of which nothing can be made.
    fn skip_line(&mut self, start: usize) {
        let mut end = start;
        while let Some(token) = self.next_if(|token| !ends_line(token.kind)) {
            end = token.at.end;
        }
        self.reading.broken.push(start..end.max(start));
    }

    /// A brace at the beginning of a line: of the line before, where that has none.
    fn lone_brace(&mut self, brace: Token) {
        let line = self.text[self.last_end.min(brace.at.start)..brace.at.start].trim();
        let siblings = match self.open.last_mut() {
            Some(open) => open.block.children.pop(),
            None => self.reading.items.pop().and_then(|item| item.block),
        };
        let (indent, _) = self.indent(brace.at.start);
        match siblings {
            Some(block) if line.is_empty() && block.children.is_empty() => {
                let head = short(&self.text[block.span.start as usize..block.span.end as usize]);
                let hint = format!("write `{head} {{`");
                self.fault(Fault::new(
                    brace.at.clone(),
                    "a `{` stands on the line of its word",
                    "on a line of its own",
                    hint,
                ));
                self.open.push(Open { block, indent, brace: brace.at, is_dashed: false });
            }
            other => {
                match (other, self.open.last_mut()) {
                    (Some(block), Some(open)) => open.block.children.push(block),
                    (Some(block), None) => self.put_item(block, brace.at.start),
                    (None, _) => {}
                }
                let hint = "write a word before it, such as `deployment \"web\" {`";
                self.fault(Fault::new(brace.at.clone(), "this `{` has no word before it", "of which block?", hint));
                let block = self.block("", brace.at.clone());
                self.open.push(Open { block, indent, brace: brace.at, is_dashed: true });
            }
        }
    }

    fn put_item(&mut self, block: Block, end: usize) {
        let at = block.extent.start as usize..end;
        self.reading.items.push(Item { at, block: Some(block), is_whole: false });
    }

    fn block(&self, word: &str, at: Range<usize>) -> Block {
        let span = self.span(&at);
        Block {
            word: Spanned::new(word.to_owned(), span),
            arguments: Vec::new(),
            properties: Vec::new(),
            children: Vec::new(),
            span,
            extent: span,
        }
    }

    /// A line that begins no further to the right than the line of the block around it does not belong to that block:
    /// its brace is missing.
    fn is_outside(&self, token: &Token) -> bool {
        let (indent, is_first) = self.indent(token.at.start);
        let is_beside = |open: &Open| indent <= open.indent && open.brace.end < self.line_start;
        !self.is_balanced && self.is_indented && is_first && self.open.last().is_some_and(is_beside)
    }

    fn line(&mut self, word: Token, is_dashed: bool) {
        let own_fault = usize::from(self.reading.faults.last().is_some_and(|fault| fault.at == word.at));
        while self.is_outside(&word) {
            let Some(open) = self.open.pop() else { break };
            self.unclosed(&open);
            self.end(open, word.at.start);
        }
        self.is_indented |= self.indent(word.at.start).0 > 0;
        if self.open.is_empty() {
            self.is_indented = false;
            self.faults_before = self.reading.faults.len() - own_fault;
        }
        let (indent, _) = self.indent(word.at.start);
        let before = self.reading.faults.len() - own_fault;
        let mut block = self.block(&words::name(self.text, &word), word.at.clone());
        self.check_word(&word);
        let brace = self.entries(&mut block, &word);
        block.extent = block.span;
        if self.reading.faults.len() > before {
            self.reading.broken.push(block.span.start as usize..block.span.end as usize);
        }
        self.last_end = block.span.end as usize;
        match brace {
            Some(brace) if self.open.len() < guard::DEPTH => {
                self.open.push(Open { block, indent, brace, is_dashed });
            }
            Some(_) | None => {
                let end = block.span.end as usize;
                self.end(Open { block, indent, brace: end..end, is_dashed }, end);
            }
        }
    }

    fn check_word(&mut self, word: &Token) {
        let written = &self.text[word.at.clone()];
        if word.kind == Kind::Word && !words::is_name(written.trim_end_matches(':')) {
            let message = format!("`{}` cannot begin a line", short(written));
            let hint = match written.starts_with('#') {
                true => "a comment begins with `//`",
                false => "a line begins with a word, such as `deployment` or `port`; values stand behind it",
            };
            self.fault(Fault::new(word.at.clone(), message, "a word is needed here", hint));
        }
    }

    fn close(&mut self, brace: &Token) {
        let (indent, is_first) = self.indent(brace.at.start);
        let open: Vec<usize> = self.open.iter().map(|open| open.indent).collect();
        let own = Some(indent).filter(|_| is_first && !self.is_balanced);
        match braces::closing(&open, own) {
            Closing::Nothing => self.fault(Fault::stray_brace(brace.at.clone())),
            Closing::Blocks(count) => {
                for number in 1..=count {
                    let Some(open) = self.open.pop() else { break };
                    if number < count {
                        self.unclosed(&open);
                    }
                    self.end(open, brace.at.end);
                }
                self.check_end(brace);
            }
        }
    }

    /// Behind a block begins a new line, or a `;` stands.
    fn check_end(&mut self, brace: &Token) {
        let next = self.tokens.peek().filter(|next| !ends_line(next.kind) && next.kind != Kind::Slashdash);
        let Some(next) = next.cloned() else { return };
        let word = &self.text[next.at.clone()];
        let hint = format!("write `; {}`, or begin a new line", short(word));
        let (message, label) = ("behind a block stands a new line or a `;`", "a `;` is missing before this");
        self.fault(Fault::new(next.at.clone(), message, label, hint));
        self.last_end = brace.at.end;
    }

    fn unclosed(&mut self, open: &Open) {
        let head = open.block.span.start as usize..open.block.span.end as usize;
        let fault = Fault::unclosed_block(open.brace.clone(), &self.text[head]);
        self.fault(fault);
    }

    /// A block ends and becomes a part of the one around it.
    fn end(&mut self, mut open: Open, end: usize) {
        open.block.extent = Span::new(self.file, open.block.span.start as usize, end);
        let block = Some(open.block).filter(|_| !open.is_dashed);
        match self.open.last_mut() {
            Some(around) => around.block.children.extend(block),
            None => {
                let start = block.as_ref().map_or(end, |block| block.extent.start as usize);
                let is_whole = self.reading.faults.len() == self.faults_before;
                self.reading.items.push(Item { at: start..end, block, is_whole });
            }
        }
    }
}

/// Whether a token ends a line.
pub(super) fn ends_line(kind: Kind) -> bool {
    matches!(kind, Kind::Newline | Kind::Semicolon | Kind::Close)
}
