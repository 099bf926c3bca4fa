//! Probes: checks that are repeated while a container runs.

use wlc_plan::{name::PortName, quantity::Millis};

use crate::fields::value::Whole;

crate::block! {
    /// A check that is repeated while a container runs. Written `readiness`, `liveness` or `startup`.
    Probe "readiness" ("readinessProbe") {
        /// How it asks.
        kind: [required argument] ProbeKind, "kind" ("httpGet, tcpSocket");
        /// The path that an HTTP probe asks for.
        path: [optional argument] String, "path" ("httpGet.path");
        /// The port of the container that is asked.
        port: [required property] PortName, "port" ("httpGet.port, tcpSocket.port");
        /// From the start of the container to the first try.
        initial_delay: [default property] Millis, "initial-delay" ("initialDelaySeconds"), default "0s";
        /// From one try to the next.
        period: [default property] Millis, "period" ("periodSeconds"), default "10s";
        /// How long one try may take.
        timeout: [default property] Millis, "timeout" ("timeoutSeconds"), default "1s";
        /// Tries in a row that must succeed.
        successes: [default property] Whole<1, 1000>, "successes" ("successThreshold"), default 1;
        /// Tries in a row that must fail.
        failures: [default property] Whole<1, 1000>, "failures" ("failureThreshold"), default 3;
        /// A header of an HTTP probe.
        headers: [children] Header, "header" ("httpGet.httpHeaders");
        absent "host", "grace", "service";
    }
    /// A header of an HTTP probe.
    Header "header" ("httpGet.httpHeaders[]") {
        /// Its name.
        name: [required argument] String, "name" ("name");
        /// Its value.
        value: [required argument] String, "value" ("value");
    }
}

crate::choice! {
    /// How a probe asks.
    ProbeKind {
        /// A GET that must answer 200 to 399.
        Http "http",
        /// A connection that must open.
        Tcp "tcp";
        absent "https", "exec", "grpc"
    }
}
