//! The pages of the documentation and the code blocks in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A page.
pub(crate) struct Page {
    /// Its path from the folder of the checkout.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A code block.
pub(crate) struct Block {
    /// The words behind the fence, split at commas and blanks.
    pub(crate) words: Vec<String>,
    pub(crate) text: String,
    /// `path:line` of its fence.
    pub(crate) place: String,
}

/// The first words that a block may have. What is not among them would be run or compiled by nobody, unnoticed.
const KINDS: [&str; 11] = ["kdl", "console", "text", "sh", "json", "ini", "yaml", "toml", "lua", "rust", "diff"];

/// The folder of the checkout.
pub(crate) fn checkout() -> PathBuf {
    wlc_tests::running::workspace()
}

/// The folder of the book's pages.
pub(crate) const BOOK: &str = "book/src";

/// All pages: those at the top, and the book.
pub(crate) fn all() -> Vec<Page> {
    let mut paths = Vec::new();
    find(&checkout(), Path::new(""), &mut paths);
    find_below(&checkout(), Path::new(BOOK), &mut paths);
    paths.sort();
    let page = |path: String| Page { text: fs::read_to_string(checkout().join(&path)).unwrap(), path };
    paths.into_iter().map(page).collect()
}

fn find(root: &Path, folder: &Path, paths: &mut Vec<String>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let path = folder.join(entry.unwrap().file_name());
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path.to_str().unwrap().to_owned());
        } else if root.join(&path).is_dir() {
            folders.push(path);
        }
    }
    folders
}

fn find_below(root: &Path, folder: &Path, paths: &mut Vec<String>) {
    for folder in find(root, folder, paths) {
        find_below(root, &folder, paths);
    }
}

impl Page {
    /// Its code blocks, in order.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<(usize, Block)> = None;
        for (number, line) in self.text.lines().enumerate() {
            let ticks = line.trim_start().bytes().take_while(|byte| *byte == b'`').count();
            open = match open {
                None if ticks >= 3 => Some((ticks, self.open(number, &line.trim_start()[ticks..]))),
                None => None,
                Some((fence, block)) if ticks >= fence && line.trim().len() == ticks => {
                    blocks.push(block);
                    None
                }
                Some((fence, mut block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                    Some((fence, block))
                }
            };
        }
        assert!(open.is_none(), "{}: a code block has no end", self.path);
        blocks
    }

    fn open(&self, number: usize, info: &str) -> Block {
        let words = info.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Block { words, text: String::new(), place: format!("{}:{}", self.path, number + 1) }
    }

    /// Its text without code, neither in blocks nor in lines, so that only prose is left.
    pub(crate) fn prose(&self) -> String {
        let mut inside = false;
        let is_prose = |line: &&str| {
            let is_fence = line.trim_start().starts_with("```");
            inside ^= is_fence;
            !inside && !is_fence
        };
        let lines = self.text.lines().filter(is_prose);
        let without_code = |line: &str| line.split('`').step_by(2).collect::<Vec<_>>().join("");
        lines.map(without_code).collect::<Vec<_>>().join("\n")
    }
}

impl Block {
    /// What kind of block it is.
    pub(crate) fn kind(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Whether a word stands behind the kind.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words.iter().skip(1).any(|one| one == word)
    }

    /// The value of `name=value` behind the kind.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.words.iter().skip(1).find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

#[test]
fn every_block_says_what_it_is() {
    for block in all().iter().flat_map(Page::blocks) {
        assert!(KINDS.contains(&block.kind()), "{}: `{}` is none of {KINDS:?}", block.place, block.kind());
    }
}
