//! Files that the sources name with `from=`: their bytes, or why there are none.

use std::collections::BTreeMap;

use crate::{
    model::Repository,
    sources::Sources,
    span::{Span, Spanned},
};

/// The bytes of each named file.
#[derive(Debug, Clone, Default)]
pub struct Attachments {
    found: BTreeMap<Span, Result<Vec<u8>, String>>,
}

/// A file that is named, by the place that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The place.
    pub span: Span,
    /// Its path from the folder of `fleet.kdl`; an error where the path leaves that folder.
    pub path: Result<String, &'static str>,
}

impl Attachments {
    /// Notes what was found at a path.
    pub fn put(&mut self, span: Span, bytes: Result<Vec<u8>, String>) {
        self.found.insert(span, bytes);
    }

    /// The bytes of the file that is named here.
    pub fn get(&self, from: &Spanned<String>) -> Result<&[u8], &str> {
        match self.found.get(&from.span) {
            Some(Ok(bytes)) => Ok(bytes),
            Some(Err(why)) => Err(why),
            None => Err("it was not read"),
        }
    }
}

/// All files that a repository names.
pub fn named(sources: &Sources, repository: &Repository) -> Vec<Named> {
    let files = repository.configs.values().flat_map(|config| &config.files);
    let from = files.filter_map(|file| file.from.as_ref());
    from.map(|from| Named { span: from.span, path: resolve(&sources.file(from.span.file).path, &from.value) }).collect()
}

/// The path from the root of what a file at `file` calls `relative`.
fn resolve(file: &str, relative: &str) -> Result<String, &'static str> {
    if relative.starts_with('/') {
        return Err("its path is absolute");
    }
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(relative.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or("its path leaves the repository")?),
            part => parts.push(part),
        }
    }
    if parts.is_empty() { Err("its path names no file") } else { Ok(parts.join("/")) }
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn paths_are_relative_and_stay_inside() {
        assert_eq!(resolve("fleet.kdl", "site/index.html").as_deref(), Ok("site/index.html"));
        assert_eq!(resolve("workloads/web.kdl", "../site/./a").as_deref(), Ok("site/a"));
        assert!(resolve("workloads/web.kdl", "../../a").is_err());
        assert!(resolve("web.kdl", "/etc/passwd").is_err());
        assert!(resolve("web.kdl", "").is_err());
    }
}
