//! From the files to containers that answer, a rolling update, a secret in memory, and what an operator asks.

use std::fs;

use wlc_tests::node::{Node, fetch};

fn web(word: &str) -> String {
    format!(
        r#"
config "site" {{ file "index.html" text="{word}" }}
secret "key" {{ key "word" }}
deployment "web" replicas=2 {{
    grace "2s"
    container "httpd" image="localhost/busybox:1" {{
        command "sh" "-c" "echo begins with $(cat /run/secrets/key/word); exec httpd -f -p 8080 -h /www"
        port "http" 8080 host="auto"
        readiness "http" "/" port="http" period="1s"
        mount "/www" config="site"
        mount "/run/secrets/key" secret="key"
    }}
}}
"#
    )
}

/// `wlagent facts` says what this Podman is, `wlc build` places by it, and the agent carries it out.
pub fn builds_applies_updates_and_tells() {
    let Some(mut node) = Node::new("rootless") else { return };
    let facts = facts(&node);
    assert!(facts.contains("rootless=#true"), "{facts}");
    node.write("nodes/here.facts.kdl", &facts);
    fs::create_dir_all(node.path("secrets/key")).unwrap();
    fs::write(node.path("secrets/key/word"), "trust").unwrap();
    node.write("workloads/web.kdl", &web("one"));
    node.build();
    node.apply();
    let ports = [node.host_port("web-0"), node.host_port("web-1")];
    assert!(ports.iter().all(|port| fetch(*port, "/").as_deref() == Some("one")));
    node.start_agent();
    node.wait_ready("web", 2);
    let logs = node.wlagent(&["logs", "web-0"]);
    assert_eq!(String::from_utf8_lossy(&logs.stdout).trim(), "begins with trust");

    node.write("workloads/web.kdl", &web("two"));
    node.build();
    node.wait_until("both show the new revision", |_| {
        ports.iter().all(|port| fetch(*port, "/").as_deref() == Some("two"))
    });
    node.wait_ready("web", 2);
    println!(
        "rootless: built, applied, updated; {}",
        facts.lines().find(|line| line.contains("rootless")).unwrap_or_default().trim()
    );
}

/// The facts that the agent finds, for this node.
pub fn facts(node: &Node) -> String {
    let found = node.wlagent(&["facts"]);
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    String::from_utf8_lossy(&found.stdout).into_owned()
}
