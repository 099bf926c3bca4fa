//! What a container asks for and may use at most.

use wlc_plan::quantity::{Bytes, Cpu};

crate::block! {
    /// CPU and memory of a container.
    Amounts "request" ("resources.requests") {
        /// CPUs.
        cpu: [optional property] Cpu, "cpu" ("cpu");
        /// Memory.
        memory: [optional property] Bytes, "memory" ("memory");
        absent "gpu", "ephemeral-storage", "huge-pages", "device", "cores";
    }
}
