//! Hooks: what runs right after the start of a container, and before its stop.

use wlc_plan::name::PortName;

use super::{network::HostName, probe::Header};

crate::block! {
    /// What runs right after a container's start, or before its stop. Written `post-start` or `pre-stop`.
    Hook "pre-stop" ("lifecycle.preStop") {
        /// What it does.
        kind: [required argument] HookKind, "kind" ("exec, httpGet, sleep");
        /// Of `exec` the command and its arguments, of `http` and `https` the path, of `sleep` how long.
        words: [rest] String, "command, path or time" ("exec.command, httpGet.path, sleep.seconds");
        /// The port of the container that is asked over HTTP.
        port: [optional property] PortName, "port" ("httpGet.port");
        /// The host that is asked over HTTP; without it, the pod.
        host: [optional property] HostName, "host" ("httpGet.host");
        /// A header of the request.
        headers: [children] Header, "header" ("httpGet.httpHeaders");
    }
}

crate::choice! {
    /// What a hook does.
    HookKind {
        /// It runs a command in the container.
        Exec "exec",
        /// It sends a GET.
        Http "http",
        /// It sends a GET over TLS.
        Https "https",
        /// It waits.
        Sleep "sleep",
    }
}
