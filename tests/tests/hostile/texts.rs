//! Texts that parsers choke on.

use wlc_tests::repository::Repository;

use super::{assert_harmless, codes};

/// What an answer must contain.
enum Wanted {
    /// This code.
    Code(&'static str),
    /// Nothing but warnings.
    Fine,
    /// Whatever it is, as long as it ends.
    Anything,
}
use Wanted::{Anything, Code, Fine};

fn check(cases: Vec<(&str, Vec<u8>, Wanted)>) {
    for (name, text, wanted) in cases {
        let codes = codes(name, &Repository::new().with("x.kdl", text));
        match wanted {
            Code(code) => assert!(codes.iter().any(|found| found == code), "{name}: {code} is not among {codes:?}"),
            Fine => assert!(codes.iter().all(|code| code == "unresolved-image"), "{name}: {codes:?}"),
            Anything => {}
        }
    }
}

fn bytes(text: impl Into<String>) -> Vec<u8> {
    text.into().into_bytes()
}

#[test]
fn bombs_are_refused() {
    let many = 200_000;
    check(vec![
        ("nested blocks", bytes("a {".repeat(many)), Code("hostile-input")),
        ("nested blocks over lines", bytes("a {\n".repeat(many)), Code("hostile-input")),
        ("nested comments", bytes("/*".repeat(many)), Code("hostile-input")),
        ("closed nested comments", bytes("/*".repeat(many) + &"*/".repeat(many)), Code("hostile-input")),
        ("slash-dashed blocks", bytes("/-a {".repeat(many)), Code("hostile-input")),
        ("slash-dashed children", bytes("a /-{ ".repeat(many)), Code("hostile-input")),
        ("slash-dash before a child", bytes("a {/-".repeat(many)), Code("hostile-input")),
        ("stray braces", bytes("}".repeat(32_000)), Code("hostile-input")),
        ("stray braces in lines", bytes("}\n".repeat(32_000)), Code("hostile-input")),
        (
            "a block behind a comment and a carriage return",
            bytes("//\r".to_owned() + &"a {".repeat(many)),
            Code("hostile-input"),
        ),
        ("a block in a text without an end", bytes("a \"\n".to_owned() + &"a {".repeat(many)), Code("syntax")),
        (
            "a block in a broken text over lines",
            bytes("a \"\"\"\n \\q ".to_owned() + &"a {".repeat(many) + "\n\"\"\""),
            Code("syntax"),
        ),
        (
            "a block behind a text of two quotes",
            bytes("a #\"\"\"\"#\n".to_owned() + &"a {".repeat(many)),
            Code("hostile-input"),
        ),
        ("a block behind a word with a quote", bytes("a #x\"".to_owned() + &"{".repeat(many) + "\""), Code("syntax")),
        (
            "as many braces as may be in a broken text",
            bytes("a #x\"".to_owned() + &"{".repeat(4_000) + "\""),
            Code("syntax"),
        ),
        ("stars in a comment", bytes("/*".to_owned() + &"*".repeat(many) + "*/"), Code("hostile-input")),
        (
            "a long broken text",
            bytes("a \"\"\"\n \\q ".to_owned() + &"b * / \"".repeat(30_000) + "\n\"\"\""),
            Code("syntax"),
        ),
        ("a huge file", vec![b' '; 17 << 20], Code("unreadable-file")),
        ("slash-dashes in a row", bytes("/-".repeat(many)), Anything),
        ("slash-dashed arguments", bytes("a ".to_owned() + &"/-1 ".repeat(50_000)), Code("hostile-input")),
        ("slash-dashed properties", bytes("a ".to_owned() + &"/-b=1 ".repeat(50_000)), Code("hostile-input")),
        ("open parentheses", bytes("(".repeat(many)), Code("hostile-input")),
        ("type annotations", bytes("(a)".repeat(50_000)), Code("hostile-input")),
        ("type annotations of a few", bytes("(a)node \"b\"\n(c)\n".repeat(10)), Anything),
        ("spaced type annotations", bytes("( a ) ".repeat(50_000)), Code("hostile-input")),
        ("line continuations", bytes("a \\\n".repeat(50_000)), Anything),
        ("semicolons", bytes(";".repeat(many)), Anything),
        ("quotes", bytes("\"".repeat(many)), Anything),
        ("hashes", bytes("#".repeat(many)), Code("syntax")),
        ("an open raw string", bytes("a ".to_owned() + &"#".repeat(50_000) + "\""), Code("syntax")),
        ("an open multi-line string", bytes("a \"\"\"\n".to_owned() + &"  b\n".repeat(50_000)), Code("syntax")),
        ("backslashes in a string", bytes("a \"".to_owned() + &"\\".repeat(many + 1) + "\""), Anything),
    ]);
}

/// Each of these made the parser recurse without end, or take quadratic time.
#[test]
fn broken_rows_end_quickly() {
    let rows = [
        "\"",
        "\"\"",
        "\"\"\"",
        "a \"\n",
        "\"\"\"\n\"\"\"",
        "=",
        "a=",
        "\"a\"=",
        "a=b=c ",
        "a{}",
        "a {} {}\n",
        "}{",
        "a=1{}",
        "/- ",
        "/-\n",
        "a true\n",
        "b: x/y\n",
        "a r\"x\"\n",
        "a r#\"b\"#\n",
        ";",
        "\0",
        "\"\\q\" ",
        "1a ",
        "a /- /- 1\n",
    ];
    for row in rows {
        let text = row.repeat(300_000 / row.len());
        for text in [text.clone(), format!("node \"a\" {{\n{text}\n}}\n"), row.repeat(8_000 / row.len())] {
            assert_harmless(&format!("{row:?}"), &Repository::new().with("x.kdl", text).wlc(&["check"]));
        }
    }
}

#[test]
fn long_things_are_reported_in_short() {
    let long = "x".repeat(3 << 20);
    check(vec![
        ("a long word", bytes(&*long), Code("hostile-input")),
        ("a long name", bytes(format!("deployment \"{long}\" {{ container \"a\" image=\"a:1\" }}")), Code("bad-value")),
        (
            "a long property",
            bytes(format!("deployment \"a\" {long}=1 {{ container \"a\" image=\"a:1\" }}")),
            Code("hostile-input"),
        ),
        ("a long image", bytes(format!("deployment \"a\" {{ container \"a\" image=\"{long}\" }}")), Code("bad-value")),
        (
            "a long command",
            bytes(format!("deployment \"a\" {{ container \"a\" image=\"a:1\" {{ command \"{long}\" }} }}")),
            Code("bad-value"),
        ),
        ("a long comment", bytes(format!("// {long}\nnod \"a\"\n")), Code("unknown-word")),
        ("many arguments", bytes("node ".to_owned() + &"\"a\" ".repeat(100_000)), Code("hostile-input")),
        ("some arguments", bytes("node ".to_owned() + &"\"a\" ".repeat(5_000)), Code("surplus-value")),
        ("many properties", bytes("node \"a\" ".to_owned() + &"a=1 ".repeat(100_000)), Code("hostile-input")),
        ("some properties", bytes("node \"a\" ".to_owned() + &"a=1 ".repeat(5_000)), Code("unknown-word")),
    ]);
}

#[test]
fn many_mistakes_take_no_quadratic_time() {
    let numbered = |count: usize, text: &dyn Fn(usize) -> String| bytes((0..count).map(text).collect::<String>());
    check(vec![
        ("unknown blocks", numbered(30_000, &|n| format!("a{n}\n")), Code("unknown-word")),
        ("the same name", numbered(20_000, &|_| "node \"a\"\n".to_owned()), Code("duplicate-name")),
        ("empty workloads", numbered(20_000, &|n| format!("deployment \"a{n}\"\n")), Code("no-container")),
        ("facts of no node", numbered(20_000, &|n| format!("facts \"a{n}\"\n")), Code("unknown-name")),
        (
            "many nodes and unknown ones",
            numbered(10_000, &|n| format!("node \"a{n}\"\nfacts \"b{n}\"\n")),
            Code("unknown-name"),
        ),
        ("many children", bytes(format!("node \"a\" {{\n{}}}\n", "address \"b\"\n".repeat(1_500))), Code("repeated")),
    ]);
}

#[test]
fn odd_characters_do_no_harm() {
    let workload = |name: &str| format!("deployment \"{name}\" {{ container \"a\" image=\"a:1\" }}\n");
    check(vec![
        ("an escape sequence in a name", bytes(workload("\\u{1b}[2J\\u{1b}]0;hello\\u{7}")), Code("bad-value")),
        ("a raw escape sequence", bytes(workload("\u{1b}[2J")), Code("syntax")),
        ("a raw escape sequence in a comment", bytes(format!("// \u{1b}[2J\u{8}\n{}", workload("a"))), Anything),
        ("right to left", bytes(workload("\\u{202e}txt.exe")), Code("bad-value")),
        ("raw right to left", bytes(workload("\u{202e}txt.exe\u{2066}")), Anything),
        (
            "right to left in an image",
            bytes("deployment \"a\" { container \"a\" image=\"a\\u{202e}:1\" }\n"),
            Code("bad-value"),
        ),
        ("a wrong word with an escape", bytes("\"\\u{1b}[31mnode\" \"a\"\n"), Code("unknown-word")),
        (
            "a variable with an escape",
            bytes("deployment \"a\" { container \"a\" image=\"a:1\" { env { \"\\u{9b}x\" \"1\" } } }\n"),
            Code("bad-value"),
        ),
        ("a NUL", b"node \"a\0b\"\n".to_vec(), Anything),
        (
            "an escaped NUL",
            bytes("deployment \"a\" { container \"a\" image=\"a:1\" { command \"a\\u{0}b\" } }\n"),
            Anything,
        ),
        ("a byte order mark", bytes(format!("\u{feff}{}", workload("a"))), Fine),
        ("a byte order mark inside", bytes(format!("{}\u{feff}{}", workload("a"), workload("b"))), Anything),
        (
            "carriage returns",
            bytes(workload("a").replace(' ', "\r\n").replace("\r\n\"", " \"").replace("\r\nimage", " image")),
            Anything,
        ),
        ("lines of Windows", bytes(format!("// a\r\n{}\r\nnode \"b\"\r\nfacts \"b\"\r\n", workload("a").trim())), Fine),
        (
            "letters of other alphabets",
            bytes("deployment \"größe\" { container \"日本\" image=\"a:1\" }\nпривет\n"),
            Code("bad-value"),
        ),
        ("letters of other alphabets in comments", bytes(format!("// größe 日本 привет 👩‍👩‍👧\n{}", workload("a"))), Fine),
        ("no UTF-8", b"node \"\xff\xfe\"\n".to_vec(), Code("unreadable-file")),
        ("UTF-16", "node \"a\"\n".encode_utf16().flat_map(u16::to_le_bytes).collect(), Anything),
        ("a surrogate", b"node \"\\u{d800}\"\n".to_vec(), Code("syntax")),
        ("no character", bytes("node \"\\u{110000}\"\n"), Code("syntax")),
    ]);
}

#[test]
fn odd_numbers_are_refused() {
    let with = |number: &str| {
        bytes(format!(
            "deployment \"a\" replicas={number} {{ container \"a\" image=\"a:1\" {{ limit cpu={number} memory={number} }} }}\n"
        ))
    };
    let nines = "9".repeat(60);
    check(vec![
        ("beyond i128", with(&nines), Code("syntax")),
        ("far beyond i128", with(&"9".repeat(100_000)), Anything),
        ("negative", with("-1"), Code("bad-value")),
        ("a large exponent", with("1e999999999"), Code("bad-value")),
        ("a small exponent", with("1e-999999999"), Code("bad-value")),
        ("hexadecimal", with("0xffffffffffffffffffffffffffffffffff"), Anything),
        ("infinity", with("#inf"), Code("bad-value")),
        ("no number", with("#nan"), Code("bad-value")),
        ("null", with("#null"), Code("bad-value")),
        ("a text", with(&format!("\"{nines}GiB\"")), Code("bad-value")),
        ("a negative text", with("\"-5MiB\""), Code("bad-value")),
        ("half a replica", with("1.5"), Code("bad-value")),
    ]);
}

#[test]
fn other_languages_are_named() {
    check(vec![
        ("YAML", bytes("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"), Code("syntax")),
        ("YAML with a marker", bytes("---\n- a: 1\n"), Code("syntax")),
        ("JSON", bytes("{\"kind\": \"Pod\"}"), Code("syntax")),
        ("a bare true", bytes("node \"a\" gone=true\n"), Code("syntax")),
        ("a raw string of KDL 1", bytes("node \"a\" address=r\"b\"\n"), Code("syntax")),
        ("a raw string with hashes of KDL 1", bytes("node \"a\" address=r#\"b\"#\n"), Code("syntax")),
        ("a shell script", bytes("#!/bin/sh\nset -e\n"), Anything),
        ("a program", vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0], Anything),
        ("nothing", Vec::new(), Fine),
        ("blanks", bytes(" \n\t\n"), Fine),
    ]);
}
