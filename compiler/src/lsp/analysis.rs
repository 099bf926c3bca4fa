//! What is wrong with a repository while its files are being written.
//!
//! Every block that can be read is checked as a build checks it. What cannot be known while another block is half written
//! is not said: whether a name that stands in it is declared, and whether everything has a place.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
};

use super::{
    half::{self, Broken},
    outline::{Item, Outline},
};
use crate::{
    attachments,
    diagnostics::{Code, Diagnostic, Problems, Severity},
    files,
    format::lexer::{Kind, tokens_in_writing},
    lock::store::{self, Reading},
    model::WORKLOADS,
    pipeline::{self, Compiled, Front},
    sources::{OVERLAYS, Sources},
    span::Span,
};

/// A place in a file: its path and the bytes.
pub(super) type Place = (String, Range<usize>);

/// A diagnostic and where it is shown.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// Where it is shown.
    pub(super) place: Place,
    /// Other places and what is said about them.
    pub(super) related: Vec<(Place, String)>,
    /// What is shown.
    pub(super) diagnostic: Diagnostic,
}

/// The blocks of each file that cannot be read, with the text of the file.
type AllBroken = BTreeMap<String, (String, Vec<Broken>)>;

/// What is wrong with a repository, and with these overlays of it. A folder without a `fleet.kdl` is none: only its blocks
/// are read.
pub(super) fn analyse(
    root: Option<&Path>,
    overlays: &BTreeSet<String>,
    mut sources: Sources,
    problems: &Problems,
) -> Vec<Shown> {
    let mut broken = AllBroken::new();
    sources.map_texts(|path, text| {
        let half = half::look(path, text);
        if !half.broken.is_empty() {
            broken.insert(path.to_owned(), (text.to_owned(), half.broken));
        }
        half.text
    });
    let mut shown: Vec<Shown> = broken.iter().flat_map(|(path, (text, broken))| unread(path, text, broken)).collect();
    let base = checked(root, sources.clone(), problems.clone(), &broken);
    let mut overlays: BTreeSet<&str> = overlays.iter().map(String::as_str).collect();
    if !base.has_nodes && !sources.overlays().is_empty() {
        // Nothing runs but what an overlay says: each of them is what the author means.
        overlays = sources.overlays();
        shown.extend(base.shown.into_iter().filter(|one| one.diagnostic.code != Code::MatchesNothing));
    } else {
        shown.extend(base.shown);
    }
    for overlay in overlays {
        let mut sources = sources.clone();
        sources.choose_overlay(overlay);
        for mut one in checked(root, sources, problems.clone(), &broken).shown {
            if shown.iter().any(|other| other.says_the_same(&one)) {
                continue;
            }
            if !one.place.0.starts_with(OVERLAYS) {
                one.diagnostic.message.push_str(&format!(" (in the overlay `{overlay}`)"));
            }
            shown.push(one);
        }
    }
    shown
}

/// What a check finds.
struct Checked {
    shown: Vec<Shown>,
    /// Whether there is a machine on which something could run.
    has_nodes: bool,
}

impl Shown {
    fn says_the_same(&self, other: &Self) -> bool {
        let said = |one: &Self| (one.place.clone(), one.diagnostic.code);
        said(self) == said(other) && self.diagnostic.message == other.diagnostic.message
    }
}

/// What a check finds in what can be read. A check places nothing where there is an error; here, what is placed without
/// the blocks that have errors is shown too.
fn checked(root: Option<&Path>, sources: Sources, problems: Problems, broken: &AllBroken) -> Checked {
    let mut front = pipeline::read(sources.clone(), problems.clone());
    let has_nodes = !front.repository.nodes.is_empty();
    let templates: BTreeSet<String> = front.templates.names().map(str::to_owned).collect();
    leave_out(&mut front, broken);
    let Some(root) = root else {
        return Checked { shown: shown(&front.sources, &front.problems, broken, &templates), has_nodes };
    };
    let compiled = compile(root, front);
    let mut all = shown(&compiled.sources, &compiled.problems, broken, &templates);
    if compiled.problems.errors() > 0 {
        let mut unplaced = broken.clone();
        add_erroneous(&compiled.sources, &compiled.problems, &mut unplaced);
        if unplaced
            .values()
            .all(|(text, blocks)| blocks.iter().all(|block| is_no_node(&text[block.range.clone()], &templates)))
        {
            let mut front = pipeline::read(sources, problems);
            leave_out(&mut front, &unplaced);
            let placed = compile(root, front);
            let further = shown(&placed.sources, &placed.problems, &unplaced, &templates);
            all.extend(further.into_iter().filter(|one| is_of_nodes(one.diagnostic.code)));
        }
    }
    Checked { shown: all, has_nodes }
}

fn compile(root: &Path, front: Front) -> Compiled {
    let found = files::attach(root, &attachments::named(&front.sources, &front.repository));
    let lock = front.repository.fleet.as_ref().map(|fleet| root.join("lock").join(fleet.name.value.as_str()));
    let lock = lock.and_then(|folder| store::read(&folder, Reading::Strict).ok()).unwrap_or_default();
    pipeline::compile(front, &found, &lock)
}

fn shown(sources: &Sources, problems: &Problems, broken: &AllBroken, templates: &BTreeSet<String>) -> Vec<Shown> {
    let known = problems.sorted().into_iter().filter(|one| is_known(sources, broken, one, templates));
    known.map(|diagnostic| place(sources, diagnostic)).collect()
}

/// Counts the blocks to which errors point as broken.
fn add_erroneous(sources: &Sources, problems: &Problems, broken: &mut AllBroken) {
    let errors = problems.sorted().into_iter().filter(|one| one.severity() == Severity::Error);
    let mut places: BTreeMap<&str, (&str, Vec<usize>)> = BTreeMap::new();
    for span in errors.flat_map(|one| &one.labels).map(|label| label.span) {
        let file = sources.file(span.file);
        places.entry(&file.path).or_insert((file.text(), Vec::new())).1.push(span.start as usize);
    }
    for (path, (text, places)) in places {
        let outline = Outline::new(text);
        let blocks: Vec<Range<usize>> = outline.children(None).map(Item::extent).collect();
        // What stands in no block is about all.
        let around = |at: usize| blocks.iter().find(|range| range.start <= at && at <= range.end).cloned();
        let ranges: BTreeSet<(usize, usize)> = places
            .into_iter()
            .map(|at| around(at).unwrap_or(0..text.len()))
            .map(|range| (range.start, range.end))
            .collect();
        let (_, all) = broken.entry(path.to_owned()).or_insert_with(|| (text.to_owned(), Vec::new()));
        all.extend(ranges.into_iter().map(|(start, end)| Broken { range: start..end, why: Vec::new() }));
    }
}

/// Takes out what stands in broken blocks, and what is wrong with it: their names stay declared. All else is checked and
/// placed as if they were not there.
fn leave_out(front: &mut Front, broken: &AllBroken) {
    if broken.is_empty() {
        return;
    }
    let Front { sources, repository, problems, .. } = front;
    let is_whole = |span: Span| !is_in_broken(sources, broken, span);
    problems.retain(|diagnostic| diagnostic.labels.iter().all(|label| is_whole(label.span)));
    repository.workloads.retain(|_, workload| is_whole(workload.name().span));
    repository.configs.retain(|_, config| is_whole(config.name.span));
    repository.secrets.retain(|_, secret| is_whole(secret.name.span));
    repository.removed.retain(|_, removed| is_whole(removed.name.span));
    repository.released.retain(|_, released| is_whole(released.replica.span));
}

fn is_in_broken(sources: &Sources, broken: &AllBroken, span: Span) -> bool {
    let blocks = broken.get(&*sources.file(span.file).path).map(|(_, blocks)| &blocks[..]).unwrap_or_default();
    blocks.iter().any(|block| block.range.start <= span.start as usize && (span.end as usize) <= block.range.end)
}

/// Whether a diagnostic holds whatever the broken blocks say.
fn is_known(sources: &Sources, broken: &AllBroken, diagnostic: &Diagnostic, templates: &BTreeSet<String>) -> bool {
    if diagnostic.code == Code::OneFleet && diagnostic.labels.is_empty() && is_begun(sources, "fleet") {
        return false;
    }
    if broken.is_empty() {
        return true;
    }
    if diagnostic.labels.iter().any(|label| is_in_broken(sources, broken, label.span)) {
        return false;
    }
    let mut texts = broken.values().flat_map(|(text, blocks)| blocks.iter().map(|block| &text[block.range.clone()]));
    match diagnostic.labels.first() {
        Some(label) if diagnostic.code == Code::UnknownName => {
            let name = sources.text(label.span).trim_matches(['"', '#']);
            !texts.any(|text| text.contains(name))
        }
        _ => !hangs_on(diagnostic.code, texts, templates),
    }
}

/// Whether a finding may hang on what broken blocks say. What is said of nodes hangs on nodes only; a workload for which
/// there is no room has none either beside others that are half written.
fn hangs_on<'a>(code: Code, mut broken: impl Iterator<Item = &'a str>, templates: &BTreeSet<String>) -> bool {
    let is_of_all = matches!(code, Code::OneFleet | Code::UnknownName | Code::Vanished | Code::Done);
    is_of_all || (is_of_nodes(code) && !broken.all(|text| is_no_node(text, templates)))
}

/// Whether a finding is about where something runs.
fn is_of_nodes(code: Code) -> bool {
    matches!(
        code,
        Code::MatchesNothing
            | Code::NoNodeFits
            | Code::NoFreePort
            | Code::NoRoomForCopy
            | Code::DaemonSetEmpty
            | Code::SeveralNodes
    )
}

/// Whether a text holds workloads and what they mount, and nothing that others run on.
fn is_no_node(text: &str, templates: &BTreeSet<String>) -> bool {
    let outline = Outline::new(text);
    let mut words = outline.children(None).map(|item| item.word.text.as_str());
    words.all(|word| {
        WORKLOADS.contains(&word) || matches!(word, "config" | "secret" | "use") || templates.contains(word)
    })
}

/// Whether a block of this kind is there, if only its word.
fn is_begun(sources: &Sources, word: &str) -> bool {
    sources.iter().any(|(_, source)| Outline::new(source.text()).children(None).any(|item| item.word.text == word))
}

/// Why blocks of a file cannot be read.
fn unread(path: &str, text: &str, broken: &[Broken]) -> Vec<Shown> {
    let mut shown = Vec::new();
    for block in broken {
        let mut found = Vec::new();
        for diagnostic in &block.why {
            let mut places = diagnostic.labels.iter().map(|label| {
                let range = label.span.start as usize..label.span.end as usize;
                ((path.to_owned(), range), label.text.clone())
            });
            let (place, label) =
                places.next().unwrap_or_else(|| ((path.to_owned(), block.range.clone()), String::new()));
            let mut one = Shown { place, related: places.collect(), diagnostic: diagnostic.clone() };
            let at = one.place.1.start;
            if let Some(end) = open_end(text, &block.range, at) {
                one.related.insert(0, (one.place.clone(), label));
                one.place.1 = end;
            }
            found.push((at, one));
        }
        // One thing that is missing is told once: by what was opened last.
        found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        for (_, one) in found {
            if !shown.iter().any(|other: &Shown| other.place == one.place) {
                shown.push(one);
            }
        }
    }
    shown
}

/// The last word of a block, where the brace or the text that begins at a place is not closed in it: there something is to
/// be written.
fn open_end(text: &str, block: &Range<usize>, at: usize) -> Option<Range<usize>> {
    let tokens = tokens_in_writing(&text[block.clone()]);
    let here = tokens.iter().find(|token| block.start + token.start == at)?;
    let last = tokens.iter().rfind(|token| !matches!(token.kind, Kind::Blank | Kind::Newline))?;
    let is_open = if here.kind == Kind::Open {
        let behind = || tokens.iter().filter(|token| token.start >= here.start);
        let count = |kind: Kind| behind().filter(|token| token.kind == kind).count();
        count(Kind::Open) > count(Kind::Close)
    } else {
        here.kind == Kind::Text && here.start == last.start
    };
    let end = block.start + last.end();
    let start = if last.text.contains('\n') { end.saturating_sub(1) } else { block.start + last.start };
    is_open.then_some(start..end)
}

/// Where a diagnostic is shown: at its first place; what has none stands at the end of `fleet.kdl`.
fn place(sources: &Sources, diagnostic: &Diagnostic) -> Shown {
    let at = |span: Span| (sources.file(span.file).path.to_string(), span.start as usize..span.end as usize);
    let mut places = diagnostic.labels.iter().map(|label| (at(label.span), label.text.clone()));
    let first = places.next().map(|(place, _)| place).unwrap_or_else(|| {
        let root = sources.iter().find(|(_, source)| &*source.path == files::ROOT_FILE);
        let end = root.map_or(0, |(_, source)| source.text().trim_end().len());
        (files::ROOT_FILE.to_owned(), end..end)
    });
    Shown { place: first, related: places.collect(), diagnostic: diagnostic.clone() }
}
