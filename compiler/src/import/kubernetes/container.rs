//! A container of a pod: image, command, ports, and where its other parts are read.

use super::{
    super::{fields::Fields, kdl::Block, names, report::Report},
    Cx, env, probe, resources,
    security::{self, Defaults},
    volume::Volumes,
};
use crate::{fields::FromScalar, model::image::ImageName, span::Spanned, syntax::Scalar};

/// Ports of a container, by which probes and hooks know them.
#[derive(Debug, Default)]
pub(in super::super) struct Ports {
    list: Vec<Port>,
}

#[derive(Debug)]
struct Port {
    name: String,
    number: i64,
    block: Block,
}

impl Ports {
    /// Takes a port. A name that is taken gets the number behind it.
    pub(in super::super) fn add(&mut self, name: Option<String>, number: i64, protocol: &str) -> &mut Block {
        let wanted = name.unwrap_or_else(|| names::port(number, protocol));
        let is_free = |name: &String| self.list.iter().all(|port| port.name != *name);
        let others = (2..).map(|count| format!("{protocol}-{number}-{count}"));
        let candidates = [wanted, format!("{protocol}-{number}")].into_iter().chain(others);
        let name = candidates.into_iter().find(is_free).unwrap_or_default();
        let mut block = Block::new("port").arg(name.as_str()).arg(number);
        if protocol != "tcp" {
            block.set("protocol", protocol);
        }
        self.list.push(Port { name, number, block });
        &mut self.list.last_mut().expect("a port was just put there").block
    }

    /// The name of the port that a name or a number means; a number that is not declared becomes a port.
    pub(in super::super) fn named(&mut self, port: &str) -> String {
        let Ok(number) = port.parse::<i64>() else { return port.to_owned() };
        if let Some(known) = self.list.iter().find(|known| known.number == number) {
            return known.name.clone();
        }
        self.add(None, number, "tcp");
        self.list.last().map(|port| port.name.clone()).unwrap_or_default()
    }

    /// Takes a port that nothing leads to, where it is not there yet.
    pub(in super::super) fn declare(&mut self, number: i64, protocol: &str) {
        if !self.list.iter().any(|port| port.number == number) {
            self.add(None, number, protocol);
        }
    }

    /// Their blocks.
    pub(in super::super) fn into_blocks(self) -> impl Iterator<Item = Block> {
        self.list.into_iter().map(|port| port.block)
    }
}

/// Reads a container as a block of this word.
pub(super) fn read(
    mut fields: Fields,
    word: &str,
    defaults: &Defaults,
    volumes: &mut Volumes,
    cx: &mut Cx<'_, '_>,
) -> Block {
    let report = &mut cx.import.report;
    let span = fields.span;
    let name = fields.text("name", report);
    let label = name.map_or_else(|| word.to_owned(), |name| names::label(&name, report));
    let mut block = Block::new(word).arg(label.as_str());
    let written = fields.text("image", report).unwrap_or_else(|| Spanned::new(String::new(), span));
    image(&written, &mut block, report);
    start(&mut fields, &mut block, report);
    let mut ports = ports(&mut fields, &mut block, report);
    env::read(&mut fields, &label, &mut block, cx);
    let report = &mut cx.import.report;
    let mut later = Block::new("");
    resources::read(&mut fields, &mut later, report);
    for (theirs, ours) in [("startupProbe", "startup"), ("readinessProbe", "readiness"), ("livenessProbe", "liveness")]
    {
        if let Some(fields) = fields.map(theirs, report) {
            later.push(probe::probe(fields, ours, &mut ports, report));
        }
    }
    hooks(&mut fields, &mut ports, &mut later, report);
    block.push_all(ports.into_blocks());
    block.absorb(later);
    security::container(fields.map("securityContext", report), defaults, &mut block, report);
    volumes.mounts(&mut fields, &mut block, cx);
    end(&mut fields, word, &mut block, &mut cx.import.report);
    fields.close(&mut block, &mut cx.import.report);
    block
}

/// Writes the image; what is no image becomes the name of one that exists nowhere.
pub(in super::super) fn image(written: &Spanned<String>, block: &mut Block, report: &mut Report<'_>) {
    if ImageName::from_scalar(&Scalar::Text(written.value.clone())).is_ok() {
        block.set("image", written.value.as_str());
        return;
    }
    let name = format!("placeholder.invalid/{}", names::plain(&written.value));
    let message = match written.value.as_str() {
        "" => format!("container `{}` has no image: `{name}` is written", block.name()),
        image => format!("`{image}` is no image: `{name}` is written"),
    };
    report.placeholder(written.span, message, "write the image; `wlc build` refuses the placeholder");
    block.set("image", name);
    block.note("no image was written there that could be pulled");
}

fn start(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let pull = match fields.text("imagePullPolicy", report).map(|policy| policy.value).as_deref() {
        Some("Always") => Some("always"),
        Some("Never") => Some("never"),
        Some(_) => Some("if-not-present"),
        None => None,
    };
    if let Some(pull) = pull {
        block.push(Block::new("pull").arg(pull));
    }
    for word in ["command", "args"] {
        let values = fields.texts(word, report);
        if !values.is_empty() {
            block.push(Block::new(word).args(values.into_iter().map(|value| value.value)));
        }
    }
    if let Some(directory) = fields.text("workingDir", report) {
        block.push(Block::new("working-directory").arg(directory.value));
    }
}

fn ports(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) -> Ports {
    let mut ports = Ports::default();
    for mut port in fields.maps("ports", report) {
        let name = port.text("name", report).map(|name| name.value);
        let protocol = port.text("protocol", report).map_or("tcp".to_owned(), |word| word.value.to_lowercase());
        let host = port.whole("hostPort", report).map(|host| host.value);
        let address = port.text("hostIP", report).map(|address| address.value);
        let Some(number) = port.whole("containerPort", report) else {
            report.bad(port.span, "this port has no `containerPort`");
            continue;
        };
        let line = ports.add(name, number.value, &protocol);
        line.set_some("host", host.filter(|host| *host != 0));
        line.set_some("address", address);
        port.close(block, report);
    }
    ports
}

fn hooks(fields: &mut Fields, ports: &mut Ports, block: &mut Block, report: &mut Report<'_>) {
    let Some(mut lifecycle) = fields.map("lifecycle", report) else { return };
    for (theirs, ours) in [("postStart", "post-start"), ("preStop", "pre-stop")] {
        if let Some(hook) = lifecycle.map(theirs, report) {
            block.push(probe::hook(hook, ours, ports, report));
        }
    }
    if let Some(signal) = lifecycle.text("stopSignal", report) {
        block.push(Block::new("stop-signal").arg(signal.value.trim_start_matches("SIG")));
    }
    lifecycle.close(block, report);
}

fn end(fields: &mut Fields, word: &str, block: &mut Block, report: &mut Report<'_>) {
    for flag in ["tty", "stdin"] {
        block.flag(flag, fields.is_set(flag, report));
    }
    fields.leave("stdinOnce", "standard input stays open as long as `stdin` is written", report);
    let mut message = Block::new("termination-message");
    let path = fields.text("terminationMessagePath", report).filter(|path| path.value != "/dev/termination-log");
    message.set_some("path", path.map(|path| path.value));
    if fields.text("terminationMessagePolicy", report).is_some_and(|policy| policy.value != "File") {
        message.set("policy", "logs-on-error");
    }
    block.push_if_any(message);
    let restart = fields.text("restartPolicy", report).filter(|_| word == "container");
    if let Some(restart) = restart {
        block.push(Block::new("restart").arg(super::job::kebab(&restart.value)));
    }
    fields.leave("restartPolicyRules", "rules for single exit codes belong to jobs: `on-exit`", report);
    fields.leave("resizePolicy", "other amounts are a new revision", report);
    fields.leave("volumeDevices", "block devices of claims are not given to containers", report);
}
