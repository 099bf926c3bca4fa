//! Security: what is refused to run.

use serde_json::Value;

use crate::{
    looks::running,
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[scene!(Short who_may_not_be_root_does_not_run)];

/// C-317: with `non-root` an image that names nobody is not run, and status says why; nothing else is held up by it.
fn who_may_not_be_root_does_not_run(stage: &Stage) {
    let mut node = stage.node();
    let plain = |name: &str, word: &str| {
        format!(
            "deployment \"{name}\" {{\n    grace \"1s\"\n    container \"main\" image=\"localhost/busybox:1\" {{ command \"sleep\" \"1000\"; {word}; }}\n}}\n"
        )
    };
    node.write("workloads/all.kdl", &[plain("nobody", "non-root"), plain("other", "tty")].concat());
    node.build();
    node.start_agent();
    node.wait_settled("other", 1);
    node.wait_until("it says why", |node| {
        let one: Value = node.instances("nobody").first().cloned().unwrap_or_default();
        one["ready"] == false && one.to_string().contains("root")
    });
    assert!(running(&node, "nobody-0").is_none());
}
