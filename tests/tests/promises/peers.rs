//! Members of a stateful-set find each other by name, at addresses of both families.

use wlc_tests::{node::Node, podman};

const DB: &str = r#"
stateful-set "db" replicas=2 {
    grace "1s"
    container "main" image="localhost/busybox:1" {
        env { ADDRESS field="address" }
        command "sh" "-c" "mkdir /www; hostname > /www/name; exec httpd -f -p 8080 -h /www"
        port "http" 8080
        readiness "tcp" port="http" period="1s"
        mount "/peers" endpoints="db"
    }
}
"#;

/// What `db-1` sees, once it sees what is expected.
fn seen(node: &Node, line: &str, expected: impl Fn(&str) -> bool) -> String {
    let name = node.containers().into_iter().find(|name| name.contains(".db-1.")).expect("db-1 runs");
    let see = || podman::text(&["exec", &name, "sh", "-c", line]);
    node.wait_until(line, |_| expected(&see()));
    see()
}

#[test]
fn peers_find_each_other_by_name_in_both_families() {
    let Some(mut node) = Node::new("peers") else { return };
    if !podman::has_ipv6() {
        return podman::skip("peers in both families: the kernel has no IPv6, or there is no ip6tables");
    }
    let fleet = std::fs::read_to_string(node.repository().join("fleet.kdl")).unwrap();
    node.write("fleet.kdl", &fleet.replace("host-ports", "ip-family \"dual\"; host-ports"));
    node.write("workloads/db.kdl", DB);
    node.build();
    node.start_agent();
    node.wait_settled("db", 2);
    for (kind, sign) in [("a", "."), ("aaaa", ":")] {
        let line = format!("nslookup -type={kind} db-0 | sed -n 's/^Address: //p'");
        let address = seen(&node, &line, |said| said.contains(sign));
        let at = if sign == ":" { format!("[{address}]") } else { address };
        assert_eq!(seen(&node, &format!("wget -qO- http://{at}:8080/name"), |_| true), "db-0");
    }
    assert_eq!(seen(&node, "wget -qO- http://db-0:8080/name", |_| true), "db-0");
    let list = seen(&node, "cat /peers/http.list", |said| said.lines().count() == 2);
    let own = seen(&node, "echo $ADDRESS", |_| true);
    assert!(list.lines().any(|line| line == format!("{own}:8080")), "{list} without {own}");
    let list = seen(&node, "cat /peers/http.ipv6.list", |said| said.lines().count() == 2);
    assert!(list.lines().all(|line| line.starts_with("[fd") && line.ends_with("]:8080")), "{list}");
}
