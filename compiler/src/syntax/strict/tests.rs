//! What this reader reads and what it leaves alone. That it agrees with the kdl crate is shown by the tests of the
//! repository, which run both over the KDL project's own cases and over changed ones.

use super::*;
use crate::syntax::Scalar;

fn blocks(text: &str) -> Vec<Block> {
    read(FileId(0), text).unwrap_or_else(|| panic!("it is not read: {text:?}"))
}

/// The first value behind the word of the first block.
fn value(text: &str) -> Scalar {
    blocks(&format!("a {text}")).remove(0).arguments.remove(0).value
}

fn words(text: &str) -> Vec<String> {
    blocks(text).into_iter().map(|block| block.word.value).collect()
}

#[test]
fn values_are_what_is_written() {
    for (written, meant) in [
        ("b", Scalar::from("b")),
        ("\"b c\"", "b c".into()),
        (
            r#""\"\\\n\u{e9}\s\
           d""#,
            "\"\\\né d".into(),
        ),
        ("#\"\\n\"#", "\\n".into()),
        ("##\"a\"#b\"##", "a\"#b".into()),
        ("-", "-".into()),
        ("日本", "日本".into()),
        ("1_000", 1000.into()),
        ("-0x1F", (-31).into()),
        ("0b101", 5.into()),
        ("18446744073709551616", Scalar::Integer(1 << 64)),
        ("1.50", Scalar::Decimal("1.50".into())),
        ("1_0e+3", Scalar::Decimal("10e+3".into())),
        ("#true", Scalar::Bool(true)),
        ("#null", Scalar::Null),
        ("(parameter)\"b\"", Scalar::Parameter("b".into())),
        ("#-inf", Scalar::Decimal("#-inf".into())),
    ] {
        assert_eq!(value(written), meant, "{written}");
    }
}

#[test]
fn texts_over_lines_lose_their_indentation() {
    assert_eq!(value("\"\"\"\n    a\n\n      b \\\n  c\n    \"\"\""), "a\n\n  b c".into());
    assert_eq!(value("#\"\"\"\r\n\ta\\\r\n \t \r\n\t\"\"\"#"), "a\\\n".into());
    assert_eq!(value("\"\"\"\n\"\"\""), "".into());
}

#[test]
fn what_is_taken_out_is_passed_over() {
    assert_eq!(words("/- a 1 {\n b\n}\nc /-1 /-{ d; }\n/-e\nf"), ["c", "f"]);
    let block = blocks("a /-1 2 /-b=3 c=4 /-{ d } { e } /-{ f }").remove(0);
    assert_eq!((block.arguments.len(), block.properties.len(), block.children.len()), (1, 1, 1));
}

#[test]
fn spans_stand_where_the_words_are() {
    let text = "// é\na \\\n b=1 { c; } // d\n";
    let block = blocks(text).remove(0);
    let under = |span: Span| &text[span.start as usize..span.end as usize];
    assert_eq!(under(block.word.span), "a");
    assert_eq!(under(block.span), "a \\\n b=1");
    assert_eq!(under(block.extent), "a \\\n b=1 { c; } ");
    assert_eq!(under(block.properties[0].value.span), "1");
    assert_eq!(under(block.children[0].extent), "c");
}

#[test]
fn what_is_wrong_or_unclear_is_left_alone() {
    for text in [
        "a true",
        "a 1x",
        "a \"b",
        "a }",
        "a {",
        "a ;;",
        "a=1",
        "a 1.",
        "a .5",
        "a #tru",
        "a \"\\q\"",
        "(t)a",
        "a (t)1",
        "a (parameter)b",
        "(parameter)\"a\"",
        "a b\"c\"",
        "a \"\"\"b\"\"\"",
        "a \"\"\"\n b\n  \"\"\"",
        "/-",
        "/-a; b",
        "a /-{} b",
        "a {} b",
        "a {} {}",
        "/* a",
        "a \"\n\"",
        "a #\"\"\"#",
        "a \u{202e}",
        "\u{feff}\u{feff}a",
        "a \\ b",
        "a /b",
        "a [1]",
        "a , [",
    ] {
        assert_eq!(read(FileId(0), text), None, "{text:?}");
    }
}

#[test]
fn the_guards_limits_hold() {
    let nested = |open: &str, depth: usize| format!("{}{}", open.repeat(depth), "}".repeat(depth));
    assert!(read(FileId(0), &nested("a {", guard::DEPTH)).is_some());
    assert_eq!(read(FileId(0), &nested("a {", guard::DEPTH + 1)), None);
    assert_eq!(read(FileId(0), &nested("a /-{", guard::SLASHDASH_DEPTH + 1)), None);
    assert_eq!(read(FileId(0), &"a {".repeat(1 << 20)), None);
    assert_eq!(read(FileId(0), &"/*".repeat(1 << 20)), None);
    let long = |values: usize| format!("a {}\n", "bcdefg ".repeat(values));
    assert!(read(FileId(0), &long(guard::SIGNS / 7)).is_some());
    assert_eq!(read(FileId(0), &long(guard::SIGNS / 5)), None);
    assert!(read(FileId(0), &format!("a \"{}\"\n", "b".repeat(guard::SIGNS * 2))).is_some());
}
