//! Security contexts. Users and groups of the pod are written at each container that says nothing else.

use super::super::{fields::Fields, kdl::Block, report::Report};

/// What the containers of a pod are by default.
#[derive(Debug, Clone, Default)]
pub(super) struct Defaults {
    user: Option<i64>,
    group: Option<i64>,
    non_root: bool,
}

/// The security context of a pod. What containers inherit is given back.
pub(super) fn pod(mut context: Fields, block: &mut Block, report: &mut Report<'_>) -> Defaults {
    let defaults = Defaults {
        user: context.whole("runAsUser", report).map(|user| user.value),
        group: context.whole("runAsGroup", report).map(|group| group.value),
        non_root: context.is_set("runAsNonRoot", report),
    };
    let groups = context.texts("supplementalGroups", report);
    let groups: Vec<i64> = groups.iter().filter_map(|group| group.value.parse().ok()).collect();
    if !groups.is_empty() {
        block.push(Block::new("groups").args(groups));
    }
    context.leave(
        "supplementalGroupsPolicy",
        "groups of the image's user are kept, as Kubernetes' `Merge` does",
        report,
    );
    let change = context.text("fsGroupChangePolicy", report);
    if let Some(group) = context.whole("fsGroup", report) {
        let mut line = Block::new("fs-group").arg(group.value);
        if change.is_some_and(|change| change.value == "OnRootMismatch") {
            line.set("change", "on-root-mismatch");
        }
        block.push(line);
    }
    for mut sysctl in context.maps("sysctls", report) {
        let parts = ["name", "value"].map(|key| sysctl.text(key, report).map(|text| text.value).unwrap_or_default());
        block.push(Block::new("sysctl").args(parts));
    }
    profiles(&mut context, block, report);
    context.leave("windowsOptions", "nodes run Linux", report);
    context.leave("seLinuxChangePolicy", "volumes are labelled when they are mounted", report);
    context.close(block, report);
    defaults
}

/// The security context of a container.
pub(super) fn container(context: Option<Fields>, defaults: &Defaults, block: &mut Block, report: &mut Report<'_>) {
    let Some(mut context) = context else { return identity(defaults.clone(), block) };
    let own = |written: Option<i64>, default: Option<i64>| written.or(default);
    let user = context.whole("runAsUser", report).map(|user| user.value);
    let group = context.whole("runAsGroup", report).map(|group| group.value);
    let non_root = context.flag("runAsNonRoot", report).map_or(defaults.non_root, |flag| flag.value);
    let identity_of = Defaults { user: own(user, defaults.user), group: own(group, defaults.group), non_root };
    identity(identity_of, block);
    for (theirs, ours) in [("privileged", "privileged"), ("readOnlyRootFilesystem", "read-only-root")] {
        block.flag(ours, context.is_set(theirs, report));
    }
    let escalation = context.flag("allowPrivilegeEscalation", report);
    block.flag("no-new-privileges", escalation.is_some_and(|flag| !flag.value));
    if let Some(mut capabilities) = context.map("capabilities", report) {
        let mut lines = Block::new("capabilities");
        for word in ["add", "drop"] {
            let names = capabilities.texts(word, report);
            if !names.is_empty() {
                let names = names.iter().map(|name| name.value.trim_start_matches("CAP_"));
                lines.push(Block::new(word).args(names));
            }
        }
        capabilities.close(&mut lines, report);
        block.push_if_any(lines);
    }
    profiles(&mut context, block, report);
    if context.text("procMount", report).is_some_and(|mount| mount.value == "Unmasked") {
        block.push(Block::new("proc-mount").arg("unmasked"));
    }
    context.leave("windowsOptions", "nodes run Linux", report);
    context.close(block, report);
}

fn identity(identity: Defaults, block: &mut Block) {
    for (word, id) in [("user", identity.user), ("group", identity.group)] {
        if let Some(id) = id {
            block.push(Block::new(word).arg(id));
        }
    }
    block.flag("non-root", identity.non_root);
}

/// Profiles of seccomp, AppArmor and SELinux.
fn profiles(context: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    for (theirs, ours) in [("seccompProfile", "seccomp"), ("appArmorProfile", "apparmor")] {
        let Some(mut profile) = context.map(theirs, report) else { continue };
        let name = profile.text("localhostProfile", report).map(|name| name.value).unwrap_or_default();
        let word = match profile.text("type", report).map(|kind| kind.value).as_deref() {
            Some("Localhost") => format!("localhost/{name}"),
            Some("Unconfined") => "unconfined".to_owned(),
            Some(_) | None => "default".to_owned(),
        };
        block.push(Block::new(ours).arg(word));
        profile.close(block, report);
    }
    if let Some(mut selinux) = context.map("seLinuxOptions", report) {
        let mut line = Block::new("selinux");
        for word in ["type", "level", "user", "role"] {
            line.set_some(word, selinux.text(word, report).map(|value| value.value));
        }
        selinux.close(&mut line, report);
        block.push_if_any(line);
    }
}
