//! The pod template: what all kinds of workloads have in common.

use wlc_plan::quantity::Millis;

use super::{container::Container, volume::Volume};

crate::block! {
    /// The containers of one replica, sharing network and volumes.
    Pod "pod" ("spec.template.spec") {
        /// A container. They are started in the order of the file.
        containers: [children] Container, "container" ("containers");
        /// A volume that the containers share.
        volumes: [children] Volume, "volume" ("volumes");
        /// How long a stop may take before SIGKILL.
        grace: [default property] Millis, "grace" ("terminationGracePeriodSeconds"), default "30s";
        /// A word that replaces all replicas when it changes, such as a date.
        restarted: [optional property] String, "restarted" ("kubectl.kubernetes.io/restartedAt");
        absent "init", "sidecar", "host-network", "host-pid", "host-ipc", "dns", "host-entry", "shm-size", "sysctl", "pids-limit", "user-namespace", "hostname", "share-pid";
    }
}
