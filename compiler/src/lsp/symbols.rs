//! The blocks of a file, as editors list them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    document::Document,
    outline::{Item, Outline},
};

/// The blocks of a file, the outer ones with the inner ones.
pub(super) fn symbols(document: &Document, outline: &Outline) -> Value {
    let top = outline.items.iter().enumerate().filter(|(_, item)| item.parent.is_none() && !item.dashed);
    let symbol = |item: &Item, children: Value| {
        let name =
            item.arguments.first().map_or(item.word.text.clone(), |name| format!("{} {}", item.word.text, name.text));
        let selection =
            item.word.range.start..item.arguments.first().map_or(item.word.range.end, |name| name.range.end);
        json!({
            "name": name, "kind": 19, "children": children,
            "range": document.range(&item.extent()), "selectionRange": document.range(&selection),
        })
    };
    let mut children: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for item in outline.items.iter().filter(|item| !item.dashed && !item.arguments.is_empty()) {
        if let Some(parent) = item.parent.filter(|parent| outline.items[*parent].parent.is_none()) {
            children.entry(parent).or_default().push(symbol(item, json!([])));
        }
    }
    top.map(|(number, item)| symbol(item, children.remove(&number).into())).collect()
}
