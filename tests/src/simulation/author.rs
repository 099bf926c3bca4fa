//! What people write: a fleet of one node with a few services, changed from plan to plan.

use std::fmt::Write as _;

use crate::dice::Dice;

/// Everything that people have written.
#[derive(Debug, Clone)]
pub(super) struct Author {
    pub(super) services: Vec<Service>,
    /// Names of services that are no more.
    removed: Vec<String>,
    /// How many services were ever written: the next one has a name that nobody had.
    written: usize,
}

/// A workload.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) replicas: usize,
    pub(super) version: u32,
    /// Whether this version never becomes ready.
    pub(super) is_broken: bool,
    /// How long a container takes to become ready.
    pub(super) starts: u64,
    /// How long a replica must be ready before it counts.
    pub(super) min_ready: u64,
    /// Whether each pod has a second container.
    pub(super) has_side: bool,
    /// The version of its config, if it mounts one, and what a change of it does.
    pub(super) config: Option<(u32, &'static str)>,
}

/// The kind of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
}

const STARTS: [u64; 4] = [0, 500, 3_000, 12_000];
const ON_CHANGE: [&str; 3] = ["restart", "nothing", "signal"];

impl Author {
    /// The first files: at least three workloads and ten replicas.
    pub(super) fn new(dice: &mut Dice) -> Self {
        let mut author = Self { services: Vec::new(), removed: Vec::new(), written: 0 };
        for _ in 0..3 + dice.below(2) {
            author.add(dice);
        }
        while author.replicas() < 10 {
            let at = dice.below(author.services.len());
            author.services[at].replicas += usize::from(author.services[at].kind != Kind::DaemonSet);
        }
        author
    }

    fn replicas(&self) -> usize {
        self.services.iter().map(|service| service.replicas).sum()
    }

    fn add(&mut self, dice: &mut Dice) {
        let number = self.written;
        self.written += 1;
        let kind = match number {
            1 => Kind::DaemonSet,
            2 => Kind::StatefulSet,
            _ => Kind::Deployment,
        };
        self.services.push(Service {
            name: format!("w{number}"),
            kind,
            replicas: if kind == Kind::DaemonSet { 1 } else { 2 + dice.below(4) },
            version: 1,
            is_broken: false,
            starts: *dice.one_of(&STARTS),
            min_ready: *dice.one_of(&[0, 0, 5_000]),
            has_side: dice.below(3) == 0,
            config: (dice.below(2) == 0).then(|| (1, *dice.one_of(&ON_CHANGE))),
        });
    }

    /// Somebody changes something.
    pub(super) fn change(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.below(3) {
            let (count, at) = (self.services.len(), dice.below(self.services.len()));
            let service = &mut self.services[at];
            match dice.below(10) {
                0..=3 => {
                    service.version += 1;
                    service.is_broken = dice.below(4) == 0;
                }
                4 if service.version > 1 => {
                    service.version -= 1;
                    service.is_broken = false;
                }
                5 | 6 if service.kind != Kind::DaemonSet => service.replicas = dice.below(7),
                7 => match &mut service.config {
                    Some((version, _)) => *version += 1,
                    None => service.config = Some((1, *dice.one_of(&ON_CHANGE))),
                },
                8 if count > 3 => self.removed.push(self.services.remove(at).name),
                9 if count < 5 => self.add(dice),
                _ => service.starts = *dice.one_of(&STARTS),
            }
        }
    }

    /// The last files: at least ten replicas, and none of them is broken.
    pub(super) fn mend(&mut self) {
        for service in &mut self.services {
            service.version += u32::from(service.is_broken);
            service.is_broken = false;
            if service.kind != Kind::DaemonSet {
                service.replicas = service.replicas.max(2);
            }
        }
    }

    /// The files as one text.
    pub(super) fn text(&self) -> String {
        let mut text = "fleet \"f\" { host-ports \"20000-29999\"; }\nnode \"n\"\n".to_owned();
        for name in &self.removed {
            line(&mut text, &format!("removed \"{name}\""));
        }
        for service in &self.services {
            service.write(&mut text);
        }
        text
    }
}

impl Service {
    fn write(&self, text: &mut String) {
        let Self { name, version, starts, min_ready, .. } = self;
        let path = if self.is_broken { "/never".to_owned() } else { format!("/after/{starts}") };
        if let Some((config, _)) = self.config {
            line(text, &format!("config \"{name}\" {{ file \"conf\" text=\"{config}\"; }}"));
        }
        match self.kind {
            Kind::Deployment => line(text, &format!("deployment \"{name}\" replicas={} {{", self.replicas)),
            Kind::StatefulSet => line(text, &format!("stateful-set \"{name}\" replicas={} {{", self.replicas)),
            Kind::DaemonSet => line(text, &format!("daemon-set \"{name}\" {{")),
        }
        line(text, &format!("    update \"rolling\" min-ready=\"{min_ready}ms\"; grace \"20s\""));
        if self.kind == Kind::StatefulSet {
            line(text, "    claim \"data\" size=\"1GiB\"");
        }
        line(text, "    container \"main\" image=\"app\" pull=\"never\" {");
        line(text, &format!("        env {{ VERSION \"{version}\"; }}"));
        if self.kind == Kind::StatefulSet {
            line(text, "        mount \"/data\" claim=\"data\"");
        }
        line(text, "        port \"http\" 8080");
        line(text, &format!("        readiness \"http\" \"{path}\" port=\"http\" period=\"5s\" failures=2"));
        line(text, &format!("        startup \"http\" \"{path}\" port=\"http\" period=\"2s\" failures=60"));
        line(text, "        liveness \"http\" \"/alive\" port=\"http\" period=\"10s\" failures=2");
        if let Some((_, on_change)) = self.config {
            let signal = if on_change == "signal" { " signal=\"HUP\"" } else { "" };
            line(text, &format!("        mount \"/etc/conf\" config=\"{name}\" on-change=\"{on_change}\"{signal}"));
        }
        line(text, "    }");
        if self.has_side {
            line(text, "    container \"side\" image=\"app\" pull=\"never\"");
        }
        line(text, "}");
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a text takes all");
}
