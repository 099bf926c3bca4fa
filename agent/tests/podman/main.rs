//! Podman, real and simulated: one contract for both, and every field of a request seen in a real container.
//!
//! The real one is found through `WLC_PODMAN_SOCKET`, which leads to a storage with the images `localhost/busybox:1` and
//! `localhost/nginx:1`; without it those tests say aloud that they are skipped.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[macro_use]
mod contract;
mod fields;
mod given;
mod life;
mod machine;
mod mounts;
mod network;
mod outage;
mod pulls;
mod real;
mod registry;
mod requests;
mod security;
mod simulated;
