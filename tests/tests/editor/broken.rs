//! One block is half written, everything else is whole: nothing false is said of the others, and nothing true is kept back.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};
use wlc::format::lexer::{self, Kind};
use wlc_tests::{folder, repository::Repository};

use super::{
    client::{Client, uri},
    prefixes,
};

/// The blocks at the top of a text: where each begins and ends.
fn blocks(text: &str) -> Vec<(usize, usize)> {
    let starts: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .filter(|at| text[*at..].starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).collect()
}

/// The text with one block cut at each of its words, and the lines of what is left of the block.
fn cuts(text: &str) -> impl Iterator<Item = (String, std::ops::RangeInclusive<u64>)> {
    blocks(text).into_iter().flat_map(move |(start, end)| {
        let tokens = lexer::tokens(&text[start..end]);
        let words: Vec<usize> = tokens
            .iter()
            .filter(|token| !matches!(token.kind, Kind::Blank | Kind::Newline | Kind::LineComment))
            .map(|token| start + token.end())
            .collect();
        words.into_iter().map(move |cut| {
            let line = |at: usize| text[..at].matches('\n').count() as u64;
            (format!("{}\n\n{}", &text[..cut], &text[end..]), line(start)..=line(cut) + 1)
        })
    })
}

fn line(one: &Value) -> u64 {
    one["range"]["start"]["line"].as_u64().unwrap()
}

fn is_error(one: &&Value) -> bool {
    one["severity"] == 1
}

#[test]
fn a_cut_block_of_an_example_says_nothing_false_of_the_others() {
    let (mut count, mut broken) = (0, 0);
    for (_, copy) in prefixes::examples() {
        let mut client = Client::start();
        for path in folder::files(copy.path()) {
            if path.extension().is_none_or(|found| found != "kdl") {
                continue;
            }
            let (uri, text) = (uri(&path), fs::read_to_string(&path).unwrap());
            client.open(&uri, &text);
            client.diagnostics(&uri, 0);
            for (version, (cut, lines)) in (1..).zip(cuts(&text)) {
                client.change(&uri, version, json!([{ "text": cut }]));
                let found = client.diagnostics(&uri, version);
                count += 1;
                // A block that is whole, if other than before, may well break others.
                if found.iter().all(|one| one["code"] != "syntax") {
                    continue;
                }
                broken += 1;
                for one in found.iter().filter(is_error) {
                    let place = format!("{}: {one:#}\nis not in the lines {lines:?} of\n{cut}", path.display());
                    assert!(lines.contains(&line(one)), "{place}");
                }
            }
            client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        }
        assert_eq!(client.end(), Some(0));
    }
    eprintln!("{count} cuts, {broken} of them are no KDL");
    assert!(count > 600 && broken > 300, "{count}, {broken}");
}

/// A mistake of each kind that a check knows, each in a block of its own.
const MISTAKES: &str = "deployment \"a\" {
    container \"main\" image=\"localhost/a:1\" { port \"http\" 80 host=\"autp\" }
}
deployment \"b\" {
    container \"main\" image=\"localhost/a:1\" { mount \"/c\" config=\"sitr\" }
}
deployment \"c\" replicas=-1 { container \"main\" image=\"localhost/a:1\" }
service \"d\" { container \"main\" { readiness \"tcp\" port=\"httq\" } }
service \"e\" memory=\"1Gb\"
";

/// Mistakes that placement finds, once nothing else is wrong.
const UNPLACED: &str = "deployment \"a\" {
    container \"main\" image=\"localhost/a:1\"
    place { require { label \"zone\" \"x\" } }
}
deployment \"b\" { container \"main\" image=\"localhost/a:1\" { limit memory=\"1TiB\" } }
service \"c\" memory=\"1TiB\"
";

const TEMPLATE: &str = "template \"service\" {
    parameter \"memory\" type=\"size\" default=\"1MiB\"
    deployment (parameter)\"name\" {
        container \"main\" image=\"localhost/a:1\" {
            limit memory=(parameter)\"memory\"
            port \"http\" 80 host=\"auto\"
        }
    }
}
";

/// What is written beside them, block by block.
const WRITTEN: &str = "config \"site\" {
    file \"a\" text=\"x\"
}
secret \"s\" { key \"a\" }
deployment \"web\" {
    container \"nginx\" image=\"localhost/nginx:1\" {
        env { A \"b\"; C secret=\"s\" key=\"a\" }
        port \"http\" 8080
        mount \"/c\" config=\"site\"
    }
    place { require { label \"zone\" \"a\" } }
}
";

/// Codes and lines of the errors in a file.
fn errors(found: &[Value]) -> BTreeSet<(String, u64)> {
    found.iter().filter(is_error).map(|one| (one["code"].as_str().unwrap().to_owned(), line(one))).collect()
}

#[test]
fn a_half_written_block_takes_no_diagnostic_from_the_others() {
    for mistakes in [MISTAKES, UNPLACED] {
        // In the same file, and in another one.
        for (own, other) in [(mistakes, ""), ("", mistakes)] {
            let node = "node \"n1\" { label \"zone\" \"a\" }\nfacts \"n1\" { capacity cpu=8 memory=\"16GiB\" }\n";
            let repository = Repository::new().with("nodes/n1.kdl", node).with("template.kdl", TEMPLATE);
            let repository = repository.with("other.kdl", other).with("web.kdl", "");
            let (web, beside) = (uri(&repository.path().join("web.kdl")), uri(&repository.path().join("other.kdl")));
            let mut client = Client::start();
            let whole = format!("{own}{WRITTEN}");
            client.open(&beside, other);
            client.open(&web, &whole);
            let both = |client: &mut Client, version: u64| {
                let mut found = client.diagnostics_of(&[(&beside, 0), (&web, version)]);
                let web = found.pop().unwrap();
                let own_lines = own.matches('\n').count() as u64;
                let web: Vec<Value> = web.into_iter().filter(|one| line(one) < own_lines).collect();
                (errors(&found[0]), errors(&web))
            };
            let expected = both(&mut client, 0);
            let count = expected.0.len() + expected.1.len();
            assert!(count >= if mistakes == MISTAKES { 5 } else { 3 }, "{expected:?}");
            for (version, (cut, _)) in (1..).zip(cuts(WRITTEN)) {
                client.change(&web, version, json!([{ "text": format!("{own}{cut}") }]));
                assert_eq!(both(&mut client, version), expected, "{own}{cut}");
            }
            assert_eq!(client.end(), Some(0));
        }
    }
}
