//! Security settings that contradict each other (S-415, S-418), and devices.

use std::collections::BTreeMap;

use super::files::is_written;
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        container::Container,
        device::DeviceName,
        pod::{Pod, UserNamespace},
        security::{Capability, ProcMount, Selinux},
    },
    span::{Span, Spanned},
};

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    for container in pod.all() {
        check_user(pod, container, problems);
        check_privileges(container, problems);
        check_capabilities(container, problems);
        check_proc(pod, container, problems);
        check_devices(container, problems);
        check_selinux(container.selinux.as_ref(), problems);
    }
    check_selinux(pod.selinux.as_ref(), problems);
    check_fs_group(pod, problems);
}

/// S-414, S-415: what the container says wins over what the pod says.
fn check_user(pod: &Pod, container: &Container, problems: &mut Problems) {
    let own = is_written(container.non_root.span, container.span);
    let non_root = if own { &container.non_root } else { &pod.non_root };
    let user = container.user.as_ref().or(pod.user.as_ref());
    if let (true, Some(user)) = (non_root.value, user.filter(|user| user.value.0 == 0)) {
        let diagnostic = Diagnostic::new(Code::Contradiction, "user 0 is root", user.span, "root");
        problems.add(diagnostic.also(non_root.span, "not as root").hint("keep one of them"));
    }
    if let (Some(group), None) = (container.group.as_ref().or(pod.group.as_ref()), user) {
        let diagnostic = Diagnostic::new(Code::MissingValue, "`group` needs `user`", group.span, "of which user?");
        problems.add(diagnostic.hint("write `user=1000` beside it"));
    }
}

fn check_privileges(container: &Container, problems: &mut Problems) {
    if !container.privileged.value {
        return;
    }
    let privileged = container.privileged.span;
    if container.no_new_privileges.value {
        let message = "a privileged container has all privileges already";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, container.no_new_privileges.span, "no effect");
        problems.add(diagnostic.also(privileged, "privileged").hint("keep one of them"));
    }
    let profiles = [
        ("seccomp", container.seccomp.as_ref().map(|one| one.span)),
        ("apparmor", container.apparmor.as_ref().map(|one| one.span)),
    ];
    for (word, span) in profiles.into_iter().filter_map(|(word, span)| span.map(|span| (word, span))) {
        no_effect(&format!("a privileged container runs without `{word}`"), span, privileged, problems);
    }
    let added = container.capabilities.as_ref().and_then(|capabilities| capabilities.add.as_ref());
    if let Some(added) = added {
        no_effect("a privileged container has all capabilities already", added.span, privileged, problems);
    }
}

fn no_effect(message: &str, span: Span, privileged: Span, problems: &mut Problems) {
    let diagnostic = Diagnostic::new(Code::NoEffect, message, span, "no effect");
    problems.add(diagnostic.also(privileged, "privileged").hint("take it out, or take `privileged` out"));
}

/// S-418, S-419.
fn check_capabilities(container: &Container, problems: &mut Problems) {
    let Some(capabilities) = &container.capabilities else { return };
    let added = capabilities.add.as_ref().map_or(&[][..], |list| &list.value);
    let dropped = capabilities.drop.as_ref().map_or(&[][..], |list| &list.value);
    for list in [added, dropped] {
        super::names::twice("capability", list.iter(), problems);
    }
    for add in added {
        if let Some(drop) = dropped.iter().find(|drop| drop.value == add.value) {
            let message = format!("capability `{}` is added and dropped", add.value);
            let diagnostic = Diagnostic::new(Code::Contradiction, message, drop.span, "dropped here");
            problems.add(diagnostic.also(add.span, "added here").hint("keep one of them"));
        }
    }
    let is_strong = |one: &&Spanned<Capability>| matches!(one.value.0.as_str(), "SYS_ADMIN" | "ALL");
    if let (true, Some(strong)) = (container.no_new_privileges.value, added.iter().find(is_strong)) {
        let message = format!("with capability `{}` a process can gain any privilege", strong.value);
        let diagnostic = Diagnostic::new(Code::Contradiction, message, strong.span, "can gain privileges");
        problems.add(diagnostic.also(container.no_new_privileges.span, "must not").hint("keep one of them"));
    }
}

/// S-421: a bare `/proc` only with users of the pod's own.
fn check_proc(pod: &Pod, container: &Container, problems: &mut Problems) {
    let Some(proc) = container.proc_mount.as_ref().filter(|proc| proc.value == ProcMount::Unmasked) else { return };
    if pod.user_namespace.as_ref().is_none_or(|users| users.value != UserNamespace::Auto) {
        let message = "nothing of `/proc` is hidden only where users are the pod's own";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, proc.span, "users are the node's");
        problems.add(diagnostic.hint("write `user-namespace \"auto\"` in the workload, or take it out"));
    }
}

fn check_devices(container: &Container, problems: &mut Problems) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for device in &container.devices {
        let (target, span) = match &device.as_path {
            Some(path) => (path.value.as_str(), path.span),
            None => (device.name.value.as_str(), device.name.span),
        };
        if let Some(first) = seen.insert(target, span) {
            let message = format!("device `{target}` is there twice");
            let diagnostic = Diagnostic::new(Code::DuplicateName, message, span, "again here");
            problems
                .add(diagnostic.also(first, "first here").hint("keep one of them, or name another path with `as=`"));
        }
        let extra = device.as_path.as_ref().map(|one| ("as", one.span));
        let extra = extra.or(device.permissions.as_ref().map(|one| ("permissions", one.span)));
        if let (DeviceName::Cdi(name), Some((word, span))) = (&device.name.value, extra) {
            let message = format!("what `{name}` brings is said by the node: it takes no `{word}`");
            problems.add(Diagnostic::new(Code::Contradiction, message, span, "no effect").hint("take it out"));
        }
    }
}

fn check_selinux(selinux: Option<&Selinux>, problems: &mut Problems) {
    let Some(selinux) = selinux else { return };
    let parts = [&selinux.kind, &selinux.level, &selinux.user, &selinux.role];
    if parts.iter().all(|part| part.is_none()) && !problems.any_error_in(selinux.extent) {
        let diagnostic = Diagnostic::new(Code::MissingValue, "`selinux` says nothing", selinux.span, "no context");
        problems.add(diagnostic.hint("write `type=`, `level=`, `user=` or `role=`"));
    }
}

/// P-123: the files of host paths stay as they are.
fn check_fs_group(pod: &Pod, problems: &mut Problems) {
    let Some(group) = &pod.fs_group else { return };
    let paths = pod.volumes.iter().filter_map(|volume| volume.host_path.as_ref());
    let mounted = pod.all().flat_map(|container| &container.mounts).filter_map(|mount| mount.host_path.as_ref());
    for path in paths.chain(mounted) {
        let message = format!("`{}` is the node's: `fs-group` leaves it as it is", path.value);
        let diagnostic = Diagnostic::new(Code::NoEffect, message, path.span, "keeps its group");
        problems.add(diagnostic.also(group.span, "the group").hint("give the group to it on the node"));
    }
}
