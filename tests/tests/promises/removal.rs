//! What left the plan is removed, and nothing else.

use wlc_tests::{node::Node, podman};

use super::web;

/// P-137: foreign things stay, however much they look like ours.
#[test]
fn what_left_the_plan_is_removed_and_nothing_else() {
    let Some(mut node) = Node::new("removal") else { return };
    node.write("workloads/web.kdl", &web(2, "hello"));
    node.write(
        "workloads/other.kdl",
        "deployment \"other\" { grace \"1s\"; container \"main\" image=\"localhost/busybox:1\" { command \"sleep\" \"1000\" } }\n",
    );
    node.build();
    node.start_agent();
    node.wait_ready("web", 2);
    node.wait_ready("other", 1);
    let foreign = Foreign::make(&node);
    let other = node.containers().into_iter().find(|name| name.contains(".other-0.")).unwrap();

    std::fs::remove_file(node.repository().join("workloads/web.kdl")).unwrap();
    let refused = node.wlc(&["check"]);
    assert_eq!(refused.status.code(), Some(1), "P-136: a workload that vanishes needs a word");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("vanished"));
    node.write("workloads/web.kdl", "removed \"web\"\n");
    node.build();
    node.wait_until("the containers of web are gone", |node| {
        !node.containers().iter().any(|name| name.contains(".web-"))
    });
    assert!(podman::runs(&other), "a workload that stays is not touched");
    foreign.assert_untouched();
    let pods = podman::lines(&["pod", "ps", "--format", "{{.Name}}", "--filter", "label=dev.wlc.workload=web"]);
    assert!(!pods.iter().any(|name| name.starts_with(&format!("wlc.{}.web-", node.fleet()))), "{pods:?}");
    let log = node.agent_log();
    let listed = log.lines().find(|line| line.contains("web-0") && line.contains("web-1"));
    assert!(listed.is_some(), "the removal is listed as one event:\n{log}");
    drop(foreign);
}

/// Containers, pods and volumes that look like ours and are not.
struct Foreign {
    containers: Vec<String>,
    pods: Vec<String>,
    volumes: Vec<String>,
    before: Vec<String>,
}

impl Foreign {
    fn make(node: &Node) -> Self {
        let fleet = node.fleet();
        let prefix = format!("wlc.{fleet}.web-0.deadbeef.httpd.9");
        let copied = format!("foreign-{fleet}-copied");
        let another = format!("foreign-{fleet}-another");
        let pod = format!("foreign-{fleet}-pod");
        let volume = format!("wlc.{fleet}.web-0.data");
        let ours = node.containers().into_iter().find(|name| name.contains(".web-0.")).unwrap();
        let labels = podman::text(&[
            "inspect",
            "--type",
            "container",
            "--format",
            "{{range $key, $value := .Config.Labels}}--label={{$key}}={{$value}}\n{{end}}",
            &ours,
        ]);
        let labels: Vec<&str> = labels.lines().filter(|line| line.starts_with("--label=dev.wlc.")).collect();
        let sleep = |name: &str, labels: &[&str]| {
            let arguments = [
                &["run", "-d", "--network=none", "--name", name][..],
                labels,
                &["localhost/busybox:1", "sleep", "1000"],
            ]
            .concat();
            podman::text(&arguments);
        };
        sleep(&prefix, &[]);
        sleep(&copied, &labels);
        sleep(
            &another,
            &["--label=dev.wlc.fleet=another-fleet", "--label=dev.wlc.workload=web", "--label=dev.wlc.replica=web-0"],
        );
        podman::text(&[&["pod", "create", "--network=none", "--name", &pod][..], &labels].concat());
        podman::text(&["volume", "create", &volume]);
        let mut foreign = Self {
            containers: vec![prefix, copied, another],
            pods: vec![pod],
            volumes: vec![volume],
            before: Vec::new(),
        };
        foreign.before = foreign.picture();
        foreign
    }

    fn picture(&self) -> Vec<String> {
        let mut picture = Vec::new();
        for name in &self.containers {
            picture.push(podman::text(&[
                "inspect",
                "--type",
                "container",
                "--format",
                "{{.Id}} {{.State.Running}} {{.State.Pid}}",
                name,
            ]));
        }
        picture.extend(self.pods.iter().map(|name| podman::text(&["pod", "inspect", "--format", "{{.ID}}", name])));
        picture.extend(
            self.volumes
                .iter()
                .map(|name| podman::text(&["volume", "inspect", "--format", "{{.Name}} {{.CreatedAt}}", name])),
        );
        picture
    }

    fn assert_untouched(&self) {
        assert_eq!(self.picture(), self.before);
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        for name in &self.containers {
            podman::podman(&["rm", "-f", "-t", "0", name]);
        }
        for name in &self.pods {
            podman::podman(&["pod", "rm", "-f", name]);
        }
        for name in &self.volumes {
            podman::podman(&["volume", "rm", name]);
        }
    }
}
