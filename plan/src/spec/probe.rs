//! Probes: how a container is asked whether it is well.

use serde::{Deserialize, Serialize};

use crate::{name::PortName, quantity::Millis};

/// The probes of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probes {
    /// Until it has passed, the other two are off. Kubernetes: `startupProbe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup: Option<Probe>,
    /// Its failure makes the container not ready. Kubernetes: `readinessProbe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Probe>,
    /// Its failure restarts the container. Kubernetes: `livenessProbe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<Probe>,
}

impl Probes {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Those that there are.
    pub fn iter(&self) -> impl Iterator<Item = &Probe> {
        [&self.startup, &self.readiness, &self.liveness].into_iter().flatten()
    }
}

/// A check that is repeated while a container runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// How it asks.
    pub handler: ProbeHandler,
    /// From the start of the container to the first try. Kubernetes: `initialDelaySeconds`.
    pub initial_delay: Millis,
    /// From one try to the next. Kubernetes: `periodSeconds`.
    pub period: Millis,
    /// How long one try may take. Kubernetes: `timeoutSeconds`.
    pub timeout: Millis,
    /// Tries in a row that must succeed. Kubernetes: `successThreshold`.
    pub successes: u32,
    /// Tries in a row that must fail. Kubernetes: `failureThreshold`.
    pub failures: u32,
    /// The grace of a stop that this probe brings about; none: the pod's. Kubernetes: `terminationGracePeriodSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Millis>,
}

/// How a probe asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeHandler {
    /// A GET that must answer 200 to 399. Kubernetes: `httpGet`.
    Http(HttpProbe),
    /// The same over TLS; the certificate is not verified. Kubernetes: `httpGet` with the scheme `HTTPS`.
    Https(HttpProbe),
    /// A connection that must open. Kubernetes: `tcpSocket`.
    Tcp(TcpProbe),
    /// The health service of gRPC, which must say that it serves. Kubernetes: `grpc`.
    Grpc(GrpcProbe),
    /// A command in the container that must end with 0. Kubernetes: `exec`.
    Exec(Command),
}

impl ProbeHandler {
    /// The port of the container that is asked.
    pub fn port(&self) -> Option<&PortName> {
        match self {
            Self::Http(http) | Self::Https(http) => Some(&http.port),
            Self::Tcp(tcp) => Some(&tcp.port),
            Self::Grpc(grpc) => Some(&grpc.port),
            Self::Exec(_) => None,
        }
    }

    /// The host that is asked; none: the pod.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Http(http) | Self::Https(http) => http.host.as_deref(),
            Self::Tcp(tcp) => tcp.host.as_deref(),
            Self::Grpc(_) | Self::Exec(_) => None,
        }
    }
}

/// A GET over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpProbe {
    /// Path and query.
    pub path: String,
    /// A port of the container.
    pub port: PortName,
    /// The host that is asked; none: the pod. Kubernetes: `host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Header fields in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
}

/// A connection over TCP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcpProbe {
    /// A port of the container.
    pub port: PortName,
    /// The host that is asked; none: the pod. Kubernetes: `host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// A question to the health service of gRPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcProbe {
    /// A port of the container.
    pub port: PortName,
    /// The service whose health is asked for; empty: the server's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
}

/// A command that is run in a container, without a shell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments.
    pub command: Vec<String>,
}
