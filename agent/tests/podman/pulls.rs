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
        Ok(_) => Ok(()),
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

/// S-469: a name that a pull brought is taken away again, and with its last name the image; what a container uses stays,
/// whoever made it, and what was there before is not told as brought.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_pull_brought_can_be_taken_away_again() {
    use wlagent::podman::{Pulled, Removed};
    on_real_machine("clean-up", |machine| async move {
        let Some(registries) = Registries::start("clean-up") else { return };
        registries.open.push(&machine, "team/app:1").await;
        let name = registries.open.image("team/app:1");
        let podman = machine.podman();
        let here = image(&name, None, PullPolicy::IfNotPresent);
        assert_eq!(podman.pull_image(&here).await.unwrap(), Pulled::New(name.clone()));
        assert_eq!(podman.pull_image(&here).await.unwrap(), Pulled::Nothing);
        assert_eq!(podman.pull_image(&image(&name, None, PullPolicy::Always)).await.unwrap(), Pulled::Nothing);
        // The same bytes have another name here: only the name goes.
        assert_eq!(podman.remove_image(&name).await.unwrap(), Removed::Gone);
        let busybox = image(crate::requests::BUSYBOX, None, PullPolicy::Never);
        assert_eq!(podman.pull_image(&busybox).await.unwrap(), Pulled::Nothing);
        assert_eq!(podman.remove_image(&name).await.unwrap(), Removed::Gone);
        // An image of its own, which a foreign container uses.
        registries.open.add_variant("team/app", "1", "variant");
        let own = registries.open.image("team/app:variant");
        let pulled = podman.pull_image(&image(&own, None, PullPolicy::IfNotPresent)).await.unwrap();
        assert_eq!(pulled, Pulled::New(own.clone()));
        let foreign = format!("{}-foreign", machine.fleet());
        machine.make_container_of(&own, &foreign).await;
        let kept = podman.remove_image(&own).await.unwrap();
        assert!(matches!(&kept, Removed::Used(why) if why.contains("in use")), "{kept:?}");
        machine.remove_container(&foreign).await;
        assert_eq!(podman.remove_image(&own).await.unwrap(), Removed::Gone);
        let never = podman.pull_image(&image(&own, None, PullPolicy::Never)).await;
        assert!(matches!(never, Err(PodmanError::NoImage { fault: PullFault::Never, .. })), "{never:?}");
    })
    .await;
}

/// A tag that moves leaves an image without a name, which is told with the pull.
#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_moves_tells_what_it_left() {
    use wlagent::podman::{Pulled, Removed};
    on_real_machine("moved-tag", |machine| async move {
        let Some(registries) = Registries::start("moved-tag") else { return };
        registries.open.push(&machine, "team/app:1").await;
        registries.open.add_variant("team/app", "1", "latest");
        let name = registries.open.image("team/app");
        let always = image(&name, None, PullPolicy::Always);
        let podman = machine.podman();
        let tagged = format!("{name}:latest");
        assert_eq!(podman.pull_image(&always).await.unwrap(), Pulled::New(tagged.clone()));
        registries.open.add_variant("team/app", "latest", "latest");
        let Pulled::Moved { name: moved, from } = podman.pull_image(&always).await.unwrap() else {
            panic!("not moved")
        };
        assert_eq!(moved, tagged);
        assert_eq!(podman.remove_image(&from).await.unwrap(), Removed::Gone);
        assert_eq!(podman.remove_image(&tagged).await.unwrap(), Removed::Gone);
        let gone = podman.pull_image(&image(&from, None, PullPolicy::Never)).await;
        assert!(matches!(gone, Err(PodmanError::NoImage { .. })), "{gone:?}");
    })
    .await;
}
