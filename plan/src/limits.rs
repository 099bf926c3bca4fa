//! Every limit of a plan, in one place. Both sides check them at the door.

/// Replicas on one node, leaving and standing by included.
pub const REPLICAS_PER_NODE: usize = 1_000;
/// Containers of one pod, init containers and sidecars included.
pub const CONTAINERS_PER_POD: usize = 32;
/// Labels of one workload or node.
pub const LABELS: usize = 64;
/// Bytes of what one instance tells its containers beside its labels. Kubernetes bounds annotations alike.
pub const TOLD_BYTES: usize = 256 << 10;
/// Specs that one instance names: the one asked for and the older ones.
pub const SPECS_PER_INSTANCE: usize = 64;
/// Gates of one instance.
pub const GATES_PER_INSTANCE: usize = 64;
/// Bytes of a head, of the pointer to it, and of a signature.
pub const HEAD_BYTES: u64 = 64 << 10;
/// What the choice of a node for one instance may lean on.
pub const NEEDS_PER_INSTANCE: usize = 64;
/// Bytes of an index or of one of its shards.
pub const INDEX_BYTES: u64 = 64 << 20;
/// Bytes of the plan of one node.
pub const NODE_PLAN_BYTES: u64 = 16 << 20;
/// Bytes of a pod spec or of the content of a config. Kubernetes holds a config map to 1 MiB of data; base64 and names need more.
pub const SPEC_BYTES: u64 = 2 << 20;
/// Bytes of all files of one config. Kubernetes: 1 MiB.
pub const CONFIG_BYTES: u64 = 1 << 20;
/// Rules of one kind of a job. Kubernetes: 20.
pub const RULES_PER_JOB: usize = 20;
/// Parameters of a job.
pub const PARAMETERS_PER_JOB: usize = 64;
/// Runs of a job that must succeed.
pub const COMPLETIONS: u32 = 1_000_000;
/// Nodes of one fleet.
pub const NODES_PER_FLEET: usize = 100_000;
/// Signers of one fleet.
pub const SIGNERS: usize = 32;
