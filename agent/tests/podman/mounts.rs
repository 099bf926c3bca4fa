//! Configs and volumes as a real container sees them.

use std::{os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use wlagent::action::ContentSwap;
use wlc_plan::spec::{Access, Medium, OnChange, VolumeSource};

use crate::{
    fields::{printed, start},
    machine::Machine,
    real::{RealMachine, on_real_machine},
    requests::{Wanted, container_name, content, empty_dir, path},
};

fn scripted(machine: &RealMachine, script: &str) -> Wanted {
    Wanted::new(machine.fleet(), &["sh", "-c", script])
}

#[tokio::test]
async fn a_config_is_a_folder_that_cannot_be_written() {
    on_real_machine("config", |machine: Arc<RealMachine>| async move {
        let script = "cat /etc/site/page; stat -L -c %a /etc/site/page; touch /etc/site/new || echo read-only";
        let restart = OnChange::Restart(content("one").0);
        let wanted = scripted(&machine, script).config("/etc/site", 0o440, restart);
        let output = printed(&machine, &wanted).await;
        assert!(output.starts_with("one\n440\n") && output.contains("read-only"), "{output}");
        let folder = machine.state.path().join("pods").join(wanted.pod_name());
        assert!(folder.exists());
        machine.podman().remove_pod(&wanted.pod_name()).await.unwrap();
        assert!(!folder.exists());
    })
    .await;
}

#[tokio::test]
async fn a_swapped_config_is_seen_by_the_running_container() {
    on_real_machine("swap", |machine: Arc<RealMachine>| async move {
        let script = "trap 'cat /etc/site/page; exit' HUP; while :; do sleep 0.05; done";
        let mut wanted = scripted(&machine, script).config("/etc/site", 0o644, OnChange::Signal("HUP".to_owned()));
        let key = (container_name("main"), path("/etc/site"));
        wanted.contents.insert(key.clone(), content("one").0);
        start(&machine, &wanted).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let swap = ContentSwap {
            pod: wanted.pod_name(),
            container: key.0,
            path: key.1,
            mode: 0o644,
            content: content("two").0,
            signal: Some(wlagent::action::ContentSignal { container: wanted.name(), signal: "HUP".to_owned() }),
        };
        machine.podman().swap_content(&swap).await.unwrap();
        assert_eq!(machine.output(&wanted.name()).await, "two\n");
    })
    .await;
}

/// Kubernetes: an `emptyDir` is empty, open to every user, and shared by the containers of a pod.
#[tokio::test]
async fn an_empty_directory_is_empty_open_and_shared() {
    on_real_machine("empty dir", |machine: Arc<RealMachine>| async move {
        let script = "ls -A /etc | wc -l; stat -c %a /etc; echo kept > /etc/note && cat /etc/note";
        let disk = empty_dir(Medium::Disk, None);
        let mut wanted = scripted(&machine, script).volume("data", disk, "/etc", Access::ReadWrite);
        wanted.container.security.user = Some(4321);
        let output = printed(&machine, &wanted).await;
        // Podman itself puts `hosts`, `hostname`, `resolv.conf` and `mtab` there.
        let mut lines = output.lines();
        assert!(lines.next().unwrap().trim().parse::<u32>().unwrap() <= 4, "{output}");
        assert_eq!(lines.collect::<Vec<_>>(), ["777", "kept"]);
        let second = wanted.clone().attempt(1);
        machine.podman().run_container(&second.run()).await.unwrap();
        assert!(machine.output(&second.name()).await.ends_with("kept\n"));
    })
    .await;
}

#[tokio::test]
async fn a_volume_may_be_read_only() {
    on_real_machine("read-only volume", |machine: Arc<RealMachine>| async move {
        let script = "touch /data/x || echo read-only";
        let disk = empty_dir(Medium::Disk, None);
        let wanted = scripted(&machine, script).volume("data", disk, "/data", Access::ReadOnly);
        assert!(printed(&machine, &wanted).await.contains("read-only"));
    })
    .await;
}

#[tokio::test]
async fn an_empty_directory_in_memory_has_its_size() {
    on_real_machine("memory", |machine: Arc<RealMachine>| async move {
        let script = "df -k /data | tail -1; stat -f -c %T /data; touch /data/x && echo writable";
        let memory = empty_dir(Medium::Memory, Some(8 << 20));
        let mut wanted = scripted(&machine, script).volume("data", memory, "/data", Access::ReadWrite);
        wanted.container.security.user = Some(4321);
        let output = printed(&machine, &wanted).await;
        let size: Vec<&str> = output.split_whitespace().take(2).collect();
        assert_eq!(size, ["tmpfs", "8192"], "{output}");
        assert!(output.contains("tmpfs\nwritable"), "{output}");
    })
    .await;
}

#[tokio::test]
async fn a_path_of_the_node_is_mounted() {
    on_real_machine("host path", |machine: Arc<RealMachine>| async move {
        let folder = machine.state.path().join("given");
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        std::fs::write(folder.join("in"), "from the node\n").unwrap();
        let given = || VolumeSource::HostPath(path(folder.to_str().unwrap()));
        let script = "cat /read/in; touch /read/x || echo read-only; echo back > /write/out";
        let wanted = scripted(&machine, script).volume("read", given(), "/read", Access::ReadOnly).volume(
            "write",
            given(),
            "/write",
            Access::ReadWrite,
        );
        let output = printed(&machine, &wanted).await;
        assert!(output.starts_with("from the node\n") && output.contains("read-only"), "{output}");
        assert_eq!(std::fs::read_to_string(folder.join("out")).unwrap(), "back\n");
        machine.podman().remove_pod(&wanted.pod_name()).await.unwrap();
        assert!(folder.join("out").exists());
    })
    .await;
}
