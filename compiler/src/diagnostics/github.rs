//! Diagnostics as workflow commands, which GitHub and Forgejo turn into notes beside the lines of a change.
//!
//! A line each: `::error file=…,line=…,col=…::message`. In values `%` and ends of lines are escaped, in properties `:` and
//! `,` too.

use super::{Diagnostic, json, sarif, terminal};
use crate::{
    files::ROOT_FILE,
    sources::{Places, Sources},
};

/// All diagnostics, one line each. `prefix` leads from the top of the repository to the folder of the fleet; it is empty or
/// ends with `/`.
pub fn render(sources: &Sources, diagnostics: &[&Diagnostic], prefix: &str) -> String {
    let mut places = Places::default();
    diagnostics.iter().map(|one| command(sources, &mut places, one, prefix)).collect()
}

fn command(sources: &Sources, places: &mut Places, diagnostic: &Diagnostic, prefix: &str) -> String {
    let mut properties = vec![("file", format!("{prefix}{ROOT_FILE}"))];
    if let Some(label) = diagnostic.labels.first() {
        let start = places.of(sources, label.span.file, label.span.start as usize);
        let end = places.of(sources, label.span.file, label.span.end as usize);
        properties = vec![("file", format!("{prefix}{}", sources.file(label.span.file).path))];
        properties.push(("line", start.line.to_string()));
        properties.push(("endLine", end.line.to_string()));
        // Columns are shown only where both ends stand in one line.
        if start.line == end.line {
            properties.push(("col", start.column.to_string()));
            properties.push(("endColumn", end.column.to_string()));
        }
    }
    properties.push(("title", diagnostic.code.name().to_owned()));
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    let word = json::severity(diagnostic.severity());
    format!("::{word} {}::{}\n", properties.join(","), data(&message(sources, diagnostic)))
}

/// The message; the other places stand in its last lines, since a command has one place.
fn message(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let others = diagnostic.labels.iter().skip(1);
    let others = others.map(|label| format!("\n{}: {}", sources.place(label.span), label.text));
    terminal::harmless(&(sarif::message(diagnostic) + &others.collect::<String>()))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&terminal::harmless(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostics::Code, span::Span};

    #[test]
    fn what_means_something_in_a_command_is_escaped() {
        let mut sources = Sources::default();
        let file = sources.add("a,b:c.kdl", "one two\nthree\n");
        let one = Diagnostic::new(Code::BadValue, "100% wrong", Span::new(file, 4, 7), "this");
        let one = one.also(Span::new(file, 8, 13), "that").hint("first\nsecond");
        let text = render(&sources, &[&one], "infra/");
        let expected = "::error file=infra/a%2Cb%3Ac.kdl,line=1,endLine=1,col=5,endColumn=8,title=bad-value::\
                        100%25 wrong%0Athis%0Afirst%0Asecond%0Aa,b:c.kdl:2: that\n";
        assert_eq!(text, expected);
    }
}
