//! The pod template: what all kinds of workloads have in common.

use wlc_plan::{
    name::ReplicaName,
    quantity::{Bytes, Millis},
};

use super::{
    container::Container,
    network::{Dns, HostEntry},
    security::{Id, Profile, Selinux},
    system::Sysctl,
    volume::Volume,
};

crate::block! {
    /// The containers of one replica, sharing network and volumes.
    Pod "pod" ("spec.template.spec") {
        /// A container. They are started in the order of the file.
        containers: [children] Container, "container" ("containers");
        /// A container that runs to its end before what stands below it starts.
        inits: [children] Container, "init" ("initContainers");
        /// A container that starts before those that stand below it and stays as long as the pod.
        sidecars: [children] Container, "sidecar" ("initContainers[].restartPolicy: Always");
        /// A volume that the containers share.
        volumes: [children] Volume, "volume" ("volumes");
        /// How long a stop may take before SIGKILL.
        grace: [default property] Millis, "grace" ("terminationGracePeriodSeconds"), default "30s";
        /// A word that replaces all replicas when it changes, such as a date.
        restarted: [optional property] String, "restarted" ("kubectl.kubernetes.io/restartedAt");
        /// How long a pod of a job may run before it fails.
        pod_deadline: [optional property] Millis, "pod-deadline" ("activeDeadlineSeconds"), not carried out;
        /// It uses the node's network, ports and addresses included.
        host_network: [flag] bool, "host-network" ("hostNetwork");
        /// It sees the node's processes.
        host_pid: [flag] bool, "host-pid" ("hostPID");
        /// It shares memory and semaphores with the node.
        host_ipc: [flag] bool, "host-ipc" ("hostIPC");
        /// Its containers see each other's processes.
        share_pid: [flag] bool, "share-pid" ("shareProcessNamespace");
        /// Its host name; without it, the replica's name.
        hostname: [optional property] ReplicaName, "hostname" ("hostname");
        /// How it finds addresses of names.
        dns: [child] Dns, "dns" ("dnsConfig, dnsPolicy");
        /// A line of its `/etc/hosts`.
        host_entries: [children] HostEntry, "host-entry" ("hostAliases");
        /// The size of `/dev/shm`, which its containers share.
        shm_size: [optional property] Bytes, "shm-size" ("");
        /// A parameter of the kernel that the pod has for itself.
        sysctls: [children] Sysctl, "sysctl" ("securityContext.sysctls");
        /// Whether its users are users of the node, or others that only the pod has.
        user_namespace: [optional property] UserNamespace, "user-namespace" ("hostUsers");
        /// The user that containers run as which do not say it themselves.
        user: [optional property] Id, "user" ("securityContext.runAsUser");
        /// The group that containers run as which do not say it themselves.
        group: [optional property] Id, "group" ("securityContext.runAsGroup");
        /// Further groups of all its processes.
        groups: [list] Id, "groups" ("securityContext.supplementalGroups");
        /// The group that its volumes belong to; host paths stay as they are.
        fs_group: [child] FsGroup, "fs-group" ("securityContext.fsGroup");
        /// Its containers are refused to run as user 0.
        non_root: [flag] bool, "non-root" ("securityContext.runAsNonRoot");
        /// The filter of system calls of containers that do not say it themselves.
        seccomp: [optional property] Profile, "seccomp" ("securityContext.seccompProfile");
        /// The AppArmor profile of containers that do not say it themselves.
        apparmor: [optional property] Profile, "apparmor" ("securityContext.appArmorProfile");
        /// The SELinux context of containers that do not say it themselves.
        selinux: [child] Selinux, "selinux" ("securityContext.seLinuxOptions");
        /// The program of the node that runs the containers.
        runtime: [optional property] RuntimeName, "runtime" ("runtimeClassName"), not carried out;
        /// Where its containers' output goes: files of at most 10 MB, or the node's journal.
        log: [optional property] LogWord, "log" ("");
    }

    /// The group that a pod's volumes belong to, and when it is set.
    FsGroup "fs-group" ("securityContext.fsGroup") {
        /// The group.
        group: [required argument] Id, "group" ("fsGroup");
        /// When the files of a volume are given to it.
        change: [default property] FsGroupChange, "change" ("fsGroupChangePolicy"), default "always";
    }
}

crate::choice! {
    /// Whose users a pod's users are.
    UserNamespace {
        /// Others than the node's, in a range of the pod's own.
        Auto "auto",
        /// The node's.
        Host "host",
    }

    /// When the files of a volume are given to the group.
    FsGroupChange {
        /// At each start.
        Always "always",
        /// When the top directory belongs to another.
        OnRootMismatch "on-root-mismatch",
    }

    /// The program that runs containers.
    RuntimeName { Crun "crun", Runc "runc", Runsc "runsc", Kata "kata" }

    /// Where output goes.
    LogWord {
        /// Files of at most 10 MB.
        File "k8s-file",
        /// The node's journal.
        Journal "journald",
    }
}

/// What a container is in its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It runs to its end before what follows starts.
    Init,
    /// It starts in its turn and stays.
    Sidecar,
    /// One of those that the pod is for.
    Main,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Init, Self::Sidecar, Self::Main];

    /// The word of its block.
    pub fn word(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Sidecar => "sidecar",
            Self::Main => "container",
        }
    }
}

impl Pod {
    /// All containers in the order of their start: init containers and sidecars as the file has them, then the others. What
    /// an overlay or a use of a template adds stands behind what it is laid over, in its own order, wherever it stands in
    /// its file: each layer is an origin of its own, and origins count up from layer to layer, behind all files.
    pub fn in_order(&self) -> Vec<(Role, &Container)> {
        let inits = self.inits.iter().map(|one| (Role::Init, one));
        let mut all: Vec<(Role, &Container)> =
            inits.chain(self.sidecars.iter().map(|one| (Role::Sidecar, one))).collect();
        all.sort_by_key(|(_, container)| container.span);
        all.extend(self.containers.iter().map(|one| (Role::Main, one)));
        all
    }

    /// Containers of any role.
    pub fn all(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().chain(&self.inits).chain(&self.sidecars)
    }
}

#[cfg(test)]
mod tests {
    use crate::{diagnostics::Problems, pipeline, sources::Sources};

    /// Init containers and sidecars of the first workload, in the order of their start.
    fn started(files: &[(&str, &str)], overlay: Option<&str>) -> Vec<String> {
        let mut sources = Sources::default();
        for (path, text) in files {
            sources.add(path, text);
        }
        if let Some(text) = overlay {
            sources.hold("_overlays/prod/a.kdl", Ok(text.to_owned()));
            sources.choose_overlay("prod");
        }
        let front = pipeline::read(sources, Problems::default());
        assert_eq!(front.problems.errors(), 0, "{:#?}", front.problems.sorted());
        let workload = front.repository.workloads.values().next().unwrap();
        let all = workload.pod().in_order().into_iter();
        all.map(|(_, container)| container.name.value.to_string()).filter(|name| name != "main").collect()
    }

    const BASE: &str = "
        // What stands here moves the base behind the overlay, counted in bytes.
        deployment \"web\" {
            sidecar \"one\" image=\"a\"
            init \"two\" image=\"a\"
            container \"main\" image=\"a\"
            sidecar \"three\" image=\"a\"
        }";

    #[test]
    fn what_an_overlay_adds_starts_behind_the_base_in_its_own_order() {
        let over = "deployment \"web\"{sidecar \"z\" image=\"a\"; init \"two\" image=\"b\"; init \"a\" image=\"a\"}";
        assert_eq!(started(&[("web.kdl", BASE)], None), ["one", "two", "three"]);
        assert_eq!(started(&[("web.kdl", BASE)], Some(over)), ["one", "two", "three", "z", "a"]);
        // Files that stand before and behind it change nothing.
        let files = [("a.kdl", "config \"a\" { file \"a\" text=\"a\" }"), ("web.kdl", BASE), ("z.kdl", "node \"n1\"")];
        assert_eq!(started(&files, Some(over)), ["one", "two", "three", "z", "a"]);
    }

    #[test]
    fn layers_of_templates_uses_and_overlays_start_one_behind_the_other() {
        let template = "
            template \"service\" {
                deployment (parameter)\"name\" {
                    init \"one\" image=\"a\"
                    container \"main\" image=\"a\"
                }
            }";
        let outer = "template \"outer\" { service (parameter)\"name\" { sidecar \"two\" image=\"a\"; init \"three\" image=\"a\" } }";
        let uses = "outer \"web\" { init \"four\" image=\"a\"; sidecar \"five\" image=\"a\" }";
        let over = "outer \"web\" { init \"six\" image=\"a\" }
            template \"service\" { deployment (parameter)\"name\" { sidecar \"and-a-half\" image=\"a\" } }";
        let wanted = ["one", "and-a-half", "two", "three", "four", "five", "six"];
        // Whatever order the files are read in.
        let mut files = [("a.kdl", template), ("b.kdl", outer), ("c.kdl", uses)];
        for _ in 0..3 {
            files.rotate_left(1);
            assert_eq!(started(&files, Some(over)), wanted, "{files:?}");
        }
    }
}
