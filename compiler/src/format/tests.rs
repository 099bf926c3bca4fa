use super::*;

fn formatted(text: &str) -> String {
    let formatted = format("a.kdl", text).unwrap_or_else(|why| panic!("{why:?}: {text}"));
    assert_eq!(format("a.kdl", &formatted).unwrap(), formatted, "a second pass changes nothing");
    formatted
}

#[test]
fn blanks_inside_a_line() {
    for (text, expected) in [
        ("a   1  b =  2{c;d   3 ;}", "a 1 b=2 { c; d 3; }\n"),
        ("a{}", "a {}\n"),
        ("a {  }", "a {}\n"),
        ("/-a 1", "/- a 1\n"),
        ("a /-  1 /- b = 2 /-  { c }", "a /-1 /-b=2 /-{ c }\n"),
        ("( t ) a ( t )1", "(t)a (t)1\n"),
        ("a/* c */1 /* d */{ b }", "a /* c */ 1 /* d */ { b }\n"),
        ("a 0xFF 1_000 #\"x\"# bare \"quoted\" #true", "a 0xFF 1_000 #\"x\"# bare \"quoted\" #true\n"),
        ("\u{feff}a", "a\n"),
        ("", ""),
        (" \n\n", ""),
        ("\n\n\na\n\n\n\nb\n\n", "a\n\nb\n"),
        ("a\t\r\nb\r\n", "a\nb\n"),
        ("// c  ", "// c\n"),
    ] {
        assert_eq!(formatted(text), expected);
    }
}

#[test]
fn lines_stand_where_their_blocks_put_them() {
    let text = "
a {
  b 1 \\
  2 {
        c
  }
      place { require {
  d
  } }
  /-
  e {
  f }
  g \\ // on
    /-
    3
  {
  h
  }
}
";
    let expected = "
a {
    b 1 \\
        2 {
        c
    }
    place { require {
        d
    } }
    /-
    e {
        f }
    g \\ // on
        /-
        3
    {
        h
    }
}
";
    assert_eq!(layout::layout(text, Strings::Move), expected.trim_start());
}

#[test]
fn comments_of_neighbours_stand_below_each_other() {
    let text = "a 1 // one\nabc 123   // two\nb { // three\n  c // four\n}\n\nd // five\n// six\ne // seven\n";
    let expected =
        "a 1     // one\nabc 123 // two\nb {     // three\n    c // four\n}\n\nd // five\n// six\ne // seven\n";
    assert_eq!(formatted(text), expected);
}

#[test]
fn strings_keep_their_value() {
    let text = "a {\n  b text=#\"\"\"\n      x\n        y\n      \"\"\"#   c=1\n}";
    let expected = "a {\n    b text=#\"\"\"\n        x\n          y\n        \"\"\"# c=1\n}\n";
    assert_eq!(formatted(text), expected);
    let kept = "a {\n    b \"one \\\n  two\"\n}\n";
    assert_eq!(formatted(kept), kept);
}

#[test]
fn what_cannot_be_read_stays() {
    for text in ["a {", "a \"", "a true", "kind: Deployment", "}"] {
        assert!(matches!(format("a.kdl", text), Err(Unformatted::Broken { .. })), "{text}");
    }
}
