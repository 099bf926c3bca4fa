//! What a container may do and how the kernel treats it, in Podman's words: pure.

use std::path::Path;

use serde::Serialize;
use wlc_plan::{
    binding::DeviceBinding,
    spec::{Device, DeviceFile, Process, Processes, Profile, Security, Selinux, Surroundings, Ulimit, Whose},
};

use super::{create::image_user_part, surroundings::Namespace};

/// The part of a container's body that speaks of its rights.
#[derive(Debug, Serialize)]
pub(super) struct SecurityBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    privileged: bool,
    read_only_filesystem: bool,
    no_new_privileges: bool,
    cap_add: Vec<String>,
    cap_drop: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seccomp_profile_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apparmor_profile: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    selinux_opts: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmask: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    devices: Vec<DeviceBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pidns: Option<Namespace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipcns: Option<Namespace>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    r_limits: Vec<RLimit>,
    init: bool,
    terminal: bool,
    stdin: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    oom_score_adj: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    umask: Option<String>,
}

#[derive(Debug, Serialize)]
struct DeviceBody {
    path: String,
}

#[derive(Debug, Serialize)]
struct RLimit {
    r#type: String,
    soft: u64,
    hard: u64,
}

/// The rights of a container. `profiles` is the node's folder of seccomp profiles.
pub(super) fn security(
    security: &Security,
    surroundings: &Surroundings,
    image_user: &str,
    profiles: &Path,
) -> SecurityBody {
    let Process { ulimits, pids_limit: _, reaper, tty, stdin, oom_score, umask } = &security.process;
    SecurityBody {
        user: user(security, image_user),
        groups: security.groups.iter().map(ToString::to_string).collect(),
        privileged: security.privileged,
        read_only_filesystem: security.read_only_root,
        no_new_privileges: security.no_new_privileges,
        cap_add: capabilities(&security.add_capabilities),
        cap_drop: capabilities(&security.drop_capabilities),
        seccomp_profile_path: profile(&security.seccomp, |name| profiles.join(name).to_string_lossy().into_owned()),
        apparmor_profile: profile(&security.apparmor, str::to_owned),
        selinux_opts: selinux(&security.selinux),
        unmask: security.unmasked.then_some("ALL").into_iter().collect(),
        devices: security.devices.iter().map(device).collect(),
        pidns: (surroundings.processes == Processes::Node).then_some(Namespace::HOST),
        ipcns: (surroundings.memory == Whose::Node).then_some(Namespace::HOST),
        r_limits: ulimits.iter().map(r_limit).collect(),
        init: *reaper,
        terminal: *tty,
        stdin: *stdin,
        oom_score_adj: *oom_score,
        umask: umask.map(|umask| format!("{umask:04o}")),
    }
}

impl SecurityBody {
    /// The same, with the devices that placement gave the container.
    pub(super) fn with_devices(mut self, bound: &[DeviceBinding]) -> Self {
        let path = |device: &DeviceBinding| {
            let cdi = device.cdi.as_ref().map(ToString::to_string);
            cdi.or_else(|| device.path.as_ref().map(|path| format!("{path}:{path}:rwm")))
        };
        self.devices.extend(bound.iter().filter_map(path).map(|path| DeviceBody { path }));
        self
    }
}

/// `uid[:gid]`. A group alone keeps the image's user. Kubernetes: `runAsUser`, `runAsGroup`.
fn user(security: &Security, image_user: &str) -> Option<String> {
    match (security.user, security.group) {
        (Some(user), Some(group)) => Some(format!("{user}:{group}")),
        (Some(user), None) => Some(user.to_string()),
        (None, Some(group)) => Some(format!("{}:{group}", image_user_part(image_user))),
        (None, None) => None,
    }
}

fn capabilities(names: &[String]) -> Vec<String> {
    let full = |name: &String| if name == "ALL" { name.clone() } else { format!("CAP_{name}") };
    names.iter().map(full).collect()
}

fn profile(profile: &Profile, localhost: impl Fn(&str) -> String) -> Option<String> {
    match profile {
        Profile::Default => None,
        Profile::Unconfined => Some("unconfined".to_owned()),
        Profile::Localhost(name) => Some(localhost(name)),
    }
}

fn selinux(selinux: &Selinux) -> Vec<String> {
    let Selinux { user, role, kind, level } = selinux;
    let parts = [("user", user), ("role", role), ("type", kind), ("level", level)];
    parts.into_iter().filter_map(|(word, part)| part.as_ref().map(|part| format!("{word}:{part}"))).collect()
}

/// Podman reads a device's three parts from its path, and knows a CDI name by its form.
fn device(device: &Device) -> DeviceBody {
    let path = match device {
        Device::Cdi(name) => name.clone(),
        Device::File(DeviceFile { path, inside, permissions }) => {
            let inside = inside.as_ref().unwrap_or(path);
            format!("{path}:{inside}:{}", permissions.as_deref().unwrap_or("rwm"))
        }
    };
    DeviceBody { path }
}

fn r_limit(ulimit: &Ulimit) -> RLimit {
    let number = |limit: Option<u64>| limit.unwrap_or(u64::MAX);
    RLimit { r#type: ulimit.name.clone(), soft: number(ulimit.soft), hard: number(ulimit.hard) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_alone_keeps_the_user_of_the_image() {
        let with = |user, group| Security { user, group, ..Security::default() };
        for (security, image_user, expected) in [
            (with(Some(5), Some(6)), "7:8", Some("5:6")),
            (with(Some(5), None), "7:8", Some("5")),
            (with(None, Some(6)), "7:8", Some("7:6")),
            (with(None, Some(6)), "", Some("0:6")),
            (with(None, None), "7:8", None),
        ] {
            assert_eq!(user(&security, image_user).as_deref(), expected);
        }
    }

    #[test]
    fn what_is_not_said_is_not_sent() {
        let body = security(&Security::default(), &Surroundings::default(), "", Path::new("/profiles"));
        let text = serde_json::to_value(body).unwrap();
        let said: Vec<&String> = text.as_object().unwrap().keys().collect();
        let always = ["cap_add", "cap_drop", "init", "no_new_privileges", "privileged", "read_only_filesystem"];
        assert_eq!(said, always.into_iter().chain(["stdin", "terminal"]).collect::<Vec<_>>());
    }
}
