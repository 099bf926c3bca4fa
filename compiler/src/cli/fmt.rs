//! `wlc fmt`: every KDL file as the house writes it.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "edge: formats source files in place")]

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{Done, FINE, Failure, Format, PROBLEMS, ReportFormat, output};
use crate::{
    diagnostics::terminal,
    files::{OUTPUTS, ROOT_FILE, find_root},
    format::{self, Unformatted},
    replace::{Sync, replace},
    syntax::guard::FILE_BYTES,
};

/// Formats KDL files: blanks and indentation, nothing else.
#[derive(Debug, clap::Args)]
pub(super) struct Fmt {
    /// Files and folders; without any, the whole repository. `-` formats standard input to standard output.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Writes nothing, and fails where a file is not formatted.
    #[arg(long)]
    check: bool,
    /// How the files are listed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// It was right.
    Right,
    /// It was formatted.
    Formatted,
    /// It is not formatted.
    Unformatted,
    /// It cannot be read, or stays as it is.
    Refused,
}

/// A file of the answer.
#[derive(Debug, Serialize)]
struct Found {
    file: String,
    state: State,
    /// The first line that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

/// The answer for programs.
#[derive(Serialize)]
struct Answer<'a> {
    version: u32,
    files: &'a [Found],
}

impl Fmt {
    pub(super) fn run(&self, dir: &Path) -> Done {
        if self.paths.iter().any(|path| path.as_os_str() == "-") {
            return self.standard_input();
        }
        let mut found = Vec::new();
        for path in self.files(dir)? {
            let file = shown(dir, &path);
            found.push(self.file(&path, file.clone()).unwrap_or_else(|failure| {
                output::error(&failure.message);
                Found { file, state: State::Refused, line: None }
            }));
        }
        if self.format == Format::Json {
            output::document(&Answer { version: 1, files: &found })?;
        }
        let is_bad = |one: &Found| matches!(one.state, State::Unformatted | State::Refused);
        Ok(if found.iter().any(is_bad) { PROBLEMS } else { FINE })
    }

    fn standard_input(&self) -> Done {
        let mut bytes = Vec::new();
        let most = FILE_BYTES as u64 + 1;
        io::stdin().take(most).read_to_end(&mut bytes).map_err(Failure::problem)?;
        let text = String::from_utf8(bytes).map_err(|_| Failure::problem("standard input is not UTF-8"))?;
        match format::format("<stdin>", &text) {
            Ok(formatted) if self.check => Ok(if formatted == text { FINE } else { PROBLEMS }),
            Ok(formatted) => {
                output::result(&formatted)?;
                Ok(FINE)
            }
            Err(why) => report("standard input", &why),
        }
    }

    /// The files that are meant, sorted.
    fn files(&self, dir: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
        let mut found = BTreeSet::new();
        if self.paths.is_empty() {
            let root = find_root(dir).ok_or_else(|| {
                Failure::new(PROBLEMS, format!("there is no `{ROOT_FILE}` here or above; name the files or folders"))
            })?;
            walk(&root, &mut found)?;
        }
        for path in &self.paths {
            let path = dir.join(path);
            let path = path.canonicalize().map_err(|error| cannot("read", &path, &error))?;
            if path.is_dir() {
                walk(&path, &mut found)?;
            } else {
                found.insert(path);
            }
        }
        Ok(found)
    }

    fn file(&self, path: &Path, file: String) -> Result<Found, Failure> {
        let text = read(path).map_err(|error| cannot("read", path, &error))?;
        let formatted = match format::format(&file, &text) {
            Ok(formatted) if formatted == text => return Ok(Found { file, state: State::Right, line: None }),
            Ok(formatted) => formatted,
            Err(why) => {
                report(&file, &why)?;
                return Ok(Found { file, state: State::Refused, line: None });
            }
        };
        let line = first_difference(&text, &formatted);
        if self.check {
            if self.format == Format::Text {
                output::result(&difference(&file, line, &text, &formatted))?;
            }
            return Ok(Found { file, state: State::Unformatted, line: Some(line) });
        }
        replace(path, formatted.as_bytes(), Sync::Now).map_err(|error| cannot("write", path, &error))?;
        if io::stderr().is_terminal() {
            output::note(&format!("formatted {file}"));
        }
        Ok(Found { file, state: State::Formatted, line: Some(line) })
    }
}

/// Says why a file stays as it is.
fn report(file: &str, why: &Unformatted) -> Done {
    match why {
        Unformatted::Broken { sources, problems } => {
            output::diagnostics(sources, problems, ReportFormat::Text, &String::new)?;
        }
        Unformatted::WouldChange => output::error(&format!(
            "`{file}` stays as it is: formatted it would not say the same; this is a mistake of wlc, please report it"
        )),
    }
    Ok(PROBLEMS)
}

/// Every KDL file below a folder, but for what builds write and for hidden names. Links are not followed.
fn walk(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), Failure> {
    let is_root = folder.join(ROOT_FILE).is_file();
    for entry in fs::read_dir(folder).map_err(|error| cannot("list", folder, &error))? {
        let entry = entry.map_err(|error| cannot("list", folder, &error))?;
        let kind = entry.file_type().map_err(|error| cannot("list", folder, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || (is_root && OUTPUTS.contains(&name.as_str())) {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), found)?;
        } else if kind.is_file() && name.ends_with(".kdl") {
            found.insert(entry.path());
        }
    }
    Ok(())
}

/// A path as people see it from a folder.
fn shown(dir: &Path, path: &Path) -> String {
    let from = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    path.strip_prefix(from).unwrap_or(path).display().to_string()
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    File::open(path)?.take(FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
}

/// The number of the first line that differs.
fn first_difference(text: &str, formatted: &str) -> usize {
    text.split_inclusive('\n').zip(formatted.split_inclusive('\n')).take_while(|(one, other)| one == other).count() + 1
}

fn difference(file: &str, line: usize, text: &str, formatted: &str) -> String {
    let at = |text: &str| text.split('\n').nth(line - 1).unwrap_or_default().to_owned();
    terminal::harmless(&format!("{file}:{line}\n  - {}\n  + {}\n", at(text), at(formatted)))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(PROBLEMS, format!("cannot {what} `{}`: {error}", path.display()))
}
