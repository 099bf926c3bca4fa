//! Words and texts → values. A word that is none in KDL is still a value that someone meant.

use super::{
    faults::{Fault, short},
    lexer::{Kind, Token},
};
use crate::{diagnostics::suggest, syntax::Scalar};

/// The keywords of KDL.
const KEYWORDS: [&str; 6] = ["#true", "#false", "#null", "#inf", "#-inf", "#nan"];

/// Whether a word may be a name or a text without quotes.
pub(super) fn is_name(word: &str) -> bool {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    let digits = digits.strip_prefix('.').unwrap_or(digits);
    !word.is_empty()
        && !digits.starts_with(|c: char| c.is_ascii_digit())
        && !matches!(word, "true" | "false" | "null" | "inf" | "-inf" | "nan")
        && !word.contains(|c: char| c.is_control() || "\\/(){}[];\"#=".contains(c))
}

/// The text of a token as a name, whatever it is.
pub(super) fn name(text: &str, token: &Token) -> String {
    match value(text, token, "") {
        (Scalar::Text(name), _) => name,
        _ => text[token.at.clone()].to_owned(),
    }
}

/// The value that a token stands for, and what is wrong with how it is written. `before` is what stands before it where it
/// is a property's: `memory=`.
pub(super) fn value(text: &str, token: &Token, before: &str) -> (Scalar, Option<Fault>) {
    let word = &text[token.at.clone()];
    if token.kind == Kind::Text {
        return (Scalar::Text(content(&text[token.inner.clone()], token.is_raw)), None);
    }
    let fault = |message: String, label, hint| {
        Some(Fault { is_certain: true, ..Fault::new(token.at.clone(), message, label, hint) })
    };
    if let Some(scalar) = number(word) {
        return (scalar, None);
    }
    match word {
        "#true" => (Scalar::Bool(true), None),
        "#false" => (Scalar::Bool(false), None),
        "true" | "false" => {
            let hint = format!("write `{before}#{word}`; the text is `\"{word}\"`");
            let label = "neither a value nor a text in quotes";
            (Scalar::Bool(word == "true"), fault(format!("`{word}` has no `#` before it"), label, hint))
        }
        "null" | "inf" | "-inf" | "nan" => {
            let hint = format!("write `{before}\"{word}\"` for the text, or leave it out");
            (Scalar::Null, fault(format!("`{word}` has no `#` before it"), "neither a value nor a text", hint))
        }
        word if KEYWORDS.contains(&word) => (Scalar::Null, None),
        word if word.starts_with('#') => {
            let hint = match suggest::nearest(word, ["#true", "#false", "#null"]) {
                Some(near) => format!("did you mean `{near}`? A text that begins with `#` needs quotes"),
                None => format!("write `{before}\"{}\"`", short(word)),
            };
            (Scalar::Text(word.to_owned()), fault(format!("`{}` is no keyword", short(word)), "not known", hint))
        }
        word if is_name(word) => (Scalar::Text(word.to_owned()), None),
        word if is_long_number(word) => {
            let hint = "no number of the language is as large; write a smaller one".to_owned();
            (Scalar::Integer(i128::MAX), fault("this number is too large".to_owned(), "too many digits", hint))
        }
        word => {
            let hint = format!("write `{before}\"{}\"`", short(word));
            (Scalar::Text(word.to_owned()), fault(format!("`{}` needs quotes", short(word)), "no plain word", hint))
        }
    }
}

fn is_long_number(word: &str) -> bool {
    word.len() > 30 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

fn number(word: &str) -> Option<Scalar> {
    let plain = word.replace('_', "");
    if !word.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '-') || word.starts_with('_') {
        return None;
    }
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let radix = |prefix: &str, radix| {
        digits.strip_prefix(prefix).and_then(|digits| i128::from_str_radix(digits, radix).ok()).map(|one| sign * one)
    };
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(number) = radix("0x", 16).or(radix("0o", 8)).or(radix("0b", 2)) {
        return Some(Scalar::Integer(number));
    }
    if is_plain {
        return digits.parse().ok().map(|number: i128| Scalar::Integer(sign * number));
    }
    let looks = digits.starts_with(|c: char| c.is_ascii_digit())
        && !digits.ends_with('.')
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    (looks && plain.parse::<f64>().is_ok()).then(|| Scalar::Decimal(plain.clone()))
}

/// What a text in quotes says: its escapes resolved, its lines moved to the left.
fn content(inner: &str, is_raw: bool) -> String {
    let text = match inner.strip_prefix('\n').or(inner.strip_prefix("\r\n")) {
        Some(lines) => moved(lines),
        None => inner.to_owned(),
    };
    if is_raw { text } else { unescaped(&text) }
}

/// Without the blanks of the last line before each line.
fn moved(lines: &str) -> String {
    let (text, indent) = lines.rsplit_once('\n').unwrap_or(("", lines));
    let indent = if indent.trim().is_empty() { indent } else { "" };
    let lines: Vec<&str> = text.lines().map(|line| line.strip_prefix(indent).unwrap_or(line.trim_start())).collect();
    lines.join("\n")
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let Some(next) = behind.chars().next() else { break };
        rest = &behind[next.len_utf8()..];
        match next {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            's' => out.push(' '),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            blank if blank.is_whitespace() => rest = rest.trim_start(),
            'u' => {
                let code = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
                let found = code.and_then(|(hex, behind)| {
                    Some((u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?, behind))
                });
                if let Some((c, behind)) = found {
                    out.push(c);
                    rest = behind;
                }
            }
            other => out.push(other),
        }
    }
    out.push_str(rest);
    out
}
