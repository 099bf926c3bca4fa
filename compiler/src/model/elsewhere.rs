//! Blocks of other tools that have no counterpart, and the way that leads to the same end.

use crate::diagnostics::suggest::kebab;

const RESOURCE: &str = "a block begins with its kind: `deployment \"web\" { … }`";
const ACCESS: &str = "there is no API server that containers could call, so nothing has to be allowed; take it out";
const VARIABLE: &str =
    "values that are used again stand in a `template` as its parameters; an overlay says what differs";
const TRAFFIC: &str = "clients reach a container through a port of its node: write `port \"http\" 80 host=\"auto\"` in the \
                       container; `mount … endpoints=\"NAME\"` lists the ready replicas";

/// Their words, and what to do.
const BLOCKS: [(&str, &str); 28] = [
    ("cluster-role", ACCESS),
    ("container", "containers stand in a workload: `deployment \"web\" { container \"main\" image=\"…\" }`"),
    ("data", RESOURCE),
    ("horizontal-pod-autoscaler", "a build decides how many replicas run: write `replicas=3` at the deployment"),
    ("image", "an image is named by the container that runs it: `container \"main\" image=\"…\"`"),
    ("ingress", "run a proxy of your own as a workload; `mount … endpoints=\"NAME\"` gives it the ready replicas"),
    ("locals", VARIABLE),
    ("module", VARIABLE),
    ("namespace", "there are no namespaces: the fleet is one; take it out"),
    ("network", "all replicas of a fleet on a node share one network; take it out"),
    ("network-policy", "traffic between fleets is filtered by the firewall of the nodes; take it out"),
    ("networks", "all replicas of a fleet on a node share one network; take it out"),
    ("persistent-volume", "volumes are made on the node that a replica runs on; `host-path` names a place directly"),
    (
        "persistent-volume-claim",
        "a claim stands in its workload: `stateful-set \"db\" { claim \"data\" size=\"20GiB\" }`",
    ),
    ("pod", "a pod is a replica of a workload: write `deployment` for what goes on running, `job` for what ends"),
    ("pod-disruption-budget", "a budget stands in its workload: `budget { min-available 2 }`"),
    ("provider", RESOURCE),
    ("replica-set", "write `deployment`"),
    ("replication-controller", "write `deployment`"),
    ("resource", RESOURCE),
    ("role", ACCESS),
    ("role-binding", ACCESS),
    ("service", TRAFFIC),
    ("service-account", ACCESS),
    ("services", "each service is a workload of its own: `deployment \"web\" { … }`; `wlc import FILE` writes them"),
    ("task", "a task is a container: `container \"main\" image=\"…\"` in a workload"),
    ("variable", VARIABLE),
    ("volumes", "a volume stands in its workload: `volume \"data\" empty-dir=\"1GiB\"`"),
];

/// What to do instead of a block of another tool.
pub(super) fn block(word: &str) -> Option<&'static str> {
    let word = kebab(word.trim_end_matches(':'));
    BLOCKS.iter().find(|(other, _)| *other == word).map(|(_, hint)| *hint)
}
