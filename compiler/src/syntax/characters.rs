//! What KDL 2 says of characters: which are blanks, which end a line, which may stand nowhere, and which make up a word
//! that needs no quotes. Both the guard and the strict reader ask here.
//!
//! Everything is told from the bytes of a valid UTF-8 text: the length of what stands at a place, and 0 where it is
//! something else. The tables of the specification are the sections "Whitespace", "Newline" and "Disallowed Literal Code
//! Points".

/// Length of the blank at a place.
pub(super) fn space(bytes: &[u8], at: usize) -> usize {
    match bytes[at..] {
        [b' ' | b'\t', ..] => 1,
        [0xc2, 0xa0, ..] => 2,
        [0xe1, 0x9a, 0x80, ..] | [0xe2, 0x80, 0x80..=0x8a | 0xaf, ..] | [0xe2, 0x81, 0x9f, ..] => 3,
        [0xe3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// Length of the line end at a place.
pub(super) fn newline(bytes: &[u8], at: usize) -> usize {
    match bytes[at..] {
        [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
        [b'\r' | b'\n' | 0x0b | 0x0c, ..] => 1,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => 0,
    }
}

/// Length of a character that may stand nowhere but in a comment: controls, marks of direction, the byte order mark.
pub(super) fn forbidden(bytes: &[u8], at: usize) -> usize {
    match bytes[at..] {
        [0x00..=0x08 | 0x0e..=0x1f, ..] => 1,
        [0xe2, 0x80, 0x8e | 0x8f | 0xaa..=0xae, ..] | [0xe2, 0x81, 0xa6..=0xa9, ..] | [0xef, 0xbb, 0xbf, ..] => 3,
        _ => 0,
    }
}

/// What a byte may be, where it begins a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Part of a bare word.
    Word,
    /// Part of quoted texts only.
    Sign,
    /// `"` or `\`.
    Quote,
    /// A blank or a line end, or forbidden.
    Blank,
    /// The first byte of a character that may be any of these but a sign.
    Wide,
}

/// The class of each byte.
static CLASSES: [Class; 256] = classes();

/// The class of the byte at a place; that of a blank behind the end.
pub(super) fn class(bytes: &[u8], at: usize) -> Class {
    bytes.get(at).map_or(Class::Blank, |byte| CLASSES[*byte as usize])
}

const fn classes() -> [Class; 256] {
    let mut classes = [Class::Word; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            0x00..=b' ' => Class::Blank,
            b'"' | b'\\' => Class::Quote,
            b'/' | b'(' | b')' | b'{' | b'}' | b'[' | b']' | b';' | b'#' | b'=' => Class::Sign,
            0xc2 | 0xe1 | 0xe2 | 0xe3 | 0xef => Class::Wide,
            _ => Class::Word,
        };
        byte += 1;
    }
    classes
}

/// Where the bare word that begins at a place ends.
pub(super) fn word_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match class(bytes, at) {
            Class::Word => at += 1,
            Class::Wide if space(bytes, at) + newline(bytes, at) + forbidden(bytes, at) == 0 => at += 1,
            Class::Sign | Class::Quote | Class::Blank | Class::Wide => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_what_the_specification_says() {
        let spaces = "\t \u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{202f}\u{205f}\u{3000}";
        let newlines = "\r\n\u{85}\u{b}\u{c}\u{2028}\u{2029}";
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            let length = |is: bool| if is { text.len() } else { 0 };
            let is_forbidden = matches!(character, '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{200e}' | '\u{200f}'
                | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
            let bytes = text.as_bytes();
            assert_eq!(space(bytes, 0), length(spaces.contains(character)), "{character:?}");
            assert_eq!(newline(bytes, 0), length(newlines.contains(character)), "{character:?}");
            assert_eq!(forbidden(bytes, 0), length(is_forbidden), "{character:?}");
            let is_word = !spaces.contains(character)
                && !newlines.contains(character)
                && !is_forbidden
                && !"\\/(){}[];\"#=".contains(character);
            assert_eq!(word_end(bytes, 0), length(is_word), "{character:?}");
        }
        assert_eq!(newline(b"\r\n", 0), 2);
    }
}
