//! Each field of a request, seen in a real container: Podman ignores keys that it does not know.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use wlagent::podman::{PodmanError, raw::Call};
use wlc_plan::{
    node_plan::IpFamily,
    quantity::{Bytes, Cpu},
    spec::Resources,
};

use crate::{
    machine::Machine,
    real::{RealMachine, on_real_machine},
    requests::{BUSYBOX, DEAF, Wanted, image, path},
};

const LIMIT: Duration = Duration::from_secs(60);

/// Makes and starts the pod and its container.
pub(crate) async fn start(machine: &RealMachine, wanted: &Wanted) {
    if machine.podman().observe().await.unwrap().network.is_none() {
        machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
    }
    machine.podman().make_pod(&wanted.pod()).await.unwrap();
    machine.podman().run_container(&wanted.run()).await.unwrap();
}

/// What a script prints in such a container.
pub(crate) async fn printed(machine: &RealMachine, wanted: &Wanted) -> String {
    start(machine, wanted).await;
    machine.output(&wanted.name()).await
}

fn scripted(machine: &RealMachine, script: &str) -> Wanted {
    Wanted::new(machine.fleet(), &["sh", "-c", script])
}

#[tokio::test]
async fn environment_directory_and_host_name_arrive() {
    on_real_machine("environment", |machine: Arc<RealMachine>| async move {
        let mut wanted = scripted(&machine, "pwd; hostname; env");
        wanted.container.working_directory = Some(path("/usr"));
        wanted.env = vec![("A".to_owned(), "x y=z".to_owned()), ("B".to_owned(), String::new())];
        let output = printed(&machine, &wanted).await;
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines[..2], ["/usr", "web-0"]);
        assert!(lines.contains(&"A=x y=z") && lines.contains(&"B="), "{output}");
    })
    .await;
}

/// Kubernetes: `command` replaces entry point and arguments of the image, `args` alone replaces its arguments.
#[tokio::test]
async fn command_and_args_replace_those_of_the_image() {
    on_real_machine("command", |machine: Arc<RealMachine>| async move {
        let image_name = image_with(&machine, &["ENTRYPOINT [\"echo\",\"entry\"]", "CMD [\"cmd\"]"]).await;
        let cases: [(&[&str], &[&str], &str); 4] = [
            (&[], &[], "entry cmd\n"),
            (&[], &["args"], "entry args\n"),
            (&["echo", "command"], &[], "command\n"),
            (&["echo", "command"], &["args"], "command args\n"),
        ];
        for (replica, (command, args, expected)) in ["web-0", "web-1", "web-2", "web-3"].into_iter().zip(cases) {
            let mut wanted = Wanted::new(machine.fleet(), command).replica(replica);
            wanted.container.image = image(&image_name);
            wanted.container.args = args.iter().map(|&word| word.to_owned()).collect();
            assert_eq!(printed(&machine, &wanted).await, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn users_and_groups_arrive() {
    on_real_machine("users", |machine: Arc<RealMachine>| async move {
        let image_name = image_with(&machine, &["USER 1234:77"]).await;
        let cases = [
            (None, None, "uid=1234(1234) gid=77(77)"),
            (Some(5), None, "uid=5("),
            (Some(5), Some(6), "uid=5(5) gid=6(6)"),
            (None, Some(6), "uid=1234(1234) gid=6(6)"),
        ];
        for (replica, (user, group, expected)) in ["web-0", "web-1", "web-2", "web-3"].into_iter().zip(cases) {
            let mut wanted = scripted(&machine, "id").replica(replica);
            wanted.container.image = image(&image_name);
            wanted.container.security.non_root = true;
            (wanted.container.security.user, wanted.container.security.group) = (user, group);
            let output = printed(&machine, &wanted).await;
            assert!(output.starts_with(expected), "{output} is not {expected}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_user_by_name_is_refused_where_root_is_forbidden() {
    on_real_machine("user by name", |machine: Arc<RealMachine>| async move {
        let image_name = image_with(&machine, &["USER daemon"]).await;
        let mut wanted = scripted(&machine, "id");
        wanted.container.image = image(&image_name);
        wanted.container.security.non_root = true;
        machine.podman().make_network(IpFamily::Ipv4).await.unwrap();
        machine.podman().make_pod(&wanted.pod()).await.unwrap();
        let refused = machine.podman().run_container(&wanted.run()).await;
        let Err(PodmanError::NonRoot { user, .. }) = refused else { panic!("{refused:?}") };
        assert!(user.contains("daemon"), "{user}");
    })
    .await;
}

#[tokio::test]
async fn restrictions_of_security_hold() {
    on_real_machine("security", |machine: Arc<RealMachine>| async move {
        let script = "grep -E 'NoNewPrivs|CapBnd' /proc/self/status; touch /x || echo read-only";
        let mut wanted = scripted(&machine, script);
        let security = &mut wanted.container.security;
        (security.read_only_root, security.no_new_privileges) = (true, true);
        security.drop_capabilities = vec!["ALL".to_owned()];
        security.add_capabilities = vec!["NET_ADMIN".to_owned()];
        let output = printed(&machine, &wanted).await;
        assert!(output.contains("NoNewPrivs:\t1"), "{output}");
        // CAP_NET_ADMIN is number 12.
        assert!(output.contains("CapBnd:\t0000000000001000"), "{output}");
        assert!(output.contains("read-only"), "{output}");
    })
    .await;
}

#[tokio::test]
async fn without_restrictions_there_are_none() {
    on_real_machine("no security", |machine: Arc<RealMachine>| async move {
        let script = "grep NoNewPrivs /proc/self/status; touch /x && echo writable; ls /dev/kmsg";
        let mut wanted = scripted(&machine, script);
        wanted.container.security.privileged = true;
        let output = printed(&machine, &wanted).await;
        assert!(output.contains("NoNewPrivs:\t0") && output.contains("writable"), "{output}");
        assert!(output.contains("/dev/kmsg\n"), "privileged shows the devices of the host: {output}");
        let plain = scripted(&machine, "ls /dev/kmsg || echo none").replica("web-1");
        assert!(printed(&machine, &plain).await.contains("none"));
    })
    .await;
}

#[tokio::test]
async fn resources_are_limits_of_the_container() {
    on_real_machine("resources", |machine: Arc<RealMachine>| async move {
        let mut wanted = Wanted::new(machine.fleet(), &DEAF);
        wanted.container.resources = Resources {
            cpu_request: Some(Cpu(250)),
            cpu_limit: Some(Cpu(500)),
            memory_request: None,
            memory_limit: Some(Bytes(48 << 20)),
            huge_pages: Vec::new(),
        };
        start(&machine, &wanted).await;
        let host = &machine.inspect(&wanted.name()).await["HostConfig"];
        assert_eq!((&host["CpuShares"], &host["CpuQuota"]), (&json!(256), &json!(50_000)));
        assert_eq!(host["CpuPeriod"], json!(100_000));
        assert_eq!(host["Memory"], json!(48 << 20));
        assert_eq!(host["MemorySwap"], json!(48 << 20), "memory and swap together");
    })
    .await;
}

#[tokio::test]
async fn logs_signals_and_policies_arrive() {
    on_real_machine("policies", |machine: Arc<RealMachine>| async move {
        let mut wanted = Wanted::new(machine.fleet(), &DEAF);
        wanted.container.stop_signal = Some("QUIT".to_owned());
        start(&machine, &wanted).await;
        let seen = machine.inspect(&wanted.name()).await;
        let host = &seen["HostConfig"];
        assert_eq!(host["LogConfig"]["Type"], "k8s-file");
        assert_eq!(host["LogConfig"]["Size"], "10.49MB");
        assert_eq!(host["RestartPolicy"]["Name"], "no");
        assert_eq!(host["AutoRemove"], json!(false));
        assert_eq!((&seen["Config"]["StopSignal"], &seen["Config"]["StopTimeout"]), (&json!(3), &json!(1)));
    })
    .await;
}

#[tokio::test]
async fn an_image_is_found_by_its_digest() {
    on_real_machine("digest", |machine: Arc<RealMachine>| async move {
        let call = Call::get("inspect image", format!("/images/{BUSYBOX}/json"), LIMIT);
        let digest = machine.ask(call).await.unwrap()["Digest"].as_str().unwrap().to_owned();
        let mut wanted = scripted(&machine, "echo here");
        wanted.container.image.digest = Some(digest.clone());
        machine.podman().pull_image(&wanted.container.image).await.unwrap();
        assert_eq!(printed(&machine, &wanted).await, "here\n");
        let seen = machine.inspect(&wanted.name()).await;
        assert_eq!(seen["ImageDigest"], digest);
    })
    .await;
}

#[tokio::test]
async fn logs_hold_both_streams_and_the_last_lines() {
    on_real_machine("logs", |machine: Arc<RealMachine>| async move {
        let wanted = scripted(&machine, "echo one; echo two >&2; echo three");
        let output = printed(&machine, &wanted).await;
        let mut lines: Vec<&str> = output.lines().collect();
        assert_eq!(machine.podman().logs(&wanted.name(), 1).await.unwrap().trim_end(), lines[2]);
        lines.sort_unstable();
        assert_eq!(lines, ["one", "three", "two"]);
    })
    .await;
}

/// An image like busybox with changes, in the words of a Dockerfile.
async fn image_with(machine: &RealMachine, changes: &[&str]) -> String {
    let body = json!({ "name": format!("{}-base", machine.fleet()), "image": BUSYBOX, "command": DEAF });
    let call = Call::post("make a base", "/containers/create".to_owned(), LIMIT).with(&body);
    let base = machine.ask(call).await.unwrap()["Id"].as_str().unwrap().to_owned();
    let encoded = changes.iter().map(|change| format!("&changes={}", wlagent::podman::raw::encoded(change)));
    let path =
        format!("/commit?container={base}&repo=localhost/{}&tag=1{}", machine.fleet(), encoded.collect::<String>());
    let made: Value = machine.raw.send(Call::post("commit", path, LIMIT)).await.unwrap().json("commit").unwrap();
    assert!(made["Id"].is_string(), "{made}");
    format!("localhost/{}:1", machine.fleet())
}
