//! Containers: image, command, and everything else that one of them is given. Each group of fields has a file of its own.

use wlc_plan::name::{AbsolutePath, ContainerName};

use super::{
    amount::Amounts,
    device::Device,
    env::{Env, EnvFrom},
    hook::Hook,
    image::{ImageName, PullWord},
    mount::Mount,
    port::Port,
    probe::Probe,
    security::{Capabilities, Id, ProcMount, Profile, Selinux},
    signal::Signal,
    system::{OomScore, Ulimit, Umask},
};
use crate::fields::value::Whole;

crate::block! {
    /// One container of a pod. `init` and `sidecar` are the same block: an init container runs to its end before what stands
    /// below it starts, and has neither probes nor hooks; a sidecar starts in its turn and stays as long as the pod.
    Container "container" ("containers[]") {
        /// Its name, unique in the pod, init containers and sidecars included.
        name: [required argument] ContainerName, "name" ("name");
        /// The image that it runs.
        image: [required property] ImageName, "image" ("image");
        /// When the image is pulled: `always` for the tag `latest` without a digest, else `if-not-present`.
        pull: [optional property] PullWord, "pull" ("imagePullPolicy");
        /// Replaces the image's entry point and its arguments.
        command: [list] String, "command" ("command");
        /// Replaces the image's arguments.
        args: [list] String, "args" ("args");
        /// The directory in which the command starts.
        working_directory: [optional property] AbsolutePath, "working-directory" ("workingDir");
        /// Environment variables.
        env: [child] Env, "env" ("env");
        /// Environment variables made of all files of a config, or of all keys of a secret. Of equal names `env` wins, then the later one.
        env_from: [children] EnvFrom, "env-from" ("envFrom");
        /// A port that it listens on.
        ports: [children] Port, "port" ("ports");
        /// Something that it sees below a path.
        mounts: [children] Mount, "mount" ("volumeMounts");
        /// What is set aside for it.
        request: [child] Amounts, "request" ("resources.requests");
        /// The most that it may use; without a request, this is the request.
        limit: [child] Amounts, "limit" ("resources.limits");
        /// Until it has passed, the other probes are off.
        startup: [child] Probe, "startup" ("startupProbe");
        /// Its failure makes the replica not ready.
        readiness: [child] Probe, "readiness" ("readinessProbe");
        /// Its failure restarts the container.
        liveness: [child] Probe, "liveness" ("livenessProbe");
        /// Runs right after the start; until it has ended, the container does not count as started. Its failure ends the container.
        post_start: [child] Hook, "post-start" ("lifecycle.postStart");
        /// Runs before the stop signal, inside the pod's `grace`.
        pre_stop: [child] Hook, "pre-stop" ("lifecycle.preStop");
        /// The signal that asks it to end; without it, the image's, else TERM.
        stop_signal: [optional property] Signal, "stop-signal" ("lifecycle.stopSignal");
        /// What follows when it ends; without it, the workload's kind says.
        restart: [optional property] RestartWord, "restart" ("restartPolicy");
        /// Where it leaves its last words.
        termination_message: [child] TerminationMessage, "termination-message" ("terminationMessagePath");
        /// The user that it runs as.
        user: [optional property] Id, "user" ("securityContext.runAsUser");
        /// The group that it runs as.
        group: [optional property] Id, "group" ("securityContext.runAsGroup");
        /// Further groups of its processes.
        groups: [list] Id, "groups" ("securityContext.supplementalGroups");
        /// It is refused to run as user 0.
        non_root: [flag] bool, "non-root" ("securityContext.runAsNonRoot");
        /// It may do everything that root of the node may.
        privileged: [flag] bool, "privileged" ("securityContext.privileged");
        /// It cannot write to its root file system.
        read_only_root: [flag] bool, "read-only-root" ("securityContext.readOnlyRootFilesystem");
        /// None of its processes can gain privileges.
        no_new_privileges: [flag] bool, "no-new-privileges" ("securityContext.allowPrivilegeEscalation");
        /// Capabilities that it gets or loses.
        capabilities: [child] Capabilities, "capabilities" ("securityContext.capabilities");
        /// The filter of its system calls: Podman's own, none, or a file of the node below the folder of profiles.
        seccomp: [optional property] Profile, "seccomp" ("securityContext.seccompProfile");
        /// Its AppArmor profile: Podman's own, none, or one that the node has loaded.
        apparmor: [optional property] Profile, "apparmor" ("securityContext.appArmorProfile");
        /// Its SELinux context.
        selinux: [child] Selinux, "selinux" ("securityContext.seLinuxOptions");
        /// Whether parts of `/proc` are hidden from it.
        proc_mount: [optional property] ProcMount, "proc-mount" ("securityContext.procMount");
        /// A device of the node that it may use.
        devices: [children] Device, "device" ("devices");
        /// A limit of the kernel for each of its processes.
        ulimits: [children] Ulimit, "ulimit" ("");
        /// How many processes and threads it may have.
        pids_limit: [optional property] Whole<1, 4_194_304>, "pids-limit" ("podPidsLimit");
        /// A small process with the number 1 takes in what its processes leave behind.
        reaper: [flag] bool, "reaper" ("");
        /// It gets a terminal.
        tty: [flag] bool, "tty" ("tty");
        /// Its standard input stays open.
        stdin: [flag] bool, "stdin" ("stdin");
        /// How readily the kernel ends it when memory is short; 1000 is first.
        oom_score_adjust: [optional property] OomScore, "oom-score-adjust" ("oom_score_adj");
        /// The permission bits that new files do not get.
        umask: [optional property] Umask, "umask" ("");
    }

    /// Where a container leaves its last words, at most 4096 bytes.
    TerminationMessage "termination-message" ("terminationMessagePath") {
        /// The file in the container.
        path: [default property] AbsolutePath, "path" ("terminationMessagePath"), default "/dev/termination-log";
        /// What counts as last words.
        policy: [default property] MessagePolicy, "policy" ("terminationMessagePolicy"), default "file";
    }
}

crate::choice! {
    /// What follows when a container ends.
    RestartWord {
        /// It is started again.
        Always "always",
        /// It is started again when it failed.
        OnFailure "on-failure",
        /// It stays ended.
        Never "never",
    }

    /// What counts as a container's last words.
    MessagePolicy {
        /// The file.
        File "file",
        /// The end of the log, when the container failed and the file is empty.
        LogsOnError "logs-on-error",
    }
}

impl Container {
    /// Its probes with their words.
    pub fn probes(&self) -> impl Iterator<Item = (&'static str, &Probe)> {
        let all =
            [("startup", &self.startup), ("readiness", &self.readiness), ("liveness", &self.liveness)].into_iter();
        all.filter_map(|(word, probe)| probe.as_ref().map(|probe| (word, probe)))
    }

    /// Its hooks with their words.
    pub fn hooks(&self) -> impl Iterator<Item = (&'static str, &Hook)> {
        let all = [("post-start", &self.post_start), ("pre-stop", &self.pre_stop)].into_iter();
        all.filter_map(|(word, hook)| hook.as_ref().map(|hook| (word, hook)))
    }
}
