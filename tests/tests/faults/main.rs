//! What fails under an agent, on real Podman: the agent itself at every boundary of a step, Podman and its socket, the
//! node's power, its disk and its clock. An independent sampler watches what is promised all the while.
//!
//! `tests/run` carries out a short form; `tests/slow faults` sets `WLC_FAULTS` to `whole` and runs everything.

mod bystanders;
mod clock;
mod deaths;
mod disk;
mod door;
mod fixture;
mod machine;
mod outage;
mod power;
mod power_jobs;
mod sampler;
mod service;

use std::{env, fmt::Write as _};

/// Whether everything is carried out, and not the short form only.
pub fn whole() -> bool {
    env::var_os("WLC_FAULTS").is_some_and(|word| word == "whole")
}

/// A figure for the book's page, which `tests/slow faults` shows.
pub fn tell(figure: &str) {
    eprintln!("FAULTS {figure}");
}

/// A workload that answers over HTTP with a greeting, and how it is updated.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// `deployment` or `stateful-set`, with its name, and what follows it.
    pub head: &'static str,
    /// The lines in it that say how it is updated.
    pub update: &'static str,
    /// Its name.
    pub name: &'static str,
    /// How many replicas.
    pub replicas: usize,
    /// How many of them may be missing at once.
    pub may_be_missing: usize,
    /// Whether one replica may have two pods for a while.
    pub may_be_two: bool,
}

/// One after the other is taken down and made anew.
pub const ROLLING: Workload = Workload {
    head: "deployment \"web\" replicas=3",
    update: "update \"rolling\" max-surge=0 max-unavailable=1",
    name: "web",
    replicas: 3,
    may_be_missing: 1,
    may_be_two: false,
};

/// A copy is ready before what it replaces is taken down.
pub const SURGE: Workload = Workload {
    head: "deployment \"web\" replicas=3",
    update: "update \"rolling\" max-surge=1 max-unavailable=0",
    name: "web",
    replicas: 3,
    may_be_missing: 0,
    may_be_two: true,
};

/// From the highest number down, with a volume for each.
pub const ORDERED: Workload = Workload {
    head: "stateful-set \"db\" replicas=3 order=\"ready\"",
    update: "update \"rolling\" partition=0\n    claim \"data\" size=\"1MiB\"",
    name: "db",
    replicas: 3,
    may_be_missing: 1,
    may_be_two: false,
};

impl Workload {
    /// Its text with a greeting.
    pub fn text(&self, greeting: &str) -> String {
        let mut text = format!("config \"site\" {{ file \"index.html\" text=\"{greeting}\" }}\n{} {{\n", self.head);
        for line in ["grace \"5s\"", self.update] {
            writeln!(text, "    {line}").expect("a text takes all");
        }
        let claim = if self.update.contains("claim") { "\n        mount \"/data\" claim=\"data\"" } else { "" };
        write!(
            text,
            r#"    container "httpd" image="localhost/busybox:1" {{
        command "sh" "-c" "trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"
        port "http" 8080 host="auto"
        readiness "http" "/" port="http" period="200ms" timeout="200ms"
        mount "/www" config="site"{claim}
    }}
}}
"#
        )
        .expect("a text takes all");
        text
    }

    /// The names of its replicas.
    pub fn names(&self) -> impl Iterator<Item = String> + use<> {
        let name = self.name;
        (0..self.replicas).map(move |number| format!("{name}-{number}"))
    }
}
