//! What lasts and what is given: claims, named volumes, files of secrets, parts of volumes, paths and cores of the node.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use wlagent::{
    action::{ContentSignal, FilesSwap, NodeNeeds},
    files::{Bytes, EnvPart, File, Files, Owner, SecretKey},
    podman::{PodmanError, labels::ClaimLabels},
};
use wlc_plan::{
    binding::CoreSet,
    name::{FileKey, ReplicaName, SecretName, VolumeName},
    node_plan::IpFamily,
    spec::{Access, HugePages, Medium, NodePath, PathKind, VolumeSource},
};

use crate::{
    fields::{printed, start},
    machine::Machine,
    real::{RealMachine, on_real_machine, skip},
    requests::{DEAF, Wanted, empty_dir, image, path},
};

fn scripted(machine: &RealMachine, script: &str) -> Wanted {
    Wanted::new(machine.fleet(), &["sh", "-c", script])
}

fn key(key: &str, optional: bool) -> SecretKey {
    SecretKey {
        secret: SecretName::parse("db").unwrap(),
        key: FileKey::parse(key).unwrap(),
        version: Some("1".to_owned()),
        optional,
    }
}

fn secret_file(at: &str, of: &str, mode: Option<u16>) -> File {
    File { path: at.to_owned(), mode, bytes: Bytes::Secret(key(of, false)) }
}

fn files(list: Vec<File>) -> Files {
    Files { path: path("/run/secrets/db"), mode: 0o440, owner: Owner::default(), files: list }
}

/// C-041, P-048: the data of a claim outlive its pod, and go only by a word of their own.
#[tokio::test]
async fn a_claim_outlives_its_pod_until_it_is_removed() {
    on_real_machine("claim", |machine: Arc<RealMachine>| async move {
        let first = scripted(&machine, "echo kept > /data/note").claim("data", "/data");
        printed(&machine, &first).await;
        machine.podman().remove_pod(&first.pod_name()).await.unwrap();
        let second = scripted(&machine, "cat /data/note").claim("data", "/data");
        assert_eq!(printed(&machine, &second).await, "kept\n");
        machine.podman().remove_pod(&second.pod_name()).await.unwrap();
        let (replica, claim) = (ReplicaName::parse("web-0").unwrap(), VolumeName::parse("data").unwrap());
        let name = ClaimLabels::new(machine.fleet(), &replica, &claim).volume_name();
        assert!(machine.podman().observe().await.unwrap().volumes.contains(&name));
        machine.podman().remove_claim(&replica, &claim).await.unwrap();
        machine.podman().remove_claim(&replica, &claim).await.unwrap();
        assert!(machine.podman().observe().await.unwrap().volumes.is_empty());
    })
    .await;
}

/// Two replicas see one named volume; a program without root may write to it.
#[tokio::test]
async fn a_named_volume_is_shared_by_replicas() {
    on_real_machine("named volume", |machine: Arc<RealMachine>| async move {
        let shared = || VolumeSource::Named(VolumeName::parse("shared").unwrap());
        let writes = scripted(&machine, "echo seen > /s/note").volume("s", shared(), "/s", Access::ReadWrite);
        printed(&machine, &writes).await;
        let reads = scripted(&machine, "cat /s/note").volume("s", shared(), "/s", Access::ReadOnly).replica("web-1");
        assert_eq!(printed(&machine, &reads).await, "seen\n");
    })
    .await;
}

/// C-405 to C-410, S-383: keys are files in memory, with mode and owner; nothing of them lies on the node's disk.
#[tokio::test]
async fn secrets_are_files_in_memory() {
    on_real_machine("secrets", |machine: Arc<RealMachine>| async move {
        machine.write_secret("db", "password", b"hunter2\n");
        let script = "cat /run/secrets/db/deep/pw; stat -L -c '%a %u %g' /run/secrets/db/deep/pw; \
            stat -f -c %T /run/secrets/db; touch /run/secrets/db/x || echo read-only";
        let mut given = files(vec![secret_file("deep/pw", "password", Some(0o400))]);
        given.owner = Owner { user: Some(1234), group: Some(77) };
        let mut wanted = scripted(&machine, script).files(given);
        (wanted.container.security.user, wanted.container.security.group) = (Some(1234), Some(77));
        let output = printed(&machine, &wanted).await;
        assert!(output.starts_with("hunter2\n400 1234 77\ntmpfs\n"), "{output}");
        assert!(output.contains("read-only"), "{output}");
        let on_disk = machine.disk_holds("hunter2");
        assert!(!on_disk, "the bytes lie below the agent's state");
        machine.podman().remove_pod(&wanted.pod_name()).await.unwrap();
        assert!(!machine.memory().join(machine.fleet().as_str()).join("pods").join(wanted.pod_name()).exists());
    })
    .await;
}

/// C-411, C-412: a missing key is an error that names it, unless it may be missing.
#[tokio::test]
async fn a_missing_secret_is_named() {
    on_real_machine("no secret", |machine: Arc<RealMachine>| async move {
        let wanted = scripted(&machine, "ls /run/secrets/db | wc -l");
        let needs = wanted.clone().files(files(vec![secret_file("pw", "password", None)]));
        machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
        machine.podman().make_pod(&needs.pod()).await.unwrap();
        let refused = machine.podman().run_container(&needs.run()).await;
        let Err(PodmanError::NoSecret { secret, key: missing, why }) = refused else { panic!("{refused:?}") };
        assert_eq!((secret.as_str(), missing.as_str()), ("db", "password"));
        assert!(why.contains("db/password"), "{why}");
        let optional = File { path: "pw".to_owned(), mode: None, bytes: Bytes::Secret(key("password", true)) };
        let may_do_without = wanted.files(files(vec![optional])).replica("web-1");
        assert_eq!(printed(&machine, &may_do_without).await.trim(), "0");
    })
    .await;
}

/// Bytes that changed without a new version are told, and used at the next start.
#[tokio::test]
async fn changed_bytes_are_told_and_used_at_the_next_start() {
    on_real_machine("stale secret", |machine: Arc<RealMachine>| async move {
        machine.write_secret("db", "password", b"one\n");
        let script = "cat /run/secrets/db/pw; sleep 1000";
        let wanted = scripted(&machine, script).files(files(vec![secret_file("pw", "password", None)]));
        start(&machine, &wanted).await;
        let stale = || async { machine.podman().observe().await.unwrap().pods[0].stale.clone() };
        assert!(stale().await.is_empty());
        machine.write_secret("db", "password", b"two\n");
        assert_eq!(stale().await.into_iter().collect::<Vec<_>>(), [SecretName::parse("db").unwrap()]);
        let next = wanted.attempt(1);
        machine.podman().run_container(&next.run()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        assert_eq!(machine.podman().logs(&next.name(), 10).await.unwrap(), "two\n");
        assert!(stale().await.is_empty());
    })
    .await;
}

/// C-310, C-311: a variable may hold a secret, also in the middle of a text.
#[tokio::test]
async fn a_variable_holds_a_secret() {
    on_real_machine("secret variable", |machine: Arc<RealMachine>| async move {
        machine.write_secret("db", "password", b"hunter2");
        let wanted = scripted(&machine, "echo $URL; echo ${ABSENT-unset}");
        machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
        machine.podman().make_pod(&wanted.pod()).await.unwrap();
        let mut run = wanted.run();
        let text = |text: &str| EnvPart::Text(text.to_owned());
        let url = vec![text("me:"), EnvPart::Secret(key("password", false)), text("@db")];
        run.env = vec![("URL".to_owned(), url), ("ABSENT".to_owned(), vec![EnvPart::Secret(key("none", true))])];
        machine.podman().run_container(&run).await.unwrap();
        assert_eq!(machine.output(&wanted.name()).await, "me:hunter2@db\nunset\n");
    })
    .await;
}

/// C-395, C-400, C-425: several sources lie in one folder, and a swap of them is seen by the running container.
#[tokio::test]
async fn files_of_several_sources_are_swapped_together() {
    on_real_machine("files", |machine: Arc<RealMachine>| async move {
        machine.write_secret("db", "password", b"pw\n");
        let script = "trap 'cat /run/secrets/db/*; exit' HUP; cat /run/secrets/db/*; while :; do sleep 0.05; done";
        let text = |text: &str| File { path: "name".to_owned(), mode: None, bytes: Bytes::Text(text.to_owned()) };
        let given = |name: &str| files(vec![text(name), secret_file("pw", "password", None)]);
        let wanted = scripted(&machine, script).files(given("old\n"));
        start(&machine, &wanted).await;
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let recorded = || async { machine.podman().observe().await.unwrap().pods[0].contents.clone() };
        let place = (wanted.container.name.clone(), path("/run/secrets/db"));
        assert_eq!(recorded().await.get(&place), Some(&given("old\n").digest()));
        let signal = ContentSignal { container: wanted.name(), signal: "HUP".to_owned() };
        let swap = FilesSwap {
            pod: wanted.pod_name(),
            container: wanted.container.name.clone(),
            files: given("new\n"),
            signal: Some(signal),
        };
        machine.podman().swap_files(&swap).await.unwrap();
        assert_eq!(machine.output(&wanted.name()).await, "old\npw\nnew\npw\n");
        assert_eq!(recorded().await.get(&place), Some(&given("new\n").digest()));
    })
    .await;
}

/// C-365 to C-372, S-392: a part of a volume is made where it is not there, and a link in its place is not followed.
#[tokio::test]
async fn a_part_of_a_volume_is_mounted() {
    on_real_machine("sub path", |machine: Arc<RealMachine>| async move {
        let with_part = |script: &str, part: &str, replica| {
            let disk = empty_dir(Medium::Disk, None);
            let mut wanted =
                scripted(&machine, script).volume("data", disk, "/part", Access::ReadWrite).replica(replica);
            wanted.container.mounts[0].view.sub_path = Some(part.to_owned());
            wanted
        };
        let mut wanted = with_part("echo in > /part/note; ls /whole/a/b", "a/b", "web-0");
        let whole = wanted.container.mounts[0].clone();
        wanted.container.mounts.push(wlc_plan::spec::Mount::new(path("/whole"), whole.source, Access::ReadWrite));
        assert_eq!(printed(&machine, &wanted).await, "note\n");
        let planted = scripted(&machine, "ln -s / /data/link").replica("web-1").volume(
            "data",
            empty_dir(Medium::Disk, None),
            "/data",
            Access::ReadWrite,
        );
        printed(&machine, &planted).await;
        let mut escapes = planted.clone().attempt(1);
        escapes.container.mounts[0].view.sub_path = Some("link/etc".to_owned());
        let mut run = escapes.run();
        run.pod = planted.labels();
        let refused = machine.podman().run_container(&run).await.unwrap_err().to_string();
        assert!(refused.contains("link"), "{refused}");
    })
    .await;
}

/// C-373 to C-384, S-379: what must be there is looked at, and made where it is to be made.
#[tokio::test]
async fn paths_of_the_node_are_looked_at() {
    on_real_machine("path kinds", |machine: Arc<RealMachine>| async move {
        let folder = machine.state.path().join("paths");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("file"), "x").unwrap();
        let check = |name: &str, kind: PathKind| {
            let at = path(folder.join(name).to_str().unwrap());
            let needs = NodeNeeds { paths: vec![NodePath { path: at, kind }], ..NodeNeeds::default() };
            let machine = Arc::clone(&machine);
            async move { machine.podman().check_node(&needs).await.map_err(|error| error.to_string()) }
        };
        assert_eq!(check("file", PathKind::File).await, Ok(()));
        assert_eq!(check("made/deep", PathKind::DirectoryOrCreate).await, Ok(()));
        assert_eq!(check("made/file", PathKind::FileOrCreate).await, Ok(()));
        assert!(folder.join("made/deep").is_dir() && folder.join("made/file").is_file());
        for (name, kind, word) in [
            ("none", PathKind::Directory, "directory"),
            ("file", PathKind::Directory, "directory"),
            ("made", PathKind::File, "file"),
            ("file", PathKind::Socket, "socket"),
            ("file", PathKind::CharDevice, "character device"),
            ("file", PathKind::BlockDevice, "block device"),
        ] {
            let refused = check(name, kind).await.unwrap_err();
            assert!(refused.contains(word) && refused.contains(name), "{refused}");
        }
    })
    .await;
}

/// A device or CDI name that the node does not have is refused before anything is made.
#[tokio::test]
async fn missing_devices_are_named() {
    on_real_machine("devices", |machine: Arc<RealMachine>| async move {
        let needs = |devices: &[&str], cdi: &[&str]| NodeNeeds {
            devices: devices.iter().map(|device| path(device)).collect(),
            cdi: cdi.iter().map(|&name| name.to_owned()).collect(),
            ..NodeNeeds::default()
        };
        machine.podman().check_node(&needs(&["/dev/null"], &[])).await.unwrap();
        let refused = machine.podman().check_node(&needs(&["/dev/no-such"], &[])).await.unwrap_err().to_string();
        assert!(refused.contains("/dev/no-such") && refused.contains("wlagent facts"), "{refused}");
        let refused =
            machine.podman().check_node(&needs(&[], &["vendor.example/gpu=0"])).await.unwrap_err().to_string();
        assert!(refused.contains("vendor.example/gpu"), "{refused}");
    })
    .await;
}

/// C-424, S-388: the files of an image, which cannot be written.
#[tokio::test]
async fn an_image_is_a_volume() {
    on_real_machine("image volume", |machine: Arc<RealMachine>| async move {
        let source = VolumeSource::Image(image("localhost/busybox:1"));
        let script = "ls /img/bin | grep -c busybox; touch /img/x || echo read-only";
        let wanted = scripted(&machine, script).volume("img", source, "/img", Access::ReadOnly);
        let output = printed(&machine, &wanted).await;
        assert!(output.starts_with('1') && output.contains("read-only"), "{output}");
    })
    .await;
}

/// Cores that placement gave a replica are the only ones that it runs on.
#[tokio::test]
async fn a_container_runs_on_its_cores() {
    on_real_machine("cores", |machine: Arc<RealMachine>| async move {
        let mut wanted = Wanted::new(machine.fleet(), &DEAF);
        wanted.cores = CoreSet::new([0]);
        start(&machine, &wanted).await;
        let pid = machine.inspect(&wanted.name()).await["State"]["Pid"].as_i64().unwrap();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
        assert_eq!(allowed.trim(), "0");
    })
    .await;
}

/// S-350: the NUMA nodes that placement names are the only ones whose memory it uses.
#[tokio::test]
async fn a_container_uses_the_memory_of_its_numa_nodes() {
    on_real_machine("numa", |machine: Arc<RealMachine>| async move {
        let mut wanted = Wanted::new(machine.fleet(), &DEAF);
        (wanted.cores, wanted.numa) = (CoreSet::new([0]), CoreSet::new([0]));
        start(&machine, &wanted).await;
        let inspected = machine.inspect(&wanted.name()).await;
        assert_eq!(inspected["HostConfig"]["CpusetMems"], "0");
        let pid = inspected["State"]["Pid"].as_i64().unwrap();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let allowed = status.lines().find_map(|line| line.strip_prefix("Mems_allowed_list:")).unwrap();
        assert_eq!(allowed.trim(), "0");
    })
    .await;
}

/// S-352: huge pages are limited by size, where the kernel has them.
#[tokio::test]
async fn huge_pages_are_limited_by_size() {
    let test = "huge_pages_are_limited_by_size";
    let said = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
    if !std::path::Path::new("/sys/fs/cgroup/hugetlb").is_dir() && !said.contains("hugetlb") {
        return skip(&format!("{test}: the control groups here cannot limit huge pages"));
    }
    on_real_machine("huge-pages", |machine: Arc<RealMachine>| async move {
        let mut wanted = Wanted::new(machine.fleet(), &DEAF);
        let pages = HugePages { page: wlc_plan::quantity::Bytes(2 << 20), amount: wlc_plan::quantity::Bytes(4 << 20) };
        wanted.container.resources.huge_pages = vec![pages];
        start(&machine, &wanted).await;
        let limits = &machine.inspect(&wanted.name()).await["HostConfig"];
        let pid = machine.inspect(&wanted.name()).await["State"]["Pid"].as_i64().unwrap();
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
        let of = |name: &str| groups.lines().find_map(|line| line.split_once(name).map(|(_, path)| path.to_owned()));
        let (old, new) = (of(":hugetlb:/"), of("0::/"));
        let path = match (old, new) {
            (Some(path), _) => format!("/sys/fs/cgroup/hugetlb/{path}/hugetlb.2MB.limit_in_bytes"),
            (None, path) => format!("/sys/fs/cgroup/{}/hugetlb.2MB.max", path.unwrap_or_default()),
        };
        assert_eq!(fs::read_to_string(&path).unwrap().trim(), (4 << 20).to_string(), "{path} {limits}");
    })
    .await;
}

/// What placement gave is looked for before anything is changed: cores, NUMA nodes, sizes of huge pages.
#[tokio::test]
async fn cores_and_numa_nodes_that_are_not_there_are_named() {
    on_real_machine("no-cores", |machine: Arc<RealMachine>| async move {
        let set = |numbers: &[u16]| CoreSet::new(numbers.iter().copied());
        let needs = |cores, numa, pages: &[u64]| NodeNeeds {
            cores,
            numa,
            pages: pages.iter().map(|size| wlc_plan::quantity::Bytes(*size)).collect(),
            ..NodeNeeds::default()
        };
        machine.podman().check_node(&needs(set(&[0]), set(&[0]), &[])).await.unwrap();
        for (needs, part) in [
            (needs(set(&[0, 4_000]), set(&[]), &[]), "no core 4000"),
            (needs(set(&[]), set(&[63]), &[]), "no NUMA node 63"),
            (needs(set(&[]), set(&[]), &[3 << 20]), "no huge pages of 3MiB"),
        ] {
            let told = machine.podman().check_node(&needs).await.unwrap_err().to_string();
            assert!(told.contains(part), "{part} in {told}");
        }
    })
    .await;
}

/// The facts that the choice of the node leaned on are held against the machine; what is different is told with the lines
/// of the facts that are to be changed.
#[tokio::test]
async fn facts_that_placement_leaned_on_are_held_against_the_machine() {
    use wlc_plan::need::{Clause, Fact, FactNeed, Test};
    on_real_machine("facts", |machine: Arc<RealMachine>| async move {
        let need = |fact, device: Option<&str>, property: &str, test| FactNeed {
            fact,
            device: device.map(str::to_owned),
            clauses: vec![Clause { property: property.to_owned(), test }],
            absent: false,
        };
        let check = |need: FactNeed| {
            let machine = Arc::clone(&machine);
            async move {
                let needs = NodeNeeds { facts: vec![need], ..NodeNeeds::default() };
                machine.podman().check_node(&needs).await.map_err(|error| error.to_string())
            }
        };
        let arch = std::env::consts::ARCH.to_owned();
        check(need(Fact::Cpu, None, "arch", Test::Word(arch.clone()))).await.unwrap();
        check(need(Fact::Kernel, None, "release", Test::Version(">=3".to_owned()))).await.unwrap();
        let told = check(need(Fact::Cpu, None, "arch", Test::Word("vax".to_owned()))).await.unwrap_err();
        assert!(told.contains("no cpu arch=\"vax\"") && told.contains(&format!("\n+ cpu arch=\"{arch}\"")), "{told}");
        let gpu = need(Fact::Gpu, Some("0000:17:00.0"), "memory", Test::Bytes(">=40GiB".to_owned()));
        let told = check(gpu).await.unwrap_err();
        assert!(told.contains("\n- gpu \"0000:17:00.0\""), "{told}");
    })
    .await;
}

/// The folder in memory is the agent's alone.
#[tokio::test]
async fn the_folder_in_memory_is_private() {
    on_real_machine("memory folder", |machine: Arc<RealMachine>| async move {
        machine.write_secret("db", "password", b"x");
        let wanted = scripted(&machine, "true").files(files(vec![secret_file("pw", "password", None)]));
        printed(&machine, &wanted).await;
        assert_eq!(fs::metadata(machine.memory()).unwrap().permissions().mode() & 0o777, 0o700);
    })
    .await;
}
