//! Which brace is missing or too many, where they do not add up: the indentation says what was meant.

use super::lexer::{Kind, Token};

/// Whether every brace has its other.
pub(super) fn is_balanced(tokens: &[Token]) -> bool {
    let mut open = 0usize;
    for token in tokens {
        match token.kind {
            Kind::Open => open += 1,
            Kind::Close if open == 0 => return false,
            Kind::Close => open -= 1,
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
    }
    open == 0
}

/// What a closing brace does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// It closes so many blocks; all but the last have no brace of their own.
    Blocks(usize),
    /// It closes nothing.
    Nothing,
}

/// What a closing brace does: the one that begins its line closes the block whose line begins as far to the right.
/// `open` are the indentations of the open blocks, the innermost last; `own` is the brace's where it begins its line.
pub(super) fn closing(open: &[usize], own: Option<usize>) -> Closing {
    let (Some(innermost), Some(own)) = (open.last(), own) else {
        return if open.is_empty() { Closing::Nothing } else { Closing::Blocks(1) };
    };
    match open.iter().rev().position(|indent| *indent == own) {
        Some(deep) => Closing::Blocks(deep + 1),
        None if own > *innermost => Closing::Nothing,
        None => Closing::Blocks(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brace_closes_the_block_that_begins_below_the_same_column() {
        assert_eq!(closing(&[0, 4], Some(4)), Closing::Blocks(1));
        assert_eq!(closing(&[0, 4], Some(0)), Closing::Blocks(2));
        assert_eq!(closing(&[0], Some(4)), Closing::Nothing);
        assert_eq!(closing(&[0, 4], Some(2)), Closing::Blocks(1));
        assert_eq!(closing(&[0, 4], None), Closing::Blocks(1));
        assert_eq!(closing(&[], Some(0)), Closing::Nothing);
    }
}
