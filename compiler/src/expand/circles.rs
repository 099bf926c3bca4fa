//! Templates that use each other in a circle would never end.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    template::{Template, Templates},
    uses,
};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    span::Span,
};

/// Longest chain of templates that use each other.
const DEPTH: usize = 16;

/// Finds and reports circles, and chains that are too long. The names of templates that cannot be used for that.
pub(super) fn find(templates: &Templates, problems: &mut Problems) -> BTreeSet<String> {
    let edges: BTreeMap<&str, Vec<(&str, Span)>> =
        templates.iter().map(|(name, template)| (name, used_by(template, templates))).collect();
    let mut search = Search { edges: &edges, heights: BTreeMap::new(), path: Vec::new(), broken: BTreeSet::new() };
    for name in edges.keys() {
        search.visit(name, problems);
    }
    search.broken
}

/// The templates that a template uses, and where.
fn used_by<'a>(template: &Template, templates: &'a Templates) -> Vec<(&'a str, Span)> {
    let used = template.body.iter().filter_map(|block| {
        let (name, span) = uses::template_name(block)?;
        Some((templates.get(name)?.head.name.value.0.as_str(), span))
    });
    used.collect()
}

struct Search<'a> {
    edges: &'a BTreeMap<&'a str, Vec<(&'a str, Span)>>,
    /// How long the longest chain from a template is, for those that are done.
    heights: BTreeMap<&'a str, usize>,
    path: Vec<&'a str>,
    broken: BTreeSet<String>,
}

impl<'a> Search<'a> {
    /// The length of the longest chain from here.
    fn visit(&mut self, name: &'a str, problems: &mut Problems) -> usize {
        if let Some(height) = self.heights.get(name) {
            return *height;
        }
        self.path.push(name);
        let mut height = 0;
        for (next, span) in &self.edges[name] {
            if let Some(start) = self.path.iter().position(|known| known == next) {
                self.report_circle(start, next, *span, problems);
            } else if self.path.len() >= MOST_PATH {
                self.broken.insert(name.to_owned());
            } else {
                height = height.max(self.visit(next, problems));
            }
            if self.broken.contains(*next) {
                self.broken.insert(name.to_owned());
            }
        }
        self.path.pop();
        if height == DEPTH {
            self.report_depth(name, problems);
        }
        self.heights.insert(name, height + 1);
        height + 1
    }

    fn report_circle(&mut self, start: usize, next: &str, span: Span, problems: &mut Problems) {
        let mut circle: Vec<&str> = self.path[start..].to_vec();
        circle.push(next);
        let shown: Vec<String> = circle.iter().map(|name| format!("`{name}`")).collect();
        let message = format!("template `{next}` uses itself: {}", shown.join(" → "));
        let diagnostic = Diagnostic::new(Code::TemplateCircle, message, span, "this closes the circle");
        problems.add(diagnostic.hint("a template cannot be a part of itself; take one of these uses out"));
        self.broken.extend(circle.into_iter().map(str::to_owned));
    }

    fn report_depth(&mut self, name: &str, problems: &mut Problems) {
        let span = self.edges[name].first().map(|(_, span)| *span);
        let message = format!("template `{name}` uses templates that use templates, more than {DEPTH} deep");
        let diagnostic = match span {
            Some(span) => Diagnostic::new(Code::ExpansionTooLarge, message, span, "too deep from here"),
            None => Diagnostic::nowhere(Code::ExpansionTooLarge, message),
        };
        problems.add(diagnostic.hint("write the inner blocks out"));
        self.broken.insert(name.to_owned());
    }
}

/// The search recurses; no path of templates that can be used is longer.
const MOST_PATH: usize = 1_000;
