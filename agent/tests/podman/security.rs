//! Rights and surroundings, proved on the running process: `/proc/PID` of the node says what the kernel holds it to.

use std::{fs, sync::Arc};

use wlc_plan::{
    name::ReplicaName,
    node_plan::IpFamily,
    quantity::Bytes,
    spec::{
        Access, Device, DeviceFile, Dns, FsGroup, FsGroupChange, HostEntry, Medium, Processes, Profile, Surroundings,
        Ulimit, Users, Whose,
    },
};

use crate::{
    fields::{printed, start},
    machine::Machine,
    real::{RealMachine, on_real_machine, skip},
    requests::{DEAF, Wanted, empty_dir, path},
};

fn scripted(machine: &RealMachine, script: &str) -> Wanted {
    Wanted::new(machine.fleet(), &["sh", "-c", script])
}

fn deaf(machine: &RealMachine) -> Wanted {
    Wanted::new(machine.fleet(), &DEAF)
}

/// A file below `/proc/PID` of the container's main process.
async fn proc(machine: &RealMachine, wanted: &Wanted, file: &str) -> String {
    let pid = pid(machine, &wanted.name()).await;
    fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap().trim().to_owned()
}

async fn pid(machine: &RealMachine, container: &str) -> i64 {
    machine.inspect(container).await["State"]["Pid"].as_i64().unwrap()
}

async fn namespace(machine: &RealMachine, wanted: &Wanted, kind: &str) -> String {
    let pid = pid(machine, &wanted.name()).await;
    fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap().to_string_lossy().into_owned()
}

fn of_the_node(kind: &str) -> String {
    fs::read_link(format!("/proc/self/ns/{kind}")).unwrap().to_string_lossy().into_owned()
}

/// The value behind a word of `/proc/PID/status`.
fn word<'a>(status: &'a str, word: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {word} in {status}")).trim()
}

/// C-325, C-326: further groups are added to those of the user.
#[tokio::test]
async fn the_process_has_its_users_and_groups() {
    on_real_machine("groups", |machine: Arc<RealMachine>| async move {
        let mut wanted = deaf(&machine);
        let security = &mut wanted.container.security;
        (security.user, security.group, security.groups) = (Some(1234), Some(77), vec![4000, 5000]);
        start(&machine, &wanted).await;
        let status = proc(&machine, &wanted, "status").await;
        assert_eq!(word(&status, "Uid"), "1234\t1234\t1234\t1234");
        assert_eq!(word(&status, "Gid"), "77\t77\t77\t77");
        let groups: Vec<&str> = word(&status, "Groups").split_whitespace().collect();
        assert!(groups.contains(&"4000") && groups.contains(&"5000"), "{groups:?}");
    })
    .await;
}

/// P-123: a volume belongs to the group, and new files in it too.
#[tokio::test]
async fn volumes_belong_to_the_group_of_the_pod() {
    on_real_machine("fs group", |machine: Arc<RealMachine>| async move {
        for (replica, medium) in [("web-0", Medium::Disk), ("web-1", Medium::Memory)] {
            let script = "stat -c %g /data; touch /data/new && stat -c %g /data/new; test -g /data && echo inherits";
            let mut wanted = scripted(&machine, script)
                .volume("data", empty_dir(medium, None), "/data", Access::ReadWrite)
                .replica(replica);
            wanted.surroundings.fs_group = Some(FsGroup { group: 4000, change: FsGroupChange::Always });
            let security = &mut wanted.container.security;
            (security.user, security.groups) = (Some(1234), vec![4000]);
            assert_eq!(printed(&machine, &wanted).await, "4000\n4000\ninherits\n", "{medium:?}");
        }
    })
    .await;
}

/// C-333 to C-335.
#[tokio::test]
async fn seccomp_profiles_filter_system_calls() {
    on_real_machine("seccomp", |machine: Arc<RealMachine>| async move {
        let profile = r#"{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            { "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO" } ] }"#;
        fs::create_dir_all(machine.profiles()).unwrap();
        fs::write(machine.profiles().join("no-mkdir.json"), profile).unwrap();
        let local = Profile::Localhost("no-mkdir.json".to_owned());
        let cases =
            [("web-0", Profile::Default, "2"), ("web-1", Profile::Unconfined, "0"), ("web-2", local.clone(), "2")];
        for (replica, seccomp, expected) in cases {
            let mut wanted = deaf(&machine).replica(replica);
            wanted.container.security.seccomp = seccomp;
            start(&machine, &wanted).await;
            assert_eq!(word(&proc(&machine, &wanted, "status").await, "Seccomp"), expected, "{replica}");
        }
        let mut wanted = scripted(&machine, "mkdir /x || echo refused").replica("web-3");
        wanted.container.security.seccomp = local;
        assert!(printed(&machine, &wanted).await.contains("refused"));
    })
    .await;
}

/// A profile that the node does not have is refused by its name, and nothing runs without it.
#[tokio::test]
async fn a_missing_profile_is_refused_by_name() {
    on_real_machine("no profile", |machine: Arc<RealMachine>| async move {
        let mut wanted = deaf(&machine);
        wanted.container.security.seccomp = Profile::Localhost("absent.json".to_owned());
        machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
        machine.podman().make_pod(&wanted.pod()).await.unwrap();
        let refused = machine.podman().run_container(&wanted.run()).await.unwrap_err().to_string();
        assert!(refused.contains("absent.json"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn the_kernel_holds_the_process_to_its_limits() {
    on_real_machine("process", |machine: Arc<RealMachine>| async move {
        let mut wanted = deaf(&machine);
        let process = &mut wanted.container.security.process;
        // Where one limit is named, Podman gives the other a default that not every machine allows.
        let limit = |name: &str, soft, hard| Ulimit { name: name.to_owned(), soft: Some(soft), hard: Some(hard) };
        process.ulimits = vec![limit("nofile", 100, 200), limit("nproc", 4_000, 4_000)];
        (process.pids_limit, process.oom_score, process.umask) = (Some(50), Some(500), Some(0o027));
        start(&machine, &wanted).await;
        let limits = proc(&machine, &wanted, "limits").await;
        let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        assert_eq!(files.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["100", "200"]);
        assert_eq!(proc(&machine, &wanted, "oom_score_adj").await, "500");
        assert_eq!(word(&proc(&machine, &wanted, "status").await, "Umask"), "0027");
        let host = &machine.inspect(&wanted.name()).await["HostConfig"];
        assert_eq!(host["PidsLimit"], 50);
        let script = "i=0; while [ $i -lt 30 ]; do sleep 5 & i=$((i+1)); done; echo done";
        let mut crowd = scripted(&machine, script).replica("web-1");
        crowd.container.security.process.pids_limit = Some(10);
        assert!(!printed(&machine, &crowd).await.contains("done"), "thirty processes where ten are allowed");
    })
    .await;
}

#[tokio::test]
async fn terminals_inputs_and_reapers_are_there_when_asked_for() {
    on_real_machine("terminal", |machine: Arc<RealMachine>| async move {
        // A terminal that closes takes along what nobody has read of it yet: whoever writes last waits for the reader.
        let script = "test -t 0 && echo terminal-$((1 + 1)); echo $(tr '\\0' ' ' < /proc/1/cmdline); sleep 1";
        let mut wanted = scripted(&machine, script);
        let process = &mut wanted.container.security.process;
        (process.tty, process.stdin, process.reaper) = (true, true, true);
        let output = printed(&machine, &wanted).await;
        assert!(output.contains("terminal-2"), "{output}");
        assert!(output.lines().any(|line| line.contains("init")), "the first process is the reaper: {output}");
        let plain = scripted(&machine, script).replica("web-1");
        let output = printed(&machine, &plain).await;
        assert!(!output.contains("terminal-2") && output.starts_with("sh "), "{output}");
    })
    .await;
}

/// C-329 to C-332, C-321.
#[tokio::test]
async fn namespaces_are_the_pods_or_the_nodes() {
    on_real_machine("namespaces", |machine: Arc<RealMachine>| async move {
        let plain = deaf(&machine);
        start(&machine, &plain).await;
        let mut host = deaf(&machine).replica("web-1");
        (host.surroundings.network, host.surroundings.memory) = (Whose::Node, Whose::Node);
        host.surroundings.processes = Processes::Node;
        start(&machine, &host).await;
        for kind in ["net", "ipc", "pid"] {
            assert_eq!(namespace(&machine, &host, kind).await, of_the_node(kind), "{kind}");
            assert_ne!(namespace(&machine, &plain, kind).await, of_the_node(kind), "{kind}");
        }
        assert_eq!(namespace(&machine, &plain, "user").await, of_the_node("user"));
    })
    .await;
}

/// C-241: the containers of a pod see each other's processes where they share them.
#[tokio::test]
async fn processes_are_shared_when_asked_for() {
    on_real_machine("share pid", |machine: Arc<RealMachine>| async move {
        for (replica, processes, is_shared) in [("web-0", Processes::Pod, true), ("web-1", Processes::Container, false)]
        {
            let mut wanted = deaf(&machine).replica(replica);
            wanted.surroundings.processes = processes;
            start(&machine, &wanted).await;
            let infra = machine.infra(&wanted.pod_name()).await;
            let of_infra = fs::read_link(format!("/proc/{}/ns/pid", pid(&machine, &infra).await)).unwrap();
            let own = namespace(&machine, &wanted, "pid").await;
            assert_eq!(own == of_infra.to_string_lossy(), is_shared, "{processes:?}");
        }
    })
    .await;
}

/// C-237, C-239, C-343, C-344: names, resolver, memory and parameters of the kernel.
#[tokio::test]
async fn surroundings_arrive_in_the_pod() {
    on_real_machine("surroundings", |machine: Arc<RealMachine>| async move {
        let script = "hostname; cat /etc/hosts /etc/resolv.conf; df -k /dev/shm | tail -1; \
            cat /proc/sys/net/core/somaxconn /proc/sys/kernel/shm_rmid_forced";
        let mut wanted = scripted(&machine, script);
        wanted.surroundings = Surroundings {
            hostname: Some(ReplicaName::parse("other").unwrap()),
            dns: Dns {
                servers: vec!["192.0.2.53".parse().unwrap()],
                searches: vec!["one.example".to_owned()],
                options: vec!["ndots:2".to_owned()],
            },
            host_entries: vec![
                HostEntry {
                    address: "192.0.2.7".parse().unwrap(),
                    names: vec!["a.example".into(), "b.example".into()],
                },
                HostEntry { address: "2001:db8::7".parse().unwrap(), names: vec!["six.example".to_owned()] },
            ],
            shm_size: Some(Bytes(8 << 20)),
            sysctls: [("net.core.somaxconn", "77"), ("kernel.shm_rmid_forced", "1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ..Surroundings::default()
        };
        let output = printed(&machine, &wanted).await;
        let lines: Vec<Vec<&str>> = output.lines().map(|line| line.split_whitespace().collect()).collect();
        let has = |words: &[&str]| lines.iter().any(|line| line == words);
        assert_eq!(lines[0], ["other"]);
        let stands_for = |address: &str, name: &str| {
            lines.iter().any(|line| line[..].first() == Some(&address) && line.contains(&name))
        };
        assert!(stands_for("192.0.2.7", "a.example") && stands_for("192.0.2.7", "b.example"), "{output}");
        assert!(stands_for("2001:db8::7", "six.example"), "{output}");
        assert!(has(&["nameserver", "192.0.2.53"]) && has(&["options", "ndots:2"]), "{output}");
        assert!(has(&["search", "one.example"]), "{output}");
        assert!(output.contains(" 8192 "), "{output}");
        assert_eq!(lines[lines.len() - 2..], [vec!["77"], vec!["1"]]);
    })
    .await;
}

/// C-338 to C-341, and a bare `/proc`.
#[tokio::test]
async fn users_of_the_pods_own_are_others_than_the_nodes() {
    let has_range =
        fs::read_to_string("/etc/subuid").is_ok_and(|text| text.lines().any(|line| line.starts_with("containers:")));
    if !has_range {
        return skip("user namespaces: /etc/subuid names no range for `containers`");
    }
    on_real_machine("users", |machine: Arc<RealMachine>| async move {
        let mut wanted = deaf(&machine);
        wanted.surroundings.users = Users::Auto;
        start(&machine, &wanted).await;
        assert_ne!(namespace(&machine, &wanted, "user").await, of_the_node("user"));
        assert_ne!(word(&proc(&machine, &wanted, "status").await, "Uid").split('\t').next(), Some("0"));
    })
    .await;
}

/// C-346, C-347: parts of `/proc` are hidden, unless nothing is to be.
#[tokio::test]
async fn proc_is_masked_unless_it_is_not_to_be() {
    on_real_machine("proc mount", |machine: Arc<RealMachine>| async move {
        let script = "grep -c ' /proc/' /proc/self/mountinfo";
        let masked = printed(&machine, &scripted(&machine, script)).await;
        assert_ne!(masked.trim(), "0");
        let mut wanted = scripted(&machine, script).replica("web-1");
        wanted.container.security.unmasked = true;
        assert_eq!(printed(&machine, &wanted).await.trim(), "0");
    })
    .await;
}

#[tokio::test]
async fn a_device_is_there_with_its_permissions() {
    on_real_machine("device", |machine: Arc<RealMachine>| async move {
        let script = "head -c 3 /dev/nought | wc -c; echo x > /dev/nought || echo refused";
        let mut wanted = scripted(&machine, script);
        wanted.container.security.devices = vec![Device::File(DeviceFile {
            path: path("/dev/zero"),
            inside: Some(path("/dev/nought")),
            permissions: Some("rm".to_owned()),
        })];
        let output = printed(&machine, &wanted).await;
        assert!(output.trim_start().starts_with('3'), "{output}");
        let inspected = machine.inspect(&wanted.name()).await;
        assert_eq!(inspected["HostConfig"]["Devices"][0]["PathInContainer"], "/dev/nought", "{inspected}");
    })
    .await;
}

#[tokio::test]
async fn profiles_of_the_kernel_that_is_there_arrive() {
    let has = |module: &str| fs::read_to_string("/sys/kernel/security/lsm").is_ok_and(|all| all.contains(module));
    for module in ["apparmor", "selinux"].into_iter().filter(|module| !has(module)) {
        skip(&format!("profiles: this kernel has no {module}"));
    }
    on_real_machine("profiles", |machine: Arc<RealMachine>| async move {
        let mut wanted = deaf(&machine);
        wanted.container.security.apparmor = Profile::Unconfined;
        start(&machine, &wanted).await;
        assert_eq!(machine.inspect(&wanted.name()).await["State"]["Status"], "running");
    })
    .await;
}
