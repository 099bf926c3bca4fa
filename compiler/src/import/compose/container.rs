//! The container of a service: image, command, environment, ports, health, security.

use super::{
    super::{
        Import,
        fields::Fields,
        kdl::Block,
        kubernetes::{Ports, image},
        names,
        publish::{Published, range},
        quantity,
        report::Report,
        shell,
        yaml::{Node, Value},
    },
    File,
    deploy::{Deploy, cpus_and_memory},
    env_file,
    service::{one_or_more, pairs},
};
use crate::span::Spanned;

/// Reads the container of a service.
pub(super) fn read(
    fields: &mut Fields,
    service: &str,
    deploy: &mut Deploy,
    file: &File<'_>,
    import: &mut Import<'_>,
) -> Block {
    let mut block = Block::new("container").arg(service);
    let report = &mut import.report;
    let span = fields.span;
    let is_built = fields.has("build");
    let name = fields.text("image", report).unwrap_or_else(|| Spanned::new(String::new(), span));
    image(&name, &mut block, report);
    if is_built {
        fields.leave("build", "images are built before: write the name of the image", report);
    }
    pull(fields, &mut block, report);
    command(fields, "entrypoint", "command", &mut block, report);
    command(fields, "command", "args", &mut block, report);
    if let Some(directory) = fields.text("working_dir", report) {
        block.push(Block::new("working-directory").arg(directory.value));
    }
    environment(fields, service, &mut block, file, import);
    let report = &mut import.report;
    ports(fields, &mut block, report);
    amounts(fields, deploy, &mut block, report);
    health(fields, &mut block, report);
    if let Some(signal) = fields.text("stop_signal", report) {
        block.push(Block::new("stop-signal").arg(signal.value.trim_start_matches("SIG")));
    }
    security(fields, &mut block, report);
    system(fields, deploy, &mut block, report);
    block
}

fn pull(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let Some(policy) = fields.text("pull_policy", report) else { return };
    match policy.value.as_str() {
        "always" | "never" => block.push(Block::new("pull").arg(policy.value)),
        "missing" | "if_not_present" => block.push(Block::new("pull").arg("if-not-present")),
        other => {
            let note = report.not_carried(policy.span, &format!("pull_policy {other}"), "images are not built here");
            block.note(note);
        }
    }
}

/// A command as a list or as one line.
fn command(fields: &mut Fields, key: &str, word: &str, block: &mut Block, report: &mut Report<'_>) {
    let is_line = fields.peek(key).is_some_and(|node| matches!(node.value, Value::Text { .. }));
    let words = if is_line {
        let Some(line) = fields.text(key, report) else { return };
        match shell::words(&line.value) {
            Some(words) => words,
            None => return report.bad(line.span, "a quote of this command line is not closed"),
        }
    } else {
        fields.texts(key, report).into_iter().map(|word| word.value).collect()
    };
    if !words.is_empty() {
        block.push(Block::new(word).args(words));
    }
}

fn environment(fields: &mut Fields, service: &str, block: &mut Block, file: &File<'_>, import: &mut Import<'_>) {
    let unset = unset(fields.peek("environment"));
    let report = &mut import.report;
    let written = pairs(fields, "environment", report);
    let mut env = Block::new("env");
    let is_written = |name: &str| written.iter().any(|(known, _)| known.value == name);
    for node in files(fields, report) {
        let name = node.value.rsplit('/').next().unwrap_or_default().to_owned();
        let is_it = |path: &str| path == node.value || path.rsplit('/').next() == Some(name.as_str());
        let found = file.sources.iter().find(|(_, source)| is_it(&source.path));
        match found {
            Some((_, source)) => {
                env.note(format!("from {}", node.value));
                let variables = env_file(source.text()).into_iter().filter(|(name, _)| !is_written(name));
                variables.for_each(|(name, value)| {
                    variable(&Spanned::new(name, node.span), value, &mut env, &mut import.report)
                });
            }
            None => {
                let wanted = Spanned::new(format!("{service}-{}", name.trim_matches('.')), node.span);
                let config = import.set.wants_config(&wanted, None);
                let mut line = Block::new("env-from").with("config", config);
                line.note(format!("each variable of {} is a file of this config", node.value));
                block.push(line);
            }
        }
    }
    for (name, value) in written {
        if unset.contains(&name.value) {
            let message = format!("variable `{}` takes its value from the shell: it is written empty", name.value);
            import.report.placeholder(name.span, message, "write the value, or take it from a secret");
        }
        variable(&name, value.value, &mut env, &mut import.report);
    }
    block.push_if_any(env);
}

fn variable(name: &Spanned<String>, value: String, env: &mut Block, report: &mut Report<'_>) {
    if env.blocks().any(|known| known.word() == name.value) {
        env.note(report.not_carried(name.span, &name.value, "this variable stands there twice"));
    } else if wlc_plan::name::EnvName::parse(&name.value).is_ok() {
        env.push(Block::new(&name.value).arg(value));
    } else {
        env.note(report.not_carried(name.span, &name.value, "it is no name of a variable here"));
    }
}

/// Names of variables without a value.
fn unset(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    let without = |item: &Node| item.text().filter(|text| !text.contains('=')).map(str::to_owned);
    let items = node.items().iter().filter_map(without);
    let entries = node.entries().iter().filter(|entry| entry.node.value == Value::Null);
    items.chain(entries.map(|entry| entry.key.value.clone())).collect()
}

/// The paths of `env_file`.
fn files(fields: &mut Fields, report: &mut Report<'_>) -> Vec<Spanned<String>> {
    let is_text = fields.peek("env_file").is_some_and(|node| matches!(node.value, Value::Text { .. }));
    if is_text {
        return fields.text("env_file", report).into_iter().collect();
    }
    let mut paths = Vec::new();
    for node in fields.list("env_file", report) {
        if matches!(node.value, Value::Text { .. }) {
            paths.extend(super::super::fields::text(node, "env_file", report));
        } else {
            let mut long = Fields::of(node, "env_file", report);
            paths.extend(long.text("path", report));
            long.take("required");
            long.leave("format", "a line is `NAME=value`", report);
            long.close(&mut Block::new(""), report);
        }
    }
    paths
}

fn ports(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let mut ports = Ports::default();
    for node in fields.list("ports", report) {
        let is_short = matches!(node.value, Value::Text { .. });
        let (published, name, span) = if is_short {
            let Some(text) = super::super::fields::text(node, "ports", report) else { continue };
            (Published::parse(&text.value), None, text.span)
        } else {
            let span = node.span;
            let (published, name) = long_port(Fields::of(node, "ports", report), block, report);
            (published, name, span)
        };
        match published.filter(Published::fits) {
            Some(published) => published.add(name.as_deref(), &mut ports),
            None => report.bad(span, "this is no published port: write `\"8080:80\"`"),
        }
    }
    for port in fields.texts("expose", report) {
        let (numbers, protocol) = port.value.split_once('/').unwrap_or((&port.value, "tcp"));
        match range(numbers).filter(|(first, last)| last - first < 200) {
            Some((first, last)) => (first..=last).for_each(|number| ports.declare(number, protocol)),
            None => report.bad(port.span, format!("`{}` is no port", port.value)),
        }
    }
    block.push_all(ports.into_blocks());
}

fn long_port(mut port: Fields, block: &mut Block, report: &mut Report<'_>) -> (Option<Published>, Option<String>) {
    let target = port.text("target", report);
    let published = port.text("published", report);
    let address = port.text("host_ip", report).map(|address| address.value);
    let protocol = port.text("protocol", report).map_or("tcp".to_owned(), |word| word.value.to_lowercase());
    let name = port.text("name", report).map(|name| names::plain(&name.value)).filter(|name| name.len() <= 15);
    port.leave("mode", "each replica is reached at its own node", report);
    port.leave("app_protocol", "no proxy stands before a container", report);
    port.close(block, report);
    let host = published.and_then(|text| range(&text.value));
    let container = target.and_then(|text| range(&text.value));
    (container.map(|container| Published { address, host, container, protocol }), name)
}

fn amounts(fields: &mut Fields, deploy: &mut Deploy, block: &mut Block, report: &mut Report<'_>) {
    let mut request = deploy.request.take().unwrap_or_else(|| Block::new("request"));
    let mut limit = deploy.limit.take().unwrap_or_else(|| Block::new("limit"));
    cpus_and_memory(fields, "", "mem_reservation", &mut request, report);
    cpus_and_memory(fields, "cpus", "mem_limit", &mut limit, report);
    if let Some(gpus) = fields.take("gpus") {
        let count = gpus.node.text().and_then(|text| text.parse::<i64>().ok()).unwrap_or(1);
        if gpus.node.text() == Some("all") {
            report.differs(
                gpus.key.span,
                "`gpus: all` becomes one GPU",
                "a build gives out a number of them: write it into `gpu`",
            );
        }
        request.push(Block::new("gpu").arg(count));
    }
    block.push_if_any(request);
    block.push_if_any(limit);
}

/// A health check becomes the readiness probe: nobody restarts a container because of it there either.
fn health(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let Some(mut check) = fields.map("healthcheck", report) else { return };
    let is_off = check.is_set("disable", report);
    let is_line = check.peek("test").is_some_and(|node| matches!(node.value, Value::Text { .. }));
    let test: Vec<String> = if is_line {
        check.text("test", report).into_iter().flat_map(|line| ["CMD-SHELL".to_owned(), line.value]).collect()
    } else {
        check.texts("test", report).into_iter().map(|word| word.value).collect()
    };
    let times = ["interval", "timeout"].map(|key| time(&mut check, key, report).unwrap_or_else(|| "30s".to_owned()));
    let retries = check.whole("retries", report).map(|retries| retries.value);
    let why = "a replica is not ready before its first success, so there is nothing to wait for";
    check.leave_all(&["start_period", "start_interval"], why, report);
    match test.split_first() {
        _ if is_off => block.note("its image's health check was switched off: none is used here"),
        Some((word, words)) if word == "CMD" || word == "CMD-SHELL" => {
            block.push(readiness(words, word == "CMD-SHELL", times, retries));
        }
        Some((word, _)) if word == "NONE" => {}
        Some(_) => report.bad(check.span, "a health check begins with `CMD` or `CMD-SHELL`"),
        None => block.note(report.not_carried(check.span, "healthcheck", "the image's own check is not known here")),
    }
    check.close(block, report);
}

fn time(fields: &mut Fields, key: &str, report: &mut Report<'_>) -> Option<String> {
    let written = fields.text(key, report)?;
    let time = quantity::duration(&written.value);
    if time.is_none() {
        report.bad(written.span, format!("`{}` is no time", written.value));
    }
    time
}

/// A command that must end with 0, as a readiness probe with the times of Docker's health check.
pub(in super::super) fn readiness(
    words: &[String],
    in_shell: bool,
    [period, timeout]: [String; 2],
    failures: Option<i64>,
) -> Block {
    let mut block = Block::new("readiness").arg("exec");
    if in_shell {
        block = block.arg("/bin/sh").arg("-c");
    }
    let mut block = block.args(words.iter().map(String::as_str)).with("period", period).with("timeout", timeout);
    block.set_some("failures", failures.filter(|count| *count != 3 && *count > 0));
    block
}

fn security(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    if let Some(user) = fields.text("user", report) {
        user_and_group(&user, block, report);
    }
    block.flag("privileged", fields.is_set("privileged", report));
    block.flag("read-only-root", fields.is_set("read_only", report));
    let mut capabilities = Block::new("capabilities");
    for (key, word) in [("cap_add", "add"), ("cap_drop", "drop")] {
        let names = fields.texts(key, report);
        if !names.is_empty() {
            let names = names.iter().map(|name| name.value.to_uppercase().trim_start_matches("CAP_").to_owned());
            capabilities.push(Block::new(word).args(names));
        }
    }
    for option in fields.texts("security_opt", report) {
        security_option(&option, block, report);
    }
    block.push_if_any(capabilities);
}

/// `USER[:GROUP]`, both numbers.
pub(in super::super) fn user_and_group(written: &Spanned<String>, block: &mut Block, report: &mut Report<'_>) {
    let parts = written.value.split(':').zip(["user", "group"]);
    for (part, word) in parts {
        match part.parse::<i64>() {
            Ok(id) => block.push(Block::new(word).arg(id)),
            Err(_) => {
                let note =
                    report.not_carried(written.span, &format!("{word} {part}"), "users and groups are numbers here");
                block.note(note);
            }
        }
    }
}

/// A line of `security_opt`.
pub(in super::super) fn security_option(option: &Spanned<String>, block: &mut Block, report: &mut Report<'_>) {
    let (name, value) = option.value.split_once([':', '=']).unwrap_or((&option.value, "true"));
    match (name, value) {
        ("no-new-privileges", "true") => block.push(Block::new("no-new-privileges")),
        ("no-new-privileges", _) => {}
        ("seccomp" | "apparmor", "unconfined") => block.push(Block::new(name).arg("unconfined")),
        ("seccomp" | "apparmor", profile) => {
            let profile = profile.rsplit('/').next().unwrap_or(profile);
            block.push(Block::new(name).arg(format!("localhost/{profile}")));
        }
        ("label", label) => {
            let (key, value) = label.split_once([':', '=']).unwrap_or((label, ""));
            let word = ["type", "level", "user", "role"].into_iter().find(|word| *word == key);
            match word {
                Some(word) => block.child("selinux").set(word, value),
                None => {
                    block.note(report.not_carried(option.span, &option.value, "SELinux stays on where the node has it"))
                }
            }
        }
        _ => block.note(report.not_carried(option.span, &option.value, "no such option is known")),
    }
}

fn system(fields: &mut Fields, deploy: &Deploy, block: &mut Block, report: &mut Report<'_>) {
    for device in fields.list("devices", report) {
        let Some(device) = super::super::fields::text(device, "devices", report) else { continue };
        block.push(self::device(&device.value));
    }
    if let Some(limits) = fields.map("ulimits", report) {
        for entry in limits.into_entries() {
            block.push(ulimit(&entry.key.value, entry.node, report));
        }
    }
    let pids = fields.whole("pids_limit", report).map(|pids| pids.value).or(deploy.pids);
    if let Some(pids) = pids.filter(|pids| *pids > 0) {
        block.push(Block::new("pids-limit").arg(pids));
    }
    for (key, word) in [("init", "reaper"), ("tty", "tty"), ("stdin_open", "stdin")] {
        block.flag(word, fields.is_set(key, report));
    }
    if let Some(score) = fields.whole("oom_score_adj", report) {
        block.push(Block::new("oom-score-adjust").arg(score.value));
    }
    fields.leave("oom_kill_disable", "a container that needs more than its limit is ended", report);
    fields.leave("device_cgroup_rules", "devices are named with `device`", report);
    for runtime in one_or_more(fields, "runtime", report) {
        if runtime.value == "nvidia" {
            block.note(report.not_carried(runtime.span, "runtime nvidia", "a GPU comes with `request { gpu 1 }`"));
        } else {
            block.note(report.not_carried(runtime.span, "runtime", "write `runtime` at the workload"));
        }
    }
}

/// `HOST[:CONTAINER[:PERMISSIONS]]`, or a CDI name.
pub(in super::super) fn device(text: &str) -> Block {
    let mut parts = text.split(':');
    let source = parts.next().unwrap_or_default();
    let mut line = Block::new("device").arg(source);
    let mut target = parts.next();
    let mut permissions = parts.next();
    if target.is_some_and(|target| !target.starts_with('/')) {
        permissions = target.take();
    }
    line.set_some("as", target.filter(|target| *target != source));
    line.set_some("permissions", permissions.filter(|letters| *letters != "rwm"));
    line
}

fn ulimit(name: &str, node: Node, report: &mut Report<'_>) -> Block {
    let mut line = Block::new("ulimit").arg(name);
    if matches!(node.value, Value::Text { .. }) {
        let span = node.span;
        let text = node.text().unwrap_or_default().to_owned();
        set_limit(&mut line, "soft", &Spanned::new(text, span), report);
        return line;
    }
    let mut fields = Fields::of(node, "ulimits", report);
    for word in ["soft", "hard"] {
        if let Some(text) = fields.text(word, report) {
            set_limit(&mut line, word, &text, report);
        }
    }
    fields.close(&mut line, report);
    line
}

/// A number, or `-1` for none.
pub(in super::super) fn set_limit(
    line: &mut Block,
    word: &'static str,
    written: &Spanned<String>,
    report: &mut Report<'_>,
) {
    match written.value.parse::<i64>() {
        Ok(-1) => line.set(word, "unlimited"),
        Ok(number) => line.set(word, number),
        Err(_) => report.bad(written.span, format!("`{}` is no limit", written.value)),
    }
}
