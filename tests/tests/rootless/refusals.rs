//! What a Podman without root cannot do is refused by name: at build where the facts say what it is.

use wlc_tests::node::Node;

use super::path::facts;

fn app(more: &str) -> String {
    format!(
        "deployment \"app\" {{ container \"main\" image=\"localhost/busybox:1\" {{ command \"sleep\" \"1000\"; {more} }} }}\n"
    )
}

/// A port below 1024, and a limit on control groups of version 1.
pub fn what_cannot_be_is_named() {
    let Some(node) = Node::new("rootless-refusals") else { return };
    let facts = facts(&node);
    node.write("nodes/here.facts.kdl", &facts);
    let mut refused = vec![("port \"http\" 80 host=80", "cannot listen on port 80")];
    if facts.contains("cgroups=\"v1\"") {
        refused.push(("limit memory=\"64MiB\"", "cannot hold a limit"));
    }
    for (line, reason) in refused {
        node.write("workloads/app.kdl", &app(line));
        let checked = node.wlc(&["check"]);
        // A sentence may be broken over lines.
        let said = String::from_utf8_lossy(&checked.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(checked.status.code(), Some(1), "{line}: {said}");
        assert!(said.contains("without root") && said.contains(reason), "{line}: {said}");
        println!("rootless: `{line}` is refused: {reason}");
    }
}
