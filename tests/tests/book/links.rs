//! Every relative link leads somewhere, and every page of the book is in its table of contents.

use std::path::{Component, Path, PathBuf};

use crate::pages::{self, BOOK, Page};

/// The targets of the links of a page.
fn links(page: &Page) -> Vec<String> {
    let prose = page.prose();
    let behind: Vec<&str> = prose.split("](").skip(1).collect();
    behind.into_iter().filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

fn is_outside(target: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| target.starts_with(scheme))
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{} leaves the checkout", path.display()),
            Component::Normal(name) => plain.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
        plain
    })
}

/// The anchors of a page's headings, as mdbook and forges make them.
fn anchors(page: &Page) -> Vec<String> {
    let mut inside = false;
    let headings = page.text.lines().filter(|line| {
        inside ^= line.trim_start().starts_with("```");
        !inside && line.starts_with('#')
    });
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}

fn check(page: &Page, target: &str, pages: &[Page]) -> Result<(), String> {
    let (path, wanted) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(&page.path).parent().unwrap();
    let path = if path.is_empty() { PathBuf::from(&page.path) } else { plain(&folder.join(path)) };
    if !pages::checkout().join(&path).exists() {
        return Err("there is no such file".to_owned());
    }
    if page.path.starts_with(BOOK) && !path.starts_with(BOOK) {
        return Err("it leaves the book, and would be broken where the book is read alone".to_owned());
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let found = pages.iter().find(|one| Path::new(&one.path) == path).ok_or("only pages have headings")?;
    if anchors(found).iter().any(|one| one == wanted) { Ok(()) } else { Err("there is no such heading".to_owned()) }
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages::all();
    let mut broken = Vec::new();
    for page in &pages {
        let inside = links(page).into_iter().filter(|target| !is_outside(target));
        broken.extend(inside.filter_map(|target| {
            let why = check(page, &target, &pages).err()?;
            Some(format!("{}: {target}: {why}", page.path))
        }));
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let pages = pages::all();
    let summary = format!("{BOOK}/SUMMARY.md");
    let contents = pages.iter().find(|page| page.path == summary).unwrap();
    let listed: Vec<PathBuf> = links(contents).iter().map(|target| plain(&Path::new(BOOK).join(target))).collect();
    let in_book = pages.iter().filter(|page| page.path.starts_with(BOOK) && page.path != summary);
    let missing: Vec<&str> =
        in_book.map(|page| page.path.as_str()).filter(|path| !listed.contains(&PathBuf::from(path))).collect();
    assert!(missing.is_empty(), "not in {summary}: {missing:?}");
}
