//! The agent's settings: bad ones are refused with the place and the way out.

use wlc_tests::node::Node;

/// A word that the settings do not know ends the agent before it touches anything.
#[test]
fn a_misspelt_setting_is_refused() {
    let Some(node) = Node::new("settings") else { return };
    let settings = std::fs::read_to_string(node.path("agent.kdl")).unwrap();
    std::fs::write(node.path("agent.kdl"), settings.replace("trust ", "turst ")).unwrap();
    let refused = node.wlagent(&["status"]);
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("turst") && said.contains("trust") && said.contains("agent.kdl"), "{said}");
}
