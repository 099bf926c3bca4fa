//! What probes and hooks have in common: a command, a request over HTTP, the port of it.

use crate::{
    diagnostics::{Code, Diagnostic, Problems, suggest},
    model::container::Container,
    model::network::HostName,
    model::probe::Header,
    span::{Span, Spanned},
};

/// What a probe or hook is made of, whatever its kind.
pub(super) struct Handler<'a> {
    /// `readiness`, `pre-stop` and so on.
    pub word: &'static str,
    /// The kind.
    pub kind: Spanned<&'static str>,
    /// All of it.
    pub extent: Span,
    /// What stands behind the kind.
    pub words: &'a [Spanned<String>],
    /// The port.
    pub port: Option<Spanned<&'a str>>,
    /// The host.
    pub host: Option<&'a Spanned<HostName>>,
    /// The headers.
    pub headers: &'a [Header],
}

/// Which parts a kind takes.
pub(super) struct Takes {
    /// What the words behind it are.
    pub words: Words,
    /// Whether it asks a port.
    pub port: bool,
    /// Whether it asks a host.
    pub host: bool,
    /// Whether it sends headers.
    pub headers: bool,
}

/// What the words behind a kind are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// A command and its arguments, at least one word (S-319).
    Command,
    /// A path, or nothing.
    Path,
    /// A length of time.
    Time,
    /// Nothing.
    Nothing,
}

/// S-301, S-333: each kind has its own parts and no others.
pub(super) fn check(container: &Container, handler: &Handler<'_>, takes: &Takes, problems: &mut Problems) {
    check_port(container, handler, takes.port, problems);
    check_words(handler, takes.words, problems);
    let kind = handler.kind.value;
    if let (Some(host), false) = (handler.host, takes.host) {
        let message = format!("`{kind}` asks no host");
        problems.add(Diagnostic::new(Code::Contradiction, message, host.span, "never asked").hint("take it out"));
    }
    if let (Some(header), false) = (handler.headers.first(), takes.headers) {
        let message = format!("`{kind}` sends no headers");
        problems.add(Diagnostic::new(Code::Contradiction, message, header.span, "never sent").hint("take it out"));
    }
}

/// S-321, S-331: the port is one that this container declares.
fn check_port(container: &Container, handler: &Handler<'_>, asked: bool, problems: &mut Problems) {
    let kind = handler.kind.value;
    let names: Vec<&str> = container.ports.iter().map(|port| port.name.value.as_str()).collect();
    match (&handler.port, asked) {
        (Some(port), false) => {
            let message = format!("`{kind}` asks no port");
            let diagnostic = Diagnostic::new(Code::Contradiction, message, port.span, "never asked");
            problems.add(diagnostic.hint("take it out"));
        }
        (None, true) if !problems.any_error_in(handler.extent) => {
            let message = format!("`{}` needs `port=`", handler.word);
            let diagnostic = Diagnostic::new(Code::MissingValue, message, handler.kind.span, "which port?");
            let declared = names.first().map_or_else(
                || "declare one first: `port \"http\" 80`".to_owned(),
                |name| format!("write `port=\"{name}\"` beside it"),
            );
            problems.add(diagnostic.hint(declared));
        }
        (Some(port), true) if !names.contains(&port.value) && !problems.any_not_held("port", container.extent) => {
            let message = format!("container `{}` has no port `{}`", container.name.value, port.value);
            let diagnostic = Diagnostic::new(Code::UnknownName, message, port.span, "no such port");
            problems.add(diagnostic.hint(suggest::hint(port.value, names)));
        }
        (Some(_), true) | (None, _) => {}
    }
}

fn check_words(handler: &Handler<'_>, words: Words, problems: &mut Problems) {
    let kind = handler.kind.value;
    match (words, handler.words) {
        (Words::Command, [program, ..]) if program.value.is_empty() => {
            let diagnostic = Diagnostic::new(Code::BadValue, "the command is empty", program.span, "no program");
            problems.add(diagnostic.hint("write the program and its arguments, each in quotes of its own"));
        }
        (Words::Command, []) if !problems.any_error_in(handler.extent) => {
            let message = format!("`{kind}` needs a command");
            let diagnostic = Diagnostic::new(Code::MissingValue, message, handler.kind.span, "what is run?");
            problems.add(diagnostic.hint(format!("write it behind: `{} \"exec\" \"/bin/check\"`", handler.word)));
        }
        (Words::Path, [path, ..]) if !is_path(&path.value) => {
            let message = "this is no path of a URL";
            let diagnostic = Diagnostic::new(Code::BadValue, message, path.span, "begins with `/`, no blanks");
            problems.add(diagnostic.hint("write it as `\"/healthz\"`"));
        }
        (Words::Time, []) if !problems.any_error_in(handler.extent) => {
            let diagnostic =
                Diagnostic::new(Code::MissingValue, format!("`{kind}` needs a time"), handler.kind.span, "how long?");
            problems.add(diagnostic.hint("write it behind: `\"sleep\" \"5s\"`"));
        }
        (Words::Command | Words::Path | Words::Time | Words::Nothing, _) => {}
    }
    let surplus = match words {
        Words::Command => &[],
        Words::Path | Words::Time => handler.words.get(1..).unwrap_or_default(),
        Words::Nothing => handler.words,
    };
    if let (Some(first), Some(last)) = (surplus.first(), surplus.last()) {
        let span = first.span.to(last.span);
        let message = format!("`{kind}` takes no such value");
        let diagnostic = Diagnostic::new(Code::SurplusValue, message, span, "not expected here");
        problems.add(diagnostic.hint("take it out; `\"http\"` takes a path, `\"exec\"` a command"));
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains(|c: char| c.is_control() || c == ' ')
}
