//! A workload as people write it: what it is made of from its first day, and what they change in it.

use std::{collections::BTreeSet, fmt::Write as _};

use super::promised::Place;
use crate::dice::Dice;

/// How many bad answers of a liveness probe in a row end a container.
pub(super) const LIVENESS_FAILURES: u32 = 2;

/// A workload.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) replicas: usize,
    pub(super) version: u32,
    /// Whether this version never becomes ready.
    pub(super) is_broken: bool,
    /// Whether a version of it ever was broken.
    was_broken: bool,
    /// How long a container takes to become ready.
    pub(super) starts: u64,
    /// How long a replica must be ready before it counts.
    pub(super) min_ready: u64,
    /// The roles of the containers beside the main one.
    pub(super) others: Vec<Role>,
    /// The version of its config, if it mounts one, and what a change of it does.
    config: Option<(u32, &'static str)>,
    /// The same of a secret.
    secret: Option<(u32, &'static str)>,
    update: Update,
    /// Whether it ever went back by itself to the revision before.
    went_back: bool,
    /// A word that replaces all replicas when it changes.
    restarted: u32,
    is_paused: bool,
    /// How many older revisions are kept, if fewer than usual.
    revisions: Option<u32>,
    /// Who asks its probes.
    probe: &'static str,
    pub(super) has_hook: bool,
    pre_stop: Option<&'static str>,
    is_parallel: bool,
    has_cache: bool,
    /// The workload that its replicas wait for, and whose endpoints they mount.
    pub(super) friend: Option<String>,
}

/// The kind of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
}

/// What a container is in its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It ends before the others begin.
    Init,
    Sidecar,
    /// One more that the pod is for.
    Side,
}

/// How a change is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Update {
    /// Copies and missing replicas.
    Rolling(&'static str, &'static str),
    Recreate,
    OnDelete,
    /// So many first, and whether they were found good.
    Canary(usize, bool),
    /// Only replicas from this number on.
    Partition(usize),
    /// Begins only within an hour of the day, and goes back by itself where it fails.
    Window,
    /// Goes back by itself where it fails.
    Rollback,
}

const STARTS: [u64; 4] = [0, 500, 3_000, 12_000];
/// Where its config and its secret are mounted.
const CONFIG: &str = "/etc/conf";
const SECRET: &str = "/etc/secret";
const ON_CHANGE: [&str; 3] = ["restart", "nothing", "signal"];

impl Service {
    pub(super) fn new(number: usize, friends: &[Service], dice: &mut Dice) -> Self {
        let kind = match number {
            1 => Kind::DaemonSet,
            2 => Kind::StatefulSet,
            _ => Kind::Deployment,
        };
        let mounted = |dice: &mut Dice| (dice.below(2) == 0).then(|| (1, *dice.one_of(&ON_CHANGE)));
        let mut others = Vec::new();
        for role in [Role::Init, Role::Sidecar, Role::Side] {
            others.extend((dice.below(4) == 0).then_some(role));
        }
        let friend =
            (dice.below(3) == 0 && !friends.is_empty()).then(|| friends[dice.below(friends.len())].name.clone());
        Self {
            name: format!("w{number}"),
            kind,
            replicas: if kind == Kind::DaemonSet { 1 } else { 2 + dice.below(4) },
            version: 1,
            is_broken: false,
            was_broken: false,
            starts: *dice.one_of(&STARTS),
            min_ready: *dice.one_of(&[0, 0, 5_000]),
            others,
            config: mounted(dice),
            secret: mounted(dice),
            update: update(kind, dice),
            went_back: false,
            restarted: 0,
            is_paused: false,
            revisions: None,
            probe: *dice.one_of(&["http", "http", "tcp", "grpc", "exec"]),
            has_hook: dice.below(4) == 0,
            pre_stop: *dice.one_of(&[None, None, Some("\"sleep\" \"3s\""), Some("\"exec\" \"drain\"")]),
            is_parallel: dice.below(2) == 0,
            has_cache: dice.below(3) == 0,
            friend,
        }
    }

    /// It is of a long life: all that has a version is that much newer, and few older revisions are kept.
    pub(super) fn be_of_round(&mut self, by: u32) {
        self.revisions = (by > 0).then_some(2);
        self.version += by;
        self.restarted += by;
        [&mut self.config, &mut self.secret].into_iter().flatten().for_each(|(version, _)| *version += by);
    }

    /// How many containers of a pod run for as long as it does.
    pub(super) fn containers(&self) -> usize {
        1 + self.others.iter().filter(|role| **role != Role::Init).count()
    }

    /// Somebody changes something.
    pub(super) fn change(&mut self, dice: &mut Dice) {
        match dice.below(14) {
            0..=3 => {
                self.version += 1;
                self.is_broken = dice.below(4) == 0;
                self.was_broken |= self.is_broken;
            }
            4 if self.version > 1 => {
                self.version -= 1;
                self.is_broken = false;
            }
            5 | 6 if self.kind != Kind::DaemonSet => self.replicas = dice.below(7),
            7 => touch(&mut self.config, dice),
            8 => touch(&mut self.secret, dice),
            9 => self.restarted += 1,
            10 => self.is_paused = !self.is_paused,
            11 | 12 => self.change_update(dice),
            _ => self.starts = *dice.one_of(&STARTS),
        }
    }

    fn change_update(&mut self, dice: &mut Dice) {
        self.went_back |= self.goes_back();
        self.update = match self.update {
            Update::Canary(count, is_promoted) => Update::Canary(count, !is_promoted),
            Update::Partition(_) => Update::Partition(dice.below(4)),
            Update::Rolling(..) | Update::Recreate | Update::OnDelete | Update::Window | Update::Rollback => {
                update(self.kind, dice)
            }
        };
    }

    /// What is in the revision of its pod, and more.
    pub(super) fn pod(&self) -> String {
        let mut text = format!("{} {:?} {:?}", self.restarted, self.config, self.secret);
        self.write_others(&mut text);
        self.write_main(&mut text);
        text
    }

    /// Its canaries are not found good yet.
    pub(super) fn doubt(&mut self) {
        if let Update::Canary(_, is_promoted) = &mut self.update {
            *is_promoted = false;
        }
    }

    /// Makes it one that can become as its files say, whatever happened to it.
    pub(super) fn mend(&mut self) {
        // Who pauses in the middle of a rollout leaves the rest at the revision before.
        self.is_paused = false;
        // And what canaries and a partition leave at the revision before stays away from one that was given up, and does not
        // come up where that one is broken.
        let leaves_some = matches!(self.update, Update::Canary(..) | Update::Partition(_));
        if self.update == Update::Window || (leaves_some && (self.went_back || self.was_broken)) {
            self.update = Update::Rollback;
        }
        // What went back to an older revision comes again when its file changes; so does what is under way and has used up the
        // time that it has from now on.
        self.version += u32::from(self.is_broken || self.goes_back());
        self.is_broken = false;
        if self.kind != Kind::DaemonSet {
            self.replicas = self.replicas.max(2);
        }
    }

    /// Whether it goes back by itself to the revision before, or may have.
    pub(super) fn goes_back(&self) -> bool {
        self.went_back || matches!(self.update, Update::Window | Update::Rollback)
    }

    /// Where its main container is told of a new content by a signal.
    pub(super) fn signalled(&self) -> BTreeSet<Place> {
        let mounted = [(CONFIG, self.config), (SECRET, self.secret)].into_iter();
        let told = mounted.filter(|(_, mounted)| matches!(mounted, Some((_, "signal"))));
        told.map(|(path, _)| ("main".to_owned(), path.to_owned())).collect()
    }

    /// Whether a new revision comes only when somebody asks for it.
    pub(super) fn is_on_delete(&self) -> bool {
        self.update == Update::OnDelete
    }

    /// Whether all old replicas end before a new one begins.
    pub(super) fn is_recreated(&self) -> bool {
        self.update == Update::Recreate
    }

    /// The block and what it names.
    pub(super) fn write(&self, text: &mut String) {
        let Self { name, replicas, .. } = self;
        if let Some((config, _)) = self.config {
            line(text, &format!("config \"{name}\" {{ file \"conf\" text=\"{config}\"; }}"));
        }
        if let Some((version, _)) = self.secret {
            line(text, &format!("secret \"{name}\" version=\"{version}\" {{ key \"token\"; }}"));
        }
        match self.kind {
            Kind::Deployment => line(text, &format!("deployment \"{name}\" replicas={replicas} {{")),
            Kind::StatefulSet => {
                let order = if self.is_parallel { " order=\"parallel\"" } else { "" };
                line(text, &format!("stateful-set \"{name}\" replicas={replicas}{order} {{"));
            }
            Kind::DaemonSet => line(text, &format!("daemon-set \"{name}\" {{")),
        }
        self.write_words(text);
        self.write_others(text);
        self.write_main(text);
        line(text, "}");
    }

    fn write_words(&self, text: &mut String) {
        let min_ready = format!("min-ready=\"{}ms\"", self.min_ready);
        let update = match self.update {
            Update::Rolling("0", missing) if self.kind == Kind::StatefulSet => {
                format!("\"rolling\" max-unavailable={missing} {min_ready}")
            }
            Update::Rolling(copies, missing) => {
                format!("\"rolling\" max-surge={copies} max-unavailable={missing} {min_ready}")
            }
            Update::Recreate => format!("\"recreate\" {min_ready}"),
            Update::OnDelete => format!("\"on-delete\" {min_ready}"),
            Update::Canary(count, is_promoted) => {
                let promote = if is_promoted { "; promote" } else { "" };
                format!("\"rolling\" {min_ready} {{ canary {count}{promote}; }}")
            }
            Update::Partition(from) => format!("\"rolling\" partition={from} {min_ready}"),
            Update::Window => {
                let failure = "on-failure=\"rollback\" progress-deadline=\"60s\"";
                format!("\"rolling\" {failure} {min_ready} {{ window \"23:58-00:06\"; }}")
            }
            Update::Rollback => format!("\"rolling\" on-failure=\"rollback\" progress-deadline=\"60s\" {min_ready}"),
        };
        line(text, &format!("    update {update}"));
        line(text, "    grace \"20s\"");
        if self.is_paused {
            line(text, "    paused");
        }
        if self.restarted > 0 {
            line(text, &format!("    restarted \"{}\"", self.restarted));
        }
        if let Some(revisions) = self.revisions {
            line(text, &format!("    revisions {revisions}"));
        }
        if let Some(friend) = &self.friend {
            line(text, &format!("    after \"{friend}\" \"started\""));
        }
        if self.kind == Kind::StatefulSet {
            line(text, "    claim \"data\" size=\"1GiB\"");
        }
    }

    fn write_others(&self, text: &mut String) {
        for role in &self.others {
            match role {
                Role::Init => line(text, "    init \"init\" image=\"app\" pull=\"never\" { command \"setup\"; }"),
                Role::Sidecar => line(text, "    sidecar \"mesh\" image=\"app\" pull=\"never\""),
                Role::Side => line(text, "    container \"side\" image=\"app\" pull=\"never\""),
            }
        }
    }

    fn write_main(&self, text: &mut String) {
        let Self { name, version, starts, is_broken, .. } = self;
        line(text, "    container \"main\" image=\"app\" pull=\"never\" {");
        line(text, &format!("        env {{ VERSION \"{version}\"; STARTS \"{starts}\"; BROKEN \"{is_broken}\"; }}"));
        line(text, "        port \"http\" 8080");
        let handler = match self.probe {
            "exec" => "\"exec\" \"look\"".to_owned(),
            "http" => "\"http\" \"/\" port=\"http\"".to_owned(),
            other => format!("\"{other}\" port=\"http\""),
        };
        line(text, &format!("        readiness {handler} period=\"5s\" failures=2"));
        line(text, &format!("        startup {handler} period=\"2s\" failures=60"));
        line(text, &format!("        liveness {handler} period=\"10s\" failures={LIVENESS_FAILURES}"));
        if self.has_hook {
            line(text, "        post-start \"exec\" \"warm\"");
        }
        if let Some(hook) = self.pre_stop {
            line(text, &format!("        pre-stop {hook}"));
        }
        for (path, kind, mounted) in [(CONFIG, "config", self.config), (SECRET, "secret", self.secret)] {
            let Some((_, on_change)) = mounted else { continue };
            let signal = if on_change == "signal" { " signal=\"HUP\"" } else { "" };
            line(text, &format!("        mount \"{path}\" {kind}=\"{name}\" on-change=\"{on_change}\"{signal}"));
        }
        if let Some(friend) = &self.friend {
            line(text, &format!("        mount \"/etc/friend\" endpoints=\"{friend}\""));
        }
        if self.has_cache {
            line(text, "        mount \"/cache\" empty-dir=\"1GiB\"");
        }
        if self.kind == Kind::StatefulSet {
            line(text, "        mount \"/data\" claim=\"data\"");
        }
        line(text, "    }");
    }
}

fn update(kind: Kind, dice: &mut Dice) -> Update {
    let all: &[Update] = match kind {
        Kind::Deployment => &[
            Update::Rolling("0", "1"),
            Update::Rolling("1", "0"),
            Update::Rolling("\"25%\"", "\"25%\""),
            Update::Rolling("\"100%\"", "\"50%\""),
            Update::Recreate,
            Update::Canary(1, false),
            Update::Window,
            Update::Rollback,
        ],
        Kind::StatefulSet => &[
            Update::Rolling("0", "1"),
            Update::Rolling("0", "2"),
            Update::OnDelete,
            Update::Partition(1),
            Update::Rollback,
        ],
        Kind::DaemonSet => &[Update::Rolling("0", "1"), Update::Rolling("1", "0"), Update::OnDelete, Update::Rollback],
    };
    *dice.one_of(all)
}

fn touch(mounted: &mut Option<(u32, &'static str)>, dice: &mut Dice) {
    match mounted {
        Some((version, _)) => *version += 1,
        None => *mounted = Some((1, *dice.one_of(&ON_CHANGE))),
    }
}

pub(super) fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a text takes all");
}
