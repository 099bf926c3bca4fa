//! The container of a unit.

use super::{
    super::{
        Import,
        bind::Bind,
        compose::{device, readiness, security_option, set_limit, user_and_group},
        kdl::Block,
        kubernetes::{Ports, image, path},
        names, quantity,
        report::Report,
        shell,
    },
    Units,
    pod::{publish, share},
    unit::Unit,
};
use crate::span::Spanned;

const SECTION: &str = "Container";

/// Reads a container. Lines of the workload go into `workload`, those of the pod into `pod`.
pub(super) fn read(
    mut unit: Unit,
    section: &str,
    mut ports: Ports,
    workload: &mut Block,
    pod: &mut Block,
    units: &Units<'_>,
    import: &mut Import<'_>,
) -> Block {
    let owner = names::plain(&unit.stem.value);
    let mut block = Block::new("container").arg(owner.as_str());
    let report = &mut import.report;
    let written = unit.last(section, "Image").unwrap_or_else(|| Spanned::new(String::new(), unit.stem.span));
    let resolved = units.images.get(&written.value).cloned().unwrap_or(written);
    image(&resolved, &mut block, report);
    start(&mut unit, &mut block, report);
    environment(&mut unit, &owner, &mut block, units, import);
    let report = &mut import.report;
    publish(&mut unit, section, &mut ports, report);
    share(&mut unit, section, workload, pod, units, report);
    let mut later = Block::new("");
    health(&mut unit, &mut later, report);
    block.push_all(ports.into_blocks());
    limits(&mut unit, &mut block, report);
    block.absorb(later);
    security(&mut unit, &mut block, pod, report);
    mounts(&mut unit, &owner, &mut block, import);
    secrets(&mut unit, &mut block, import);
    left_out(&mut unit, &mut import.report);
    unit.close(&mut block, &mut import.report);
    block
}

fn start(unit: &mut Unit, block: &mut Block, report: &mut Report<'_>) {
    if let Some(pull) = unit.last(SECTION, "Pull") {
        let word = match pull.value.as_str() {
            "always" | "newer" => "always",
            "never" => "never",
            _ => "if-not-present",
        };
        block.push(Block::new("pull").arg(word));
    }
    for (key, word) in [("Entrypoint", "command"), ("Exec", "args")] {
        let Some(line) = unit.last(SECTION, key) else { continue };
        let is_list = line.value.starts_with('[');
        let words = if is_list { serde_json::from_str(&line.value).ok() } else { shell::words(&line.value) };
        match words {
            Some(words) => block.push(Block::new(word).args::<String>(words)),
            None => report.bad(line.span, "this command line cannot be split into words"),
        }
    }
    if let Some(directory) = unit.last(SECTION, "WorkingDir") {
        block.push(Block::new("working-directory").arg(path(&directory.value)));
    }
}

fn environment(unit: &mut Unit, owner: &str, block: &mut Block, units: &Units<'_>, import: &mut Import<'_>) {
    let mut variables: Vec<(Spanned<String>, String)> = Vec::new();
    for file in unit.all(SECTION, "EnvironmentFile") {
        match units.env_file(&file.value) {
            Some(read) => {
                variables.extend(read.into_iter().map(|(name, value)| (Spanned::new(name, file.span), value)))
            }
            None => {
                let name = file.value.rsplit('/').next().unwrap_or_default().trim_matches('.').to_owned();
                let config = import.set.wants_config(&Spanned::new(format!("{owner}-{name}"), file.span), None);
                let mut line = Block::new("env-from").with("config", config);
                line.note(format!("each variable of {} is a file of this config", file.value));
                block.push(line);
            }
        }
    }
    for word in unit.words(SECTION, "Environment", &mut import.report) {
        match word.value.split_once('=') {
            Some((name, value)) => variables.push((Spanned::new(name.to_owned(), word.span), value.to_owned())),
            None => import.report.bad(word.span, format!("`{}` is no `NAME=value`", word.value)),
        }
    }
    let mut env = Block::new("env");
    for (at, (name, value)) in variables.iter().enumerate() {
        let is_last = !variables[at + 1..].iter().any(|(other, _)| other.value == name.value);
        if is_last && wlc_plan::name::EnvName::parse(&name.value).is_ok() {
            env.push(Block::new(&name.value).arg(value.as_str()));
        } else {
            let why = "it stands there twice, or is no name of a variable here";
            env.note(import.report.not_carried(name.span, &name.value, why));
        }
    }
    block.push_if_any(env);
}

fn time(unit: &mut Unit, key: &str, report: &mut Report<'_>) -> Option<String> {
    let written = unit.last(SECTION, key)?;
    let time = quantity::duration(&written.value);
    if time.is_none() {
        report.bad(written.span, format!("`{}` is no time", written.value));
    }
    time
}

/// The words of a health command, and whether a shell reads them: Podman takes a list in JSON as it is.
fn health_command(text: String) -> (Vec<String>, bool) {
    match serde_json::from_str::<Vec<String>>(&text) {
        Ok(words) if words.len() > 1 => (words, false),
        Ok(_) | Err(_) => (vec![text], true),
    }
}

/// `HealthCmd`: readiness, and liveness too where a failure ends the container.
fn health(unit: &mut Unit, block: &mut Block, report: &mut Report<'_>) {
    let command = unit.last(SECTION, "HealthCmd").filter(|command| command.value != "none");
    let times =
        ["HealthInterval", "HealthTimeout"].map(|key| time(unit, key, report).unwrap_or_else(|| "30s".to_owned()));
    let retries = unit.last(SECTION, "HealthRetries").and_then(|count| count.value.parse().ok());
    let action = unit.last(SECTION, "HealthOnFailure").map(|action| action.value);
    let restarts = action.is_some_and(|action| action != "none");
    let why = "a replica is not ready before its first success, so there is nothing to wait for";
    unit.leave(SECTION, &["HealthStartPeriod"], why, report);
    if let Some(command) = command {
        let (words, in_shell) = health_command(command.value);
        let probe = readiness(&words, in_shell, times, retries);
        if restarts {
            block.push(probe.clone().renamed("liveness"));
        }
        block.push(probe);
    }
    if let Some(command) = unit.last(SECTION, "HealthStartupCmd") {
        let times = ["HealthStartupInterval", "HealthStartupTimeout"]
            .map(|key| time(unit, key, report).unwrap_or_else(|| "30s".to_owned()));
        let retries = unit.last(SECTION, "HealthStartupRetries").and_then(|count| count.value.parse().ok());
        let (words, in_shell) = health_command(command.value);
        block.push(readiness(&words, in_shell, times, retries).renamed("startup"));
    }
    let logs = ["HealthLogDestination", "HealthMaxLogCount", "HealthMaxLogSize", "HealthStartupSuccess"];
    unit.leave(SECTION, &logs, "`wlagent status` says why a replica is not ready", report);
}

fn limits(unit: &mut Unit, block: &mut Block, report: &mut Report<'_>) {
    if let Some(memory) = unit.last(SECTION, "Memory") {
        match quantity::compose_bytes(&memory.value) {
            Some(bytes) => block.push(Block::new("limit").with("memory", bytes)),
            None => report.bad(memory.span, format!("`{}` is no amount of bytes", memory.value)),
        }
    }
    let pids = unit.last(SECTION, "PidsLimit").and_then(|limit| limit.value.parse::<i64>().ok());
    if let Some(limit) = pids.filter(|limit| *limit > 0) {
        block.push(Block::new("pids-limit").arg(limit));
    }
    for limit in unit.all(SECTION, "Ulimit") {
        let (name, values) = limit.value.split_once('=').unwrap_or((&limit.value, ""));
        let mut line = Block::new("ulimit").arg(name);
        for (word, value) in ["soft", "hard"].into_iter().zip(values.split(':')) {
            set_limit(&mut line, word, &Spanned::new(value.to_owned(), limit.span), report);
        }
        block.push(line);
    }
    block.flag("reaper", unit.is_set(SECTION, "RunInit"));
    if let Some(signal) = unit.last(SECTION, "StopSignal") {
        block.push(Block::new("stop-signal").arg(signal.value.trim_start_matches("SIG")));
    }
}

fn security(unit: &mut Unit, block: &mut Block, pod: &mut Block, report: &mut Report<'_>) {
    if let Some(user) = unit.last(SECTION, "User") {
        user_and_group(&user, block, report);
    }
    if let Some(group) = unit.last(SECTION, "Group") {
        match group.value.parse::<i64>() {
            Ok(id) => block.push(Block::new("group").arg(id)),
            Err(_) => {
                block.note(report.not_carried(group.span, &format!("Group={}", group.value), "groups are numbers here"))
            }
        }
    }
    block.flag("read-only-root", unit.is_set(SECTION, "ReadOnly"));
    block.flag("no-new-privileges", unit.is_set(SECTION, "NoNewPrivileges"));
    let mut capabilities = Block::new("capabilities");
    for (key, word) in [("AddCapability", "add"), ("DropCapability", "drop")] {
        let names = unit.words(SECTION, key, report);
        if !names.is_empty() {
            let names = names.iter().map(|name| name.value.to_uppercase().trim_start_matches("CAP_").to_owned());
            capabilities.push(Block::new(word).args(names));
        }
    }
    block.push_if_any(capabilities);
    for (key, option) in [
        ("SeccompProfile", "seccomp="),
        ("AppArmor", "apparmor="),
        ("SecurityLabelType", "label=type:"),
        ("SecurityLabelLevel", "label=level:"),
    ] {
        for value in unit.all(SECTION, key) {
            security_option(&value.map(|value| format!("{option}{value}")), block, report);
        }
    }
    unit.leave(
        SECTION,
        &["SecurityLabelDisable", "SecurityLabelNested", "SecurityLabelFileType"],
        "SELinux stays on where the node has it",
        report,
    );
    unit.leave(SECTION, &["Mask", "Unmask"], "`proc-mount \"unmasked\"` shows all of `/proc`", report);
    for name in unit.words(SECTION, "AddDevice", report) {
        block.push(device(name.value.trim_start_matches('-')));
    }
    for sysctl in unit.words(SECTION, "Sysctl", report) {
        let (name, value) = sysctl.value.split_once('=').unwrap_or((&sysctl.value, ""));
        pod.push(Block::new("sysctl").arg(name).arg(value));
    }
    let groups: Vec<i64> = unit.all(SECTION, "GroupAdd").iter().filter_map(|group| group.value.parse().ok()).collect();
    if !groups.is_empty() {
        pod.push(Block::new("groups").args(groups));
    }
    if unit.last(SECTION, "LogDriver").is_some_and(|driver| driver.value == "journald") {
        pod.push(Block::new("log").arg("journald"));
    }
}

/// A volume of Quadlet: `name.volume` is a named one, and `%h` and the like stand for folders.
pub(super) fn bind(text: &str) -> Bind {
    let mut bind = Bind::parse(text);
    bind.source = bind.source.map(|source| source.strip_suffix(".volume").map(str::to_owned).unwrap_or(source));
    bind
}

fn mounts(unit: &mut Unit, owner: &str, block: &mut Block, import: &mut Import<'_>) {
    for volume in unit.all(SECTION, "Volume") {
        block.push(bind(&volume.value).mount(owner, &volume, import));
    }
    for tmpfs in unit.all(SECTION, "Tmpfs") {
        let (target, options) = tmpfs.value.split_once(':').unwrap_or((&tmpfs.value, ""));
        let size = options.split(',').find_map(|option| option.strip_prefix("size=")).and_then(quantity::compose_bytes);
        let mount = Block::new("mount").arg(path(target));
        block.push(match size {
            Some(size) => mount.with("tmpfs", size),
            None => mount.with("tmpfs", true),
        });
    }
    for mount in unit.all(SECTION, "Mount") {
        let mut bind = Bind { source: None, target: String::new(), read_only: false, options: Vec::new() };
        let mut kind = "volume";
        for option in mount.value.split(',') {
            let (key, value) = option.split_once('=').unwrap_or((option, "true"));
            match key {
                "type" => kind = value,
                "source" | "src" => bind.source = Some(value.trim_end_matches(".volume").to_owned()),
                "destination" | "dst" | "target" => value.clone_into(&mut bind.target),
                "ro" | "readonly" => bind.read_only = value == "true",
                "bind-propagation" => bind.options.push(value.to_owned()),
                _ => bind.options.push(option.to_owned()),
            }
        }
        match kind {
            "tmpfs" => block.push(Block::new("mount").arg(path(&bind.target)).with("tmpfs", true)),
            "image" => {
                block.push(Block::new("mount").arg(path(&bind.target)).with("image", bind.source.unwrap_or_default()))
            }
            _ => block.push(bind.mount(owner, &mount, import)),
        }
    }
}

fn secrets(unit: &mut Unit, block: &mut Block, import: &mut Import<'_>) {
    for written in unit.all(SECTION, "Secret") {
        let mut parts = written.value.split(',');
        let name = Spanned::new(parts.next().unwrap_or_default().to_owned(), written.span);
        let key = names::key(&name.value);
        let label = import.set.wants_secret(&name, Some(&key));
        let (mut kind, mut target, mut mode) = ("mount", None, None);
        for part in parts {
            match part.split_once('=') {
                Some(("type", value)) => kind = value,
                Some(("target", value)) => target = Some(value.to_owned()),
                Some(("mode", value)) => mode = Some(format!("{:0>4}", value.trim_start_matches("0o"))),
                _ => {
                    let note =
                        import.report.not_carried(written.span, part, "files belong to the user of the container");
                    block.note(note);
                }
            }
        }
        if kind == "env" {
            let name = target.unwrap_or_else(|| name.value.clone());
            let line = Block::new(&name).with("secret", label).with("key", key);
            block.child("env").push(line);
            continue;
        }
        let target = target.unwrap_or_else(|| key.clone());
        let whole = if target.starts_with('/') { path(&target) } else { format!("/run/secrets/{target}") };
        let mut mount = Block::new("mount").arg(whole).with("secret", label).with("sub-path", key);
        mount.set_some("mode", mode);
        block.push(mount);
    }
}

fn left_out(unit: &mut Unit, report: &mut Report<'_>) {
    const REASONS: [(&[&str], &str); 8] = [
        (&["ContainerName", "ServiceName"], "containers are called after their replica"),
        (&["AutoUpdate"], "another image is a reviewed change of the file"),
        (&["PodmanArgs", "GlobalArgs", "ContainersConfModule"], "Podman is called by the agent"),
        (&["Notify", "StartWithPod"], "a probe says when a container has started"),
        (&["IP", "IP6", "NetworkAlias"], "addresses are given out by each node"),
        (&["LogOpt", "LogDriver"], "files of output have at most 10 MB"),
        (&["EnvironmentHost", "HttpProxy", "Timezone"], "write the variables that the container needs"),
        (&["ReloadCmd", "ReloadSignal"], "a mounted config with `on-change=\"signal\"` tells its process"),
    ];
    for (keys, why) in REASONS {
        unit.leave(SECTION, keys, why, report);
    }
    unit.leave(
        SECTION,
        &["Rootfs", "ReadOnlyTmpfs", "VolatileTmp", "CgroupsMode", "StopTimeoutSec"],
        "containers are made from images, with cgroups of their own",
        report,
    );
}
