//! One line of KDL: a name, arguments and properties, each of them left out when not known.

use std::fmt::Write as _;

/// A line that is being written.
pub(super) struct Line {
    text: String,
    is_bare: bool,
}

impl Line {
    /// The line that begins with `name`.
    pub(super) fn new(name: &str) -> Self {
        Self { text: name.to_owned(), is_bare: true }
    }

    /// Adds an argument that is a text.
    pub(super) fn argument(mut self, text: &str) -> Self {
        self.text.push(' ');
        push_string(&mut self.text, text);
        self.is_bare = false;
        self
    }

    /// Adds an argument that is a number.
    pub(super) fn number_argument(self, number: u32) -> Self {
        self.push(&format!("{number}"))
    }

    /// Adds a property whose value is a text.
    pub(super) fn property(mut self, name: &str, value: Option<impl ToString>) -> Self {
        let Some(value) = value else { return self };
        let _ = write!(self.text, " {name}=");
        push_string(&mut self.text, &value.to_string());
        self.is_bare = false;
        self
    }

    /// Adds a property whose value is a number.
    pub(super) fn number(self, name: &str, value: Option<u32>) -> Self {
        match value {
            Some(value) => self.push(&format!("{name}={value}")),
            None => self,
        }
    }

    /// Adds a property that is true or false.
    pub(super) fn flag(self, name: &str, value: Option<bool>) -> Self {
        match value {
            Some(value) => self.push(&format!("{name}=#{value}")),
            None => self,
        }
    }

    /// Adds the only child, `name` with texts as arguments, unless there are none.
    pub(super) fn child(self, name: &str, arguments: &[String]) -> Self {
        if arguments.is_empty() {
            return self;
        }
        let child = arguments.iter().fold(Self::new(name), |child, argument| child.argument(argument));
        self.push(&format!("{{ {} }}", child.text))
    }

    /// The text of the line; absent when nothing stands behind the name.
    pub(super) fn finish(self) -> Option<String> {
        (!self.is_bare).then_some(self.text)
    }

    fn push(mut self, part: &str) -> Self {
        self.text.push(' ');
        self.text.push_str(part);
        self.is_bare = false;
        self
    }
}

/// Adds `text` in quotes. Facts have no control characters, but a string of KDL would need them escaped.
fn push_string(line: &mut String, text: &str) {
    line.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => line.extend(['\\', character]),
            plain if plain.is_control() => {
                let _ = write!(line, "\\u{{{:x}}}", u32::from(plain));
            }
            plain => line.push(plain),
        }
    }
    line.push('"');
}
