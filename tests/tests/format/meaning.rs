//! What a text says to the kdl crate, which the formatter has no part in: every node with its type, entries and children.

use kdl::{KdlDocument, KdlNode};

/// A node, and what belongs to it.
#[derive(Debug, PartialEq)]
pub(super) struct Node {
    word: String,
    kind: Option<String>,
    /// Name, type and value of each entry, in order.
    entries: Vec<(Option<String>, Option<String>, String)>,
    /// None where there are no braces.
    children: Option<Vec<Node>>,
}

/// What a text says; none where it is no KDL.
pub(super) fn of(text: &str) -> Option<Vec<Node>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Some(KdlDocument::parse_v2(text).ok()?.nodes().iter().map(node).collect())
}

fn node(node: &KdlNode) -> Node {
    let kind = |kind: Option<&kdl::KdlIdentifier>| kind.map(|kind| kind.value().to_owned());
    let entries =
        node.entries().iter().map(|entry| (kind(entry.name()), kind(entry.ty()), format!("{:?}", entry.value())));
    Node {
        word: node.name().value().to_owned(),
        kind: kind(node.ty()),
        entries: entries.collect(),
        children: node.children().map(|inside| inside.nodes().iter().map(self::node).collect()),
    }
}

#[test]
fn other_meanings_are_told_apart() {
    for (one, other) in [
        ("a 1", "a 2"),
        ("a \"1\"", "a 1"),
        ("a b=1", "a c=1"),
        ("a {\n b\n}", "a"),
        ("(t)a", "a"),
        ("a /-b", "a b"),
        ("a \"x\\n\"", "a \"x\""),
    ] {
        assert_ne!(of(one), of(other), "{one} and {other}");
    }
    assert_eq!(of("a  1 /* x */ {\n b // y\n}"), of("a 1 { b; }"));
}
