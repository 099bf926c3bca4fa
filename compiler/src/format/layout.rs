//! Where blanks stand: between tokens, before lines, before comments at the end of a line, and between lines.

use super::{
    lexer::Kind,
    lines::{Line, Piece, Place, lines},
    strings::{self, Strings, column},
};

/// Comments behind lines that are longer than this are not brought into one column.
const LONGEST_ALIGNED: usize = 80;

/// A line as it will stand.
struct Laid {
    level: usize,
    /// The line up to its comment.
    code: String,
    /// The comment at its end, where something stands before it.
    comment: Option<String>,
}

/// The text with its blanks anew: the same tokens in the same lines. Any text can be laid out; whether it makes sense is
/// not asked.
pub(super) fn layout(text: &str, strings: Strings) -> String {
    let laid: Vec<Laid> = lines(text).iter().map(|line| lay(line, strings)).collect();
    let columns = columns(&laid);
    let mut text = String::new();
    let mut after_blank = true;
    for (line, column) in laid.iter().zip(columns) {
        if line.code.is_empty() && after_blank {
            continue;
        }
        after_blank = line.code.is_empty();
        text.push_str(&line.code);
        if let Some(comment) = &line.comment {
            text.push_str(&" ".repeat(column.saturating_sub(last_width(&line.code)).max(1)));
            text.push_str(comment);
        }
        text.push('\n');
    }
    if after_blank {
        text.pop();
    }
    text
}

fn lay(line: &Line<'_>, strings: Strings) -> Laid {
    let mut code = String::new();
    let mut comment = None;
    let mut before: Option<&Piece<'_>> = None;
    for piece in &line.pieces {
        let written = written(piece, line, strings);
        match before {
            Some(_) if piece.token.kind == Kind::LineComment => comment = Some(written),
            Some(before) => {
                code.push_str(gap(before, piece));
                code.push_str(&written);
            }
            None => {
                code.push_str(&" ".repeat(column(line.level)));
                code.push_str(&written);
            }
        }
        before = Some(piece);
    }
    Laid { level: line.level, code, comment }
}

fn written(piece: &Piece<'_>, line: &Line<'_>, strings: Strings) -> String {
    let text = piece.token.text;
    match piece.token.kind {
        Kind::LineComment => text.trim_end().to_owned(),
        Kind::BlockComment => text.replace("\r\n", "\n"),
        Kind::Text => strings::moved(text, line.indented, column(line.level), strings),
        Kind::Blank
        | Kind::Newline
        | Kind::Slashdash
        | Kind::Word
        | Kind::Open
        | Kind::Close
        | Kind::TypeOpen
        | Kind::TypeClose
        | Kind::Equals
        | Kind::Semicolon
        | Kind::Continuation
        | Kind::Stray => text.to_owned(),
    }
}

/// What stands between two tokens of a line.
fn gap(before: &Piece<'_>, next: &Piece<'_>) -> &'static str {
    let is_comment = next.token.kind == Kind::BlockComment;
    match (before.token.kind, next.token.kind) {
        (_, Kind::Continuation) => " ",
        (_, Kind::Semicolon | Kind::Equals | Kind::TypeClose) | (Kind::Equals | Kind::TypeOpen, _) => "",
        (Kind::TypeClose, _) if !is_comment => "",
        (Kind::Slashdash, _) if !is_comment && before.place == Place::Row => "",
        (Kind::Open, Kind::Close) => "",
        _ => " ",
    }
}

/// The column of the comment of each line: neighbours on one level have theirs below each other.
fn columns(laid: &[Laid]) -> Vec<usize> {
    let aligned =
        |line: &Laid| line.comment.is_some() && !line.code.contains('\n') && last_width(&line.code) <= LONGEST_ALIGNED;
    let together = |one: &Laid, next: &Laid| aligned(one) && aligned(next) && one.level == next.level;
    let mut columns = Vec::with_capacity(laid.len());
    for run in laid.chunk_by(together) {
        let widest = run.iter().map(|line| last_width(&line.code)).max().unwrap_or_default();
        columns.extend(run.iter().map(|_| widest + 1));
    }
    columns
}

/// The columns of the last line of a text.
fn last_width(text: &str) -> usize {
    text.rsplit('\n').next().unwrap_or_default().chars().count()
}
