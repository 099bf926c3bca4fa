//! Which files a pattern names.

use std::collections::BTreeSet;

use globset::GlobBuilder;

use crate::{
    diagnostics::{Code, Diagnostic, suggest},
    sources::OVERLAYS,
    span::Spanned,
};

/// Longest pattern, in bytes.
const LONGEST: usize = 1_000;

/// Which files are being read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layer<'a> {
    /// The sources, and what they include.
    Base,
    /// Those of the overlay with this name, and what they include.
    Overlay(&'a str),
}

/// The paths that a pattern in a file names, sorted. An error where it names none.
pub(super) fn matching(
    file: &str,
    pattern: &Spanned<String>,
    layer: Layer<'_>,
    paths: &BTreeSet<String>,
) -> Result<Vec<String>, Diagnostic> {
    let refused = |why: &str| {
        let message = format!("`{}` names no file: {why}", pattern.value);
        Diagnostic::new(Code::IncludesNothing, message, pattern.span, "nothing to read")
    };
    let whole = whole(file, &pattern.value).map_err(|why| {
        refused(why).hint("it is a path from this file to files of the repository, such as `_shared/*.kdl`")
    })?;
    let glob = GlobBuilder::new(&whole).literal_separator(true).build().map_err(|error| {
        refused(&error.kind().to_string()).hint("`*`, `?`, `[ab]` and `**` may stand in it; `[*]` is a `*` itself")
    })?;
    let matcher = glob.compile_matcher();
    let may_be_read = |path: &&String| match (layer, path.starts_with(OVERLAYS)) {
        (Layer::Base, is_of_overlay) => !is_of_overlay,
        (Layer::Overlay(name), true) => path[OVERLAYS.len()..].split('/').next() == Some(name),
        (Layer::Overlay(_), false) => true,
    };
    let known: Vec<&String> = paths.iter().filter(may_be_read).collect();
    let found: Vec<String> = known.iter().filter(|path| matcher.is_match(path)).map(|path| (*path).clone()).collect();
    if found.is_empty() {
        if let Some(path) = paths.iter().find(|path| matcher.is_match(path)) {
            let why = format!("`{path}` is of an overlay");
            return Err(refused(&why).hint("the files of an overlay are read where it is chosen: `--overlay`"));
        }
        let lost = format!("no file of the repository is `{}`", whole.replace('\\', ""));
        return Err(refused(&lost).hint(near(&whole, &known)));
    }
    Ok(found)
}

/// The pattern from the root of the repository.
fn whole(file: &str, pattern: &str) -> Result<String, &'static str> {
    if pattern.len() > LONGEST {
        return Err("it is longer than 1000 bytes");
    }
    if pattern.starts_with('/') {
        return Err("its path is absolute");
    }
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<String> = folder.split('/').filter(|part| !part.is_empty()).map(globset::escape).collect();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or("its path leaves the repository")?),
            part => parts.push(part.to_owned()),
        }
    }
    if parts.is_empty() { Err("it is empty") } else { Ok(parts.join("/")) }
}

/// What may have been meant.
fn near(whole: &str, known: &[&String]) -> String {
    let known: Vec<&str> = known.iter().map(|path| path.as_str()).collect();
    if let Some(path) = suggest::nearest(whole, known.iter().copied()) {
        return format!("did you mean `{path}`?");
    }
    let folder = whole.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folders: BTreeSet<&str> = known.iter().filter_map(|path| Some(path.rsplit_once('/')?.0)).collect();
    let inside = known.iter().filter(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder) == folder);
    let inside: Vec<&str> = inside.copied().collect();
    match (inside.is_empty(), suggest::nearest(folder, folders.iter().copied())) {
        (false, _) => format!("files there: {}", suggest::list(inside)),
        (true, Some(near)) => format!("did you mean the folder `{near}`?"),
        (true, None) if folders.is_empty() => "sources are files named `*.kdl`".to_owned(),
        (true, None) => format!("folders with sources: {}", suggest::list(folders)),
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn patterns_are_relative_and_stay_inside() {
        assert_eq!(whole("fleet.kdl", "_shared/*.kdl").as_deref(), Ok("_shared/*.kdl"));
        assert_eq!(whole("a/b/c.kdl", "../../_x/**/*.kdl").as_deref(), Ok("_x/**/*.kdl"));
        assert_eq!(whole("a[1]/c.kdl", "./x.kdl").as_deref(), Ok("a[[]1[]]/x.kdl"));
        assert!(whole("a/c.kdl", "../../x").is_err());
        assert!(whole("c.kdl", "/etc/*").is_err());
        assert!(whole("c.kdl", ".").is_err());
    }
}
