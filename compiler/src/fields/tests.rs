//! What is read and checked and not carried out: fields, blocks and values, reported once and outermost.
#![allow(unreachable_pub, dead_code, reason = "what the macros declare is public")]

use super::{Carried, FromBlock, reference};
use crate::{
    diagnostics::{Problems, Severity},
    sources::Sources,
    syntax,
};

crate::block! {
    /// A thing.
    Thing "thing" ("Thing") {
        /// Its name.
        name: [required argument] String, "name" ("");
        /// A behind-the-name word.
        mood: [optional argument] String, "mood" (""), not carried out;
        /// A count.
        count: [default property] super::value::Whole<0, 9>, "count" (""), default 1, not carried out;
        /// A flag.
        loud: [flag] bool, "loud" (""), not carried out;
        /// A colour.
        colour: [optional property] Colour, "colour" ("");
        /// What is planned.
        hooks: [children] Hook, "hook" ("");
        /// A part that is planned.
        inner: [child] Inner, "inner" (""), not carried out;
    }

    /// A block of which nothing is carried out.
    Hook "hook" ("") not carried out {
        /// A colour.
        colour: [optional property] Colour, "colour" ("");
    }

    /// A block that a field plans.
    Inner "inner" ("") {
        /// A colour.
        colour: [optional property] Colour, "colour" ("");
    }
}

crate::choice! {
    /// A colour.
    Colour { Red "red", Blue "blue"; not carried out Green "green" }
}

/// The texts that are underlined, after `thing "a" …`.
fn reported(text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let id = sources.add("a.kdl", text);
    let mut problems = Problems::default();
    let blocks = syntax::read(id, sources.file(id), &mut problems).expect("it is KDL");
    blocks.iter().for_each(|block| assert!(Thing::from_block(block, &mut problems).is_some()));
    assert_eq!(problems.errors(), 0);
    assert_eq!(problems.refused_by_build(), problems.sorted().len());
    let underlined = problems.sorted().into_iter().map(|one| one.labels[0].span);
    underlined.map(|span| text[span.start as usize..span.end as usize].to_owned()).collect()
}

#[test]
fn the_written_word_is_reported_once_and_outermost() {
    assert_eq!(reported("thing a colour=red { loud #false }"), [""; 0]);
    assert_eq!(reported("thing a sad count=2 loud=#true"), ["sad", "count", "loud"]);
    assert_eq!(reported("thing a { loud; count 3 }"), ["loud", "count"]);
    assert_eq!(reported("thing a loud=#false colour=green"), ["green"]);
    assert_eq!(reported("thing a { colour green }"), ["green"]);
    assert_eq!(reported("thing a { inner colour=green; hook colour=green; hook }"), ["inner", "hook", "hook"]);
}

#[test]
fn a_build_makes_errors_of_it() {
    let mut sources = Sources::default();
    let id = sources.add("a.kdl", "thing a { loud; hook }");
    let mut problems = Problems::default();
    for block in syntax::read(id, sources.file(id), &mut problems).expect("it is KDL") {
        Thing::from_block(&block, &mut problems);
    }
    problems.refuse_what_is_not_carried_out();
    problems.refuse_what_is_not_carried_out();
    assert_eq!(problems.errors(), 2);
    assert!(problems.sorted().iter().all(|one| one.severity() == Severity::Error));
}

#[test]
fn explanations_and_the_reference_say_it() {
    let mark = "Read and checked; not carried out by this version.";
    let text = reference::block_text("thing", Thing::SCHEMA);
    assert_eq!(text.matches(mark).count(), 5, "{text}");
    assert!(reference::block_text("hook", Hook::SCHEMA).contains(mark));
    let field = |word: &str| Thing::SCHEMA.fields.iter().find(|field| field.word == word).expect("it is there");
    assert!(reference::field_text("loud", field("loud")).contains(mark));
    let colour = reference::field_text("colour", field("colour"));
    assert!(!colour.contains(mark));
    assert!(colour.contains("not carried out by this version: `green`."), "{colour}");
    let marked: Vec<&str> =
        Thing::SCHEMA.fields.iter().filter(|one| !one.is_carried_out()).map(|one| one.word).collect();
    assert_eq!(marked, ["mood", "count", "loud", "hook", "inner"]);
    assert_eq!(Hook::SCHEMA.carried, Carried::NotInThisVersion);
    assert_eq!(reference::markdown(&[Thing::SCHEMA]).matches(mark).count(), 6);
}
