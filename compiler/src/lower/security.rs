//! What a container may do, and how the kernel treats it. What the container says wins over what the pod says (S-414).

use std::collections::BTreeSet;

use wlc_plan::spec::{Device, DeviceFile, Process, Profile, Security, Selinux, Ulimit};

use crate::{
    checks::files::is_written,
    fields::List,
    model::{
        self,
        container::Container,
        device::DeviceName,
        pod::Pod,
        security::{Capability, Id, ProcMount},
        system::UlimitValue,
    },
    span::Spanned,
};

pub(super) fn security(pod: &Pod, container: &Container) -> Security {
    let own_non_root = is_written(container.non_root.span, container.span);
    let non_root = if own_non_root { &container.non_root } else { &pod.non_root };
    let id =
        |own: &Option<Spanned<Id>>, pods: &Option<Spanned<Id>>| own.as_ref().or(pods.as_ref()).map(|id| id.value.0);
    Security {
        privileged: container.privileged.value,
        read_only_root: container.read_only_root.value,
        no_new_privileges: container.no_new_privileges.value,
        non_root: non_root.value,
        user: id(&container.user, &pod.user),
        group: id(&container.group, &pod.group),
        groups: groups(pod, container),
        add_capabilities: capabilities(container.capabilities.as_ref().map(|found| &found.add)),
        drop_capabilities: capabilities(container.capabilities.as_ref().map(|found| &found.drop)),
        seccomp: profile(container.seccomp.as_ref().or(pod.seccomp.as_ref())),
        apparmor: profile(container.apparmor.as_ref().or(pod.apparmor.as_ref())),
        selinux: container.selinux.as_ref().or(pod.selinux.as_ref()).map(selinux).unwrap_or_default(),
        unmasked: container.proc_mount.as_ref().is_some_and(|proc| proc.value == ProcMount::Unmasked),
        devices: container.devices.iter().map(device).collect(),
        process: process(container),
    }
}

/// The container's own further groups, or the pod's; the group of the pod's volumes is one of them in either case.
fn groups(pod: &Pod, container: &Container) -> Vec<u32> {
    let list = container.groups.as_ref().or(pod.groups.as_ref());
    let written = list.into_iter().flat_map(|list| &list.value).map(|group| group.value.0);
    let mut groups: Vec<u32> = written.chain(pod.fs_group.as_ref().map(|group| group.group.value.0)).collect();
    let mut seen = BTreeSet::new();
    groups.retain(|group| seen.insert(*group));
    groups
}

fn capabilities(list: Option<&List<Capability>>) -> Vec<String> {
    let words = list.into_iter().flatten().flat_map(|list| &list.value);
    let names: BTreeSet<String> = words.map(|word| word.value.0.clone()).collect();
    names.into_iter().collect()
}

fn profile(profile: Option<&Spanned<model::security::Profile>>) -> Profile {
    match profile.map(|profile| &profile.value) {
        None | Some(model::security::Profile::Default) => Profile::Default,
        Some(model::security::Profile::Unconfined) => Profile::Unconfined,
        Some(model::security::Profile::Localhost(name)) => Profile::Localhost(name.clone()),
    }
}

fn selinux(selinux: &model::security::Selinux) -> Selinux {
    let word = |part: &Option<Spanned<model::security::SelinuxWord>>| part.as_ref().map(|part| part.value.0.clone());
    Selinux {
        user: word(&selinux.user),
        role: word(&selinux.role),
        kind: word(&selinux.kind),
        level: word(&selinux.level),
    }
}

fn device(device: &model::device::Device) -> Device {
    match &device.name.value {
        DeviceName::Cdi(name) => Device::Cdi(name.clone()),
        DeviceName::File(path) => Device::File(DeviceFile {
            path: path.clone(),
            inside: device.as_path.as_ref().map(|path| path.value.clone()),
            permissions: device.permissions.as_ref().map(|one| one.value.0.clone()),
        }),
    }
}

fn process(container: &Container) -> Process {
    Process {
        ulimits: container.ulimits.iter().map(ulimit).collect(),
        pids_limit: container.pids_limit.as_ref().map(|limit| limit.value.0),
        reaper: container.reaper.value,
        tty: container.tty.value,
        stdin: container.stdin.value,
        oom_score: container.oom_score_adjust.as_ref().map(|score| score.value.0),
        umask: container.umask.as_ref().map(|umask| umask.value.0),
    }
}

fn ulimit(ulimit: &model::system::Ulimit) -> Ulimit {
    let number = |value: UlimitValue| match value {
        UlimitValue::Number(number) => Some(number),
        UlimitValue::Unlimited => None,
    };
    let hard = ulimit.hard.as_ref().unwrap_or(&ulimit.soft);
    Ulimit { name: ulimit.name.value.word().to_owned(), soft: number(ulimit.soft.value), hard: number(hard.value) }
}
