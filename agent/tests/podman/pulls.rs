//! Pulling images from real registries: with and without credentials, and each way in which it fails.

use std::sync::Arc;

use wlagent::podman::{PodmanError, pulls::PullFault};
use wlc_plan::spec::{Image, PullPolicy};

use crate::{
    machine::Machine,
    real::{RealMachine, on_real_machine},
    registry::{PAIR, Registries, free_address, liar, silent_address},
};

fn image(name: &str, digest: Option<&str>, pull: PullPolicy) -> Image {
    Image { name: name.to_owned(), digest: digest.map(str::to_owned), pull }
}

async fn pull(machine: &Arc<RealMachine>, image: &Image) -> Result<(), (PullFault, String)> {
    match machine.podman().pull_image(image).await {
        Ok(()) => Ok(()),
        Err(PodmanError::NoImage { fault, why, .. }) => Err((fault, why)),
        Err(other) => panic!("{other}"),
    }
}

async fn remove(machine: &Arc<RealMachine>, name: &str) {
    use wlagent::podman::raw::{Call, encoded};
    let path = format!("/images/{}", encoded(name));
    machine.ask(Call::delete("clean up", path, std::time::Duration::from_secs(60))).await.unwrap();
}

/// S-278, S-277, C-227, C-228, C-229.
#[tokio::test(flavor = "multi_thread")]
async fn images_come_from_a_registry_with_the_nodes_credentials() {
    on_real_machine("credentials", |machine| async move {
        let Some(registries) = Registries::start("credentials") else { return };
        registries.open.push(&machine, "team/app:1").await;
        let (_, digest) = registries.open.manifest("team/app", "1");
        let name = registries.private.image("team/app:1");
        let tagged = image(&name, None, PullPolicy::IfNotPresent);
        assert_eq!(pull(&machine, &tagged).await.unwrap_err().0, PullFault::NoCredentials);
        machine.write_auth(&registries.private.host(), "puller:wrong");
        let (fault, why) = pull(&machine, &tagged).await.unwrap_err();
        assert_eq!(fault, PullFault::Credentials);
        assert!(!why.contains("wrong"), "{why}");
        machine.write_auth(&format!("{}/team", registries.private.host()), PAIR);
        pull(&machine, &tagged).await.unwrap();
        let pinned = image(&name, Some(&digest), PullPolicy::Always);
        pull(&machine, &pinned).await.unwrap();
        let always = image(&name, None, PullPolicy::Always);
        pull(&machine, &always).await.unwrap();
        drop(registries);
        pull(&machine, &tagged).await.unwrap();
        assert_eq!(pull(&machine, &always).await.unwrap_err().0, PullFault::Unreachable);
        let repository = name.strip_suffix(":1").unwrap();
        remove(&machine, &format!("{repository}@{digest}")).await;
        remove(&machine, &name).await;
        let never = image(&name, None, PullPolicy::Never);
        assert_eq!(pull(&machine, &never).await.unwrap_err().0, PullFault::Never);
    })
    .await;
}

/// C-226, S-276.
#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_pull_is_told_apart() {
    on_real_machine("pull-faults", |machine| async move {
        let Some(registries) = Registries::start("pull-faults") else { return };
        registries.open.push(&machine, "team/app:1").await;
        registries.open.add_architecture("team/app", "1", "s390x");
        let other = registries.open.image("team/app:other");
        let absent = format!("sha256:{}", "0".repeat(64));
        let (manifest, _) = registries.open.manifest("team/app", "1");
        let (silent, _held) = silent_address();
        let of = |name: String, digest: Option<&str>| image(&name, digest, PullPolicy::Always);
        for (image, expected) in [
            (of(registries.open.image("team/app:7"), None), PullFault::Unknown),
            (of(registries.open.image("nobody/app:1"), None), PullFault::Unknown),
            (of(registries.open.image("team/app:1"), Some(&absent)), PullFault::Unknown),
            (of(format!("{}/team/app:1", liar(manifest.to_string().into_bytes())), Some(&absent)), PullFault::Digest),
            (of(other.clone(), None), PullFault::Architecture),
            (of(registries.open.image("team/app:others"), None), PullFault::Architecture),
            (of(format!("{}/team/app:1", free_address()), None), PullFault::Unreachable),
            (of("nowhere".to_owned(), None), PullFault::Name),
            (of("no/such//name".to_owned(), None), PullFault::Name),
            (of(format!("{silent}/team/app:1"), None), PullFault::Slow),
        ] {
            let (fault, why) = pull(&machine, &image).await.unwrap_err();
            assert_eq!(fault, expected, "{}: {why}", image.name);
        }
        remove(&machine, &other).await;
        std::fs::write(machine.state.path().join("auth.json"), "{").unwrap();
        let (fault, why) = pull(&machine, &of(registries.open.image("team/app:1"), None)).await.unwrap_err();
        assert_eq!(fault, PullFault::AuthFile, "{why}");
    })
    .await;
}
