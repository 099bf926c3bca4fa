//! The life of a pod's containers → plan: the order in which they start, probes, hooks, restarts, last words.

use wlc_plan::{
    gate::{After, Condition},
    name::{ContainerName, PortName},
    quantity::Millis,
    spec::{
        Command, ContainerRole, ContainerSpec, GrpcProbe, Hook, Hooks, HttpProbe, MessagePolicy, Probe, ProbeHandler,
        Probes, RestartPolicy, TcpProbe, TerminationMessage,
    },
};

use crate::{
    fields::FromScalar,
    model::{
        self,
        container::{Container, MessagePolicy as PolicyWord, RestartWord},
        hook::HookKind,
        network::HostName,
        pod::Role,
        probe::{Header, ProbeKind},
    },
    span::Spanned,
    syntax::Scalar,
};

/// The order inside a pod: each container starts when the one before it has come far enough.
///
/// An init container must have ended well, a sidecar must have started, its startup probe included (S-288, S-293). Of
/// ordinary containers Kubernetes does not wait for the startup probe (S-287): one that has such a probe holds nothing
/// back, and what follows waits for whatever it waited for itself.
pub(super) fn order(containers: &mut [ContainerSpec]) {
    let mut first: Vec<After<ContainerName>> = Vec::new();
    let mut before: Vec<After<ContainerName>> = Vec::new();
    for container in containers {
        container.after.clone_from(&before);
        let until = |until| vec![After { of: vec![container.name.clone()], until }];
        before = match container.role {
            ContainerRole::Init => until(Condition::Complete),
            ContainerRole::Main if container.probes.startup.is_some() => first.clone(),
            ContainerRole::Sidecar | ContainerRole::Main => until(Condition::Started),
        };
        if !container.role.is_main() {
            first.clone_from(&before);
        }
    }
}

/// What a container is in its pod.
pub(super) fn role(role: Role) -> ContainerRole {
    match role {
        Role::Init => ContainerRole::Init,
        Role::Sidecar => ContainerRole::Sidecar,
        Role::Main => ContainerRole::Main,
    }
}

/// When a container is started again.
pub(super) fn restart(word: RestartWord) -> RestartPolicy {
    match word {
        RestartWord::Always => RestartPolicy::Always,
        RestartWord::OnFailure => RestartPolicy::OnFailure,
        RestartWord::Never => RestartPolicy::Never,
    }
}

/// The probes of a container.
pub(super) fn probes(container: &Container) -> Probes {
    Probes {
        startup: container.startup.as_ref().and_then(probe),
        readiness: container.readiness.as_ref().and_then(probe),
        liveness: container.liveness.as_ref().and_then(probe),
    }
}

fn probe(probe: &model::probe::Probe) -> Option<Probe> {
    let asked = Asked { words: &probe.words, port: probe.port.as_ref(), host: probe.host.as_ref() };
    let handler = match probe.kind.value {
        ProbeKind::Http => ProbeHandler::Http(asked.http(&probe.headers)?),
        ProbeKind::Https => ProbeHandler::Https(asked.http(&probe.headers)?),
        ProbeKind::Tcp => ProbeHandler::Tcp(TcpProbe { port: asked.port()?, host: asked.host() }),
        ProbeKind::Grpc => {
            let service = probe.service.as_ref().map(|service| service.value.clone()).unwrap_or_default();
            ProbeHandler::Grpc(GrpcProbe { port: asked.port()?, service })
        }
        ProbeKind::Exec => ProbeHandler::Exec(asked.command()),
    };
    Some(Probe {
        handler,
        initial_delay: probe.initial_delay.value,
        period: probe.period.value,
        timeout: probe.timeout.value,
        successes: probe.successes.value.0,
        failures: probe.failures.value.0,
        grace: probe.grace.as_ref().map(|grace| grace.value),
    })
}

/// The hooks of a container.
pub(super) fn hooks(container: &Container) -> Hooks {
    Hooks {
        post_start: container.post_start.as_ref().and_then(hook),
        pre_stop: container.pre_stop.as_ref().and_then(hook),
    }
}

fn hook(hook: &model::hook::Hook) -> Option<Hook> {
    let asked = Asked { words: &hook.words, port: hook.port.as_ref(), host: hook.host.as_ref() };
    Some(match hook.kind.value {
        HookKind::Exec => Hook::Exec(asked.command()),
        HookKind::Http => Hook::Http(asked.http(&hook.headers)?),
        HookKind::Https => Hook::Https(asked.http(&hook.headers)?),
        HookKind::Sleep => {
            let written = asked.words.first()?.value.clone();
            Hook::Sleep(Millis::from_scalar(&Scalar::Text(written)).ok()?)
        }
    })
}

/// Where a container leaves its last words.
pub(super) fn termination_message(container: &Container) -> TerminationMessage {
    container.termination_message.as_ref().map_or_else(TerminationMessage::default, |message| TerminationMessage {
        path: message.path.value.clone(),
        policy: match message.policy.value {
            PolicyWord::File => MessagePolicy::File,
            PolicyWord::LogsOnError => MessagePolicy::LogsOnError,
        },
    })
}

/// What a probe or hook asks.
struct Asked<'a> {
    words: &'a [Spanned<String>],
    port: Option<&'a Spanned<PortName>>,
    host: Option<&'a Spanned<HostName>>,
}

impl Asked<'_> {
    fn http(&self, headers: &[Header]) -> Option<HttpProbe> {
        Some(HttpProbe {
            path: self.words.first().map_or_else(|| "/".to_owned(), |path| path.value.clone()),
            port: self.port()?,
            host: self.host(),
            headers: headers.iter().map(|one| (one.name.value.0.clone(), one.value.value.0.clone())).collect(),
        })
    }

    fn command(&self) -> Command {
        Command { command: self.words.iter().map(|word| word.value.clone()).collect() }
    }

    fn port(&self) -> Option<PortName> {
        self.port.map(|port| port.value.clone())
    }

    fn host(&self) -> Option<String> {
        self.host.map(|host| host.value.0.clone())
    }
}
