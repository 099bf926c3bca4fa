//! Probes: checks that are repeated while a container runs.

use wlc_plan::{name::PortName, quantity::Millis};

use super::network::HostName;
use crate::{
    fields::{FromScalar, Refusal, value, value::Whole},
    syntax::Scalar,
};

crate::block! {
    /// A check that is repeated while a container runs. Written `readiness`, `liveness` or `startup`.
    Probe "readiness" ("readinessProbe") {
        /// How it asks.
        kind: [required argument] ProbeKind, "kind" ("httpGet, tcpSocket, grpc, exec");
        /// Of `http` and `https` the path, of `exec` the command and its arguments.
        words: [rest] String, "path or command" ("httpGet.path, exec.command");
        /// The port of the container that is asked; `exec` asks none.
        port: [optional property] PortName, "port" ("httpGet.port, tcpSocket.port, grpc.port");
        /// The host that is asked; without it, the pod.
        host: [optional property] HostName, "host" ("httpGet.host, tcpSocket.host");
        /// The service whose health `grpc` asks for; without it, the server's.
        service: [optional property] String, "service" ("grpc.service");
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
        /// The grace of a stop that this probe brings about; without it, the pod's.
        grace: [optional property] Millis, "grace" ("terminationGracePeriodSeconds");
        /// A header of an HTTP probe.
        headers: [children] Header, "header" ("httpGet.httpHeaders");
    }
    /// A header of a request over HTTP.
    Header "header" ("httpGet.httpHeaders[]") {
        /// Its name.
        name: [required argument] HeaderName, "name" ("name");
        /// Its value.
        value: [required argument] HeaderValue, "value" ("value");
    }
}

crate::choice! {
    /// How a probe asks.
    ProbeKind {
        /// A GET that must answer 200 to 399.
        Http "http",
        /// A connection that must open.
        Tcp "tcp",
        /// A GET over TLS; the certificate is not verified.
        Https "https",
        /// The health service of gRPC, which must say that it serves.
        Grpc "grpc",
        /// A command in the container that must end with 0.
        Exec "exec",
    }
}

/// The name of a header (RFC 9110: a token).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderName(pub String);

impl FromScalar for HeaderName {
    const LOOKS: &'static str = "the name of a header, such as `\"Host\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if !text.is_empty() && text.bytes().all(is_token) {
            return Ok(Self(text.to_owned()));
        }
        let hint = match text.split_once(':') {
            Some((name, value)) => format!("write the value behind it: `header \"{name}\" \"{}\"`", value.trim()),
            None => "letters, digits and `-` are taken".to_owned(),
        };
        Err(Refusal::with(format!("`{}` is no name of a header", text.escape_debug()), hint))
    }
}

/// The value of a header: one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderValue(pub String);

impl FromScalar for HeaderValue {
    const LOOKS: &'static str = "one line of text";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        match text.chars().any(|c| c.is_control() && c != '\t') {
            false => Ok(Self(text.to_owned())),
            true => Err(Refusal::with("a header is one line", "take the line break out")),
        }
    }
}
