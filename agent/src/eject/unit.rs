//! A unit file of Quadlet while it is written: what is put into it is meant literally.
//!
//! Source: podman-systemd.unit(5), and systemd.syntax(7) for quotes. What ends up in a command line of systemd has `%` and `$`
//! doubled, since systemd would take them for its own.

use std::fmt::Write;

/// How many seconds systemd gives a stop by itself.
const BY_ITSELF: u64 = 90;
/// How many seconds it waits beyond the grace.
const BEYOND_GRACE: u64 = 10;

/// A unit file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Unit {
    lines: Vec<(&'static str, String)>,
    /// The version of Podman that reads it.
    version: Version,
}

/// A version of Podman, without what stands behind the second number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl Default for Version {
    /// The first one whose Quadlet knows pods.
    fn default() -> Self {
        Self(5, 0)
    }
}

/// A key of Quadlet, the option of the command that it stands for, and since when it is known. Older ones get the option.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key(pub(super) &'static str, pub(super) &'static str, pub(super) Version);

impl Unit {
    pub(super) fn new(version: Version) -> Self {
        Self { lines: Vec::new(), version }
    }

    /// A line whose value is one text.
    pub(super) fn set(&mut self, section: &'static str, key: &str, value: &str) {
        self.lines.push((section, format!("{key}={}", doubled(value))));
    }

    /// A line whose value is a list of words.
    pub(super) fn words(&mut self, section: &'static str, key: &str, words: &[String]) {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        self.lines.push((section, format!("{key}={}", words.join(" "))));
    }

    /// A line of a key that this Podman knows, or else the option that it stands for.
    pub(super) fn set_or_option(&mut self, section: &'static str, key: Key, value: &str) {
        let Key(name, option, since) = key;
        if self.version >= since { self.set(section, name, value) } else { self.option(section, option, value) }
    }

    /// An option of the command.
    pub(super) fn option(&mut self, section: &'static str, option: &str, value: &str) {
        self.words(section, "PodmanArgs", &[format!("--{option}={value}")]);
    }

    /// The file; its sections in this order.
    pub(super) fn text(&self, comment: &str) -> String {
        let mut text = format!("# {comment}\n");
        for section in ["Unit", "Container", "Pod", "Volume", "Network", "Service", "Install"] {
            let mut lines = self.lines.iter().filter(|(of, _)| *of == section).peekable();
            if lines.peek().is_some() {
                write!(text, "\n[{section}]\n").expect("a string takes all that is written to it");
            }
            lines.for_each(|(_, line)| {
                text.push_str(line);
                text.push('\n');
            });
        }
        text
    }
}

/// The time that systemd gives a stop, where that is more than it gives by itself (90 s).
pub(super) fn stop_limit(grace: u64) -> Option<String> {
    let needed = grace + BEYOND_GRACE;
    (needed > BY_ITSELF).then(|| needed.to_string())
}

/// Whether a text can stand in a line by itself: a unit file has no way to write the others.
pub(super) fn is_plain(text: &str) -> bool {
    !text.contains(|letter: char| letter.is_control()) && text.trim() == text && !text.ends_with('\\')
}

fn doubled(text: &str) -> String {
    text.replace('%', "%%").replace('$', "$$")
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=./:,@+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in word.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '%' => quoted.push_str("%%"),
            '$' => quoted.push_str("$$"),
            control if control.is_control() => {
                for byte in control.to_string().bytes() {
                    write!(quoted, "\\x{byte:02x}").expect("a string takes all that is written to it");
                }
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_meant_literally() {
        for (word, written) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("say \"hi\"\\", "\"say \\\"hi\\\"\\\\\""),
            ("100% of $HOME", "\"100%% of $$HOME\""),
            ("two\nlines\u{7}", "\"two\\nlines\\x07\""),
            ("'", "\"'\""),
        ] {
            assert_eq!(quoted(word), written);
        }
        assert!(is_plain("a b") && !is_plain("a\nb") && !is_plain(" a") && !is_plain("a\\"));
    }

    #[test]
    fn a_stop_has_the_time_of_systemd_or_more() {
        assert_eq!((stop_limit(80), stop_limit(81)), (None, Some("91".to_owned())));
    }

    #[test]
    fn an_older_podman_gets_the_option() {
        let key = Key("Memory", "memory", Version(5, 6));
        let written = |version| {
            let mut unit = Unit::new(version);
            unit.set("Service", "Restart", "always");
            unit.set_or_option("Container", key, "1024b");
            unit.text("x")
        };
        assert_eq!(written(Version(5, 6)), "# x\n\n[Container]\nMemory=1024b\n\n[Service]\nRestart=always\n");
        assert!(written(Version(5, 0)).contains("[Container]\nPodmanArgs=--memory=1024b\n"));
    }
}
