//! What a container may do, in Quadlet's keys, or else in options of the command.

use wlc_plan::spec::{Device, Process, Profile, Security, Selinux};

use super::{
    Writing,
    unit::{Key, Unit, Version},
};

const CONTAINER: &str = "Container";

/// Writes what a container may do.
pub(super) fn write(writing: &mut Writing<'_>, name: &str, security: &Security, unit: &mut Unit) {
    let flags = [
        ("ReadOnly", security.read_only_root),
        ("NoNewPrivileges", security.no_new_privileges),
        ("RunInit", security.process.reaper),
    ];
    flags.into_iter().filter(|(_, is_set)| *is_set).for_each(|(key, _)| unit.set(CONTAINER, key, "true"));
    if security.read_only_root {
        unit.set(CONTAINER, "ReadOnlyTmpfs", "false");
    }
    if security.privileged {
        unit.words(CONTAINER, "PodmanArgs", &["--privileged".to_owned()]);
    }
    if security.non_root {
        writing.leave(name, "non-root", "nothing looks at the user of the image; write `User=`");
    }
    users(writing, name, security, unit);
    for (key, names) in [("AddCapability", &security.add_capabilities), ("DropCapability", &security.drop_capabilities)]
    {
        if !names.is_empty() {
            unit.words(CONTAINER, key, names);
        }
    }
    if security.unmasked {
        unit.set(CONTAINER, "Unmask", "ALL");
    }
    profiles(writing, security, unit);
    for device in &security.devices {
        let text = match device {
            Device::File(file) => {
                let parts = [
                    Some(file.path.to_string()),
                    file.inside.as_ref().map(ToString::to_string),
                    file.permissions.clone(),
                ];
                parts.into_iter().flatten().collect::<Vec<_>>().join(":")
            }
            Device::Cdi(name) => name.clone(),
        };
        unit.words(CONTAINER, "AddDevice", &[text]);
    }
    process(&security.process, unit);
}

fn users(writing: &mut Writing<'_>, name: &str, security: &Security, unit: &mut Unit) {
    if let Some(user) = security.user {
        unit.set(CONTAINER, "User", &user.to_string());
    }
    match (security.user, security.group) {
        (Some(_), Some(group)) => unit.set(CONTAINER, "Group", &group.to_string()),
        (None, Some(_)) => writing.leave(name, "group", "Quadlet knows a group only beside `User=`"),
        (_, None) => {}
    }
    for group in &security.groups {
        unit.set_or_option(CONTAINER, Key("GroupAdd", "group-add", Version(5, 1)), &group.to_string());
    }
}

fn profiles(writing: &Writing<'_>, security: &Security, unit: &mut Unit) {
    match &security.seccomp {
        Profile::Default => {}
        Profile::Unconfined => unit.set(CONTAINER, "SeccompProfile", "unconfined"),
        Profile::Localhost(path) => {
            unit.set(CONTAINER, "SeccompProfile", &writing.target.profiles.join(path).display().to_string());
        }
    }
    match &security.apparmor {
        Profile::Default => {}
        Profile::Unconfined => unit.option(CONTAINER, "security-opt", "apparmor=unconfined"),
        Profile::Localhost(name) => unit.option(CONTAINER, "security-opt", &format!("apparmor={name}")),
    }
    let Selinux { user, role, kind, level } = &security.selinux;
    for (key, value) in [("SecurityLabelType", kind), ("SecurityLabelLevel", level)] {
        value.iter().for_each(|value| unit.set(CONTAINER, key, value));
    }
    for (word, value) in [("user", user), ("role", role)] {
        value.iter().for_each(|value| unit.option(CONTAINER, "security-opt", &format!("label={word}:{value}")));
    }
}

fn process(process: &Process, unit: &mut Unit) {
    let Process { ulimits, pids_limit, reaper: _, tty, stdin, oom_score, umask } = process;
    for limit in ulimits {
        let number = |limit: Option<u64>| limit.map_or_else(|| "-1".to_owned(), |limit| limit.to_string());
        let text = format!("{}={}:{}", limit.name, number(limit.soft), number(limit.hard));
        unit.set(CONTAINER, "Ulimit", &text);
    }
    if let Some(limit) = pids_limit {
        unit.set(CONTAINER, "PidsLimit", &limit.to_string());
    }
    for (flag, is_set) in [("--tty", *tty), ("--interactive", *stdin)] {
        if is_set {
            unit.words(CONTAINER, "PodmanArgs", &[flag.to_owned()]);
        }
    }
    if let Some(score) = oom_score {
        unit.option(CONTAINER, "oom-score-adj", &score.to_string());
    }
    if let Some(mask) = umask {
        unit.option(CONTAINER, "umask", &format!("{mask:04o}"));
    }
}
