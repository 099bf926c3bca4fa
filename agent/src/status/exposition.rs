//! Prometheus' text exposition format, version 0.0.4: families of samples, each with its help and type before them.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>. What a label holds is escaped; names come from
//! this program alone.

use std::fmt::Write;

/// The media type of a page.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of metrics while it is written.
#[derive(Debug, Default)]
pub struct Page(String);

/// What a family counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes up only, and begins anew with the program.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size, in buckets.
    Histogram,
}

/// The labels of a sample: names and what they hold.
pub type Labels<'a> = [(&'a str, &'a str)];

impl Page {
    /// Begins a family; its samples follow.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// A sample.
    pub fn sample(&mut self, name: &str, labels: &Labels<'_>, value: impl Into<Value>) {
        self.0.push_str(name);
        for (index, (label, held)) in labels.iter().enumerate() {
            let open = if index == 0 { '{' } else { ',' };
            self.line(format_args!("{open}{label}=\"{}\"", escaped(held)));
        }
        let close = if labels.is_empty() { "" } else { "}" };
        self.line(format_args!("{close} {}\n", value.into().0));
    }

    /// A family of one sample without labels.
    pub fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Into<Value>) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// The page.
    pub fn text(self) -> String {
        self.0
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("a string takes all that is written to it");
    }
}

/// A number as the format writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value(String);

impl From<u64> for Value {
    fn from(whole: u64) -> Self {
        Self(whole.to_string())
    }
}

impl From<usize> for Value {
    fn from(whole: usize) -> Self {
        Self(whole.to_string())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self(u8::from(truth).to_string())
    }
}

impl From<std::time::Duration> for Value {
    /// In seconds.
    fn from(length: std::time::Duration) -> Self {
        Self(length.as_secs_f64().to_string())
    }
}

fn escaped(held: &str) -> String {
    held.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A sample that was read: name, labels, value.
    pub(crate) type Read = (String, BTreeMap<String, String>, f64);

    /// Reads a page strictly, and panics with the line that breaks a rule: help and type once before their samples, all
    /// samples of a family together, names and labels of the allowed letters, each sample once, histograms whole.
    pub(crate) fn read(page: &str) -> Vec<Read> {
        assert!(page.ends_with('\n'), "a page ends with a line's end");
        let mut families: BTreeMap<String, String> = BTreeMap::new();
        let (mut family, mut helped, mut samples) = (String::new(), String::new(), Vec::<Read>::new());
        for line in page.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect(line);
                assert!(!help.trim().is_empty() && !families.contains_key(name), "{line}");
                helped = name.to_owned();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect(line);
                assert!(name == helped && ["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!((kind == "counter") == name.ends_with("_total"), "counters end with _total: {line}");
                assert!(families.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {line}");
                name.clone_into(&mut family);
            } else {
                let sample = sample(line);
                let base = match families.get(&family).map(String::as_str) {
                    Some("histogram") => {
                        let ends = ["_bucket", "_sum", "_count"];
                        ends.iter().find_map(|end| sample.0.strip_suffix(end)).expect(line)
                    }
                    _ => sample.0.as_str(),
                };
                assert_eq!(base, family, "a sample stands in its family: {line}");
                assert!(!samples.iter().any(|(name, labels, _)| (name, labels) == (&sample.0, &sample.1)), "{line}");
                samples.push(sample);
            }
        }
        samples
    }

    fn sample(line: &str) -> Read {
        let name_end = line.find(['{', ' ']).expect(line);
        let (name, mut rest) = line.split_at(name_end);
        assert!(is_name(name, ":"), "{line}");
        let mut labels = BTreeMap::new();
        if let Some(open) = rest.strip_prefix('{') {
            rest = open;
            loop {
                let (label, after) = rest.split_once("=\"").expect(line);
                assert!(is_name(label, "") && !label.starts_with("__"), "{line}");
                let (held, after) = held(after, line);
                assert!(labels.insert(label.to_owned(), held).is_none(), "{line}");
                match after.strip_prefix(',') {
                    Some(more) => rest = more,
                    None => break rest = after.strip_prefix('}').expect(line),
                }
            }
        }
        let value = rest.strip_prefix(' ').expect(line);
        (name.to_owned(), labels, value.parse().expect(line))
    }

    /// What a label holds, and what stands behind its closing quote.
    fn held<'a>(text: &'a str, line: &str) -> (String, &'a str) {
        let mut held = String::new();
        let mut letters = text.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => return (held, &text[at + 1..]),
                '\\' => held.push(match letters.next().expect(line).1 {
                    'n' => '\n',
                    same @ ('\\' | '"') => same,
                    other => panic!("`\\{other}` in {line}"),
                }),
                plain => held.push(plain),
            }
        }
        panic!("a label without an end: {line}")
    }

    fn is_name(name: &str, also: &str) -> bool {
        let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || also.contains(letter);
        !name.is_empty() && !name.starts_with(|letter: char| letter.is_ascii_digit()) && name.chars().all(good)
    }

    #[test]
    fn what_a_label_holds_comes_back_whole() {
        let odd = "a \"quoted\"\n\\line\\n} 7 {";
        let mut page = Page::default();
        page.family("one", Kind::Gauge, "With\na line and a \\.");
        page.sample("one", &[("a", odd), ("b", "")], 7_u64);
        page.single("two_total", Kind::Counter, "Time.", std::time::Duration::from_millis(1_500));
        let text = page.text();
        let samples = read(&text);
        assert_eq!(samples[0].1["a"], odd);
        assert_eq!(samples[1], ("two_total".to_owned(), BTreeMap::new(), 1.5));
        assert!(text.starts_with("# HELP one With\\na line and a \\\\.\n# TYPE one gauge\n"), "{text}");
    }
}
