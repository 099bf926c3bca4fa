//! Hostile inputs: each is refused by name, and in no time.

use wlc_tests::{repository::Repository, running::Ran};

fn import(name: &str, text: impl AsRef<[u8]>) -> Ran {
    let repository = Repository::empty().with(name, text);
    repository.wlc(&["import", name])
}

#[test]
fn what_no_person_writes_is_refused() {
    let bomb = |levels: usize| {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..levels {
            let alias = format!("*a{}, ", level - 1).repeat(10);
            text += &format!("a{level}: &a{level} [{alias}]\n");
        }
        text
    };
    let cases: Vec<(&str, String, &str)> = vec![
        ("an alias bomb", bomb(12), "hostile-input"),
        ("deep lists", "[".repeat(100_000), "import-syntax"),
        ("deep mappings", "{a: ".repeat(100_000), "import-syntax"),
        ("deep indentation", (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(), "hostile-input"),
        (
            "a long text, again and again",
            format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(100)),
            "hostile-input",
        ),
        ("a recursive alias", "a: &a [*a]\n".to_owned(), "import-syntax"),
        ("an unknown alias", "a: *b\n".to_owned(), "import-syntax"),
        ("a key twice", "kind: Pod\nkind: Pod\n".to_owned(), "import-syntax"),
        ("a list as a key", "? [a]\n: b\n".to_owned(), "import-syntax"),
        ("a tab", "a:\n\t- b\n".to_owned(), "import-syntax"),
        ("an open quote", "a: \"b\n".to_owned(), "import-syntax"),
        ("many values", format!("a: [{}]\n", "1, ".repeat(500_000)), "hostile-input"),
    ];
    for (name, text, code) in cases {
        let ran = import("x.yaml", &text);
        assert_eq!(ran.code, Some(1), "{name}: {}", ran.stderr.chars().take(2_000).collect::<String>());
        assert!(
            ran.stderr.lines().any(|line| line == code),
            "{name}: {}",
            ran.stderr.chars().take(2_000).collect::<String>()
        );
        assert!(ran.stdout.is_empty(), "{name} prints KDL");
    }
}

#[test]
fn what_is_no_text_is_refused_with_its_name() {
    for (name, bytes) in [("latin.yaml", &b"a: \xe9\n"[..]), ("empty.yaml", b""), ("big.yaml", &vec![b' '; 9 << 20])] {
        let ran = import(name, bytes);
        assert_eq!(ran.code, Some(1), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(name), "{name}: {}", ran.stderr);
    }
    let repository = Repository::empty().with("folder/x", "");
    for name in ["absent.yaml", "folder"] {
        let ran = repository.wlc(&["import", name]);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
    assert_eq!(repository.wlc(&["import"]).code, Some(64), "files must be named");
}

#[test]
fn many_mistakes_are_said_in_time() {
    let mut text =
        "apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  containers:\n  - name: web\n    image: web:1\n"
            .to_owned();
    text += &(0..20_000).map(|number| format!("    unknown{number}: x\n")).collect::<String>();
    let ran = import("x.yaml", text);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr.chars().take(2_000).collect::<String>());
    assert_eq!(ran.stdout.matches("// not carried over: ").count(), 20_000);
}

#[test]
fn texts_that_move_a_cursor_come_out_as_escapes() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: { name: web, annotations: { a: \"\\e[31m\\u202e\\0\" } }\nspec:\n  containers: [{ name: web, image: \"web:1\", zz: \"\\e\" }]\n";
    let ran = import("x.yaml", text);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let harmful = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!ran.stdout.contains(harmful) && !ran.stderr.contains(harmful), "{:?}", ran.stdout);
    assert!(ran.stdout.contains("\\u{202e}"), "{}", ran.stdout);
}
