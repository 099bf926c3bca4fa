//! Images: whether they are there, pulling them with the node's credentials, whether this machine can run them, and the
//! user that they name.

use std::io;

use serde::Deserialize;
use wlc_plan::spec::{ContainerSpec, Image, PullPolicy};

use super::{CHANGE, Client, LOOK, node};
use crate::{
    disk::read_regular_text,
    podman::{
        PodmanError, Pulled, Removed, auth,
        auth::Credentials,
        create,
        pulls::{self, PullFault},
        raw::{Call, encoded},
    },
};

/// The header in which Podman takes credentials for one request.
const AUTH_HEADER: &str = "x-registry-auth";
/// No file of credentials is as long.
const MOST_AUTH_BYTES: u64 = 1 << 20;

/// An image, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
}

/// What Podman says when it was to remove an image.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RemovedReport {
    #[serde(default)]
    errors: Option<Vec<String>>,
}

/// A line of the answer to a pull.
#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    error: String,
}

impl Client {
    /// Kubernetes: `imagePullPolicy`.
    pub(super) async fn pull_if_needed(&self, image: &Image) -> Result<Pulled, PodmanError> {
        let name = create::image_reference(image);
        let there = self.inspect_image(&name).await?;
        match (image.pull, there) {
            (PullPolicy::IfNotPresent | PullPolicy::Never, Some(there)) => {
                check_architecture(&name, &there).map(|()| Pulled::Nothing)
            }
            (PullPolicy::Never, None) => Err(no_image(&name, PullFault::Never, "its policy is `never`")),
            (PullPolicy::Always, before) => self.pull_anew(&name, before).await,
            (PullPolicy::IfNotPresent, None) => self.pull_anew(&name, None).await,
        }
    }

    async fn pull_anew(&self, name: &str, before: Option<Inspected>) -> Result<Pulled, PodmanError> {
        self.pull(name).await?;
        let gone = || no_image(name, PullFault::Gone, "Podman pulled it and does not find it");
        let now = self.inspect_image(name).await?.ok_or_else(gone)?;
        let pulled = what_came(name, before.as_ref(), &now);
        match check_architecture(name, &now) {
            Ok(()) => Ok(pulled),
            Err(error) => {
                // What nobody here can use goes again.
                if let Pulled::New(name) = &pulled {
                    self.remove_image_if_unused(name).await?;
                }
                Err(error)
            }
        }
    }

    pub(super) async fn remove_image_if_unused(&self, name: &str) -> Result<Removed, PodmanError> {
        let what = format!("remove image {name}");
        let path = format!("/images/{}", encoded(name));
        match self.raw.send(Call::delete(&what, path, CHANGE)).await?.json_if_any::<RemovedReport>(&what) {
            Ok(None) => Ok(Removed::Gone),
            Ok(Some(report)) => Ok(report.errors.unwrap_or_default().pop().map_or(Removed::Gone, Removed::Used)),
            Err(PodmanError::Refused { status: 409, why, .. }) => Ok(Removed::Used(why)),
            Err(error) => Err(error),
        }
    }

    async fn inspect_image(&self, name: &str) -> Result<Option<Inspected>, PodmanError> {
        let what = format!("look for image {name}");
        let path = format!("/images/{}/json", encoded(name));
        self.raw.send(Call::get(&what, path, LOOK)).await?.json_if_any(&what)
    }

    /// Podman answers 200 whatever happens: a failure stands in the stream of reports.
    async fn pull(&self, name: &str) -> Result<(), PodmanError> {
        let what = format!("pull image {name}");
        let path = format!("/images/pull?reference={}&policy=always&quiet=true", encoded(name));
        let credentials = self.credentials(name)?;
        let mut call = Call::post(&what, path, self.pull_limit);
        if let Some(credentials) = &credentials {
            call = call.with_secret(AUTH_HEADER, &credentials.header());
        }
        let refused = |words: &str| no_image(name, pulls::fault(words, credentials.is_some()), words);
        let reply = match self.raw.send(call).await {
            Err(PodmanError::TimedOut { seconds, .. }) => {
                return Err(no_image(name, PullFault::Slow, &format!("not within {seconds} s")));
            }
            answered => answered?,
        };
        if let Err(PodmanError::Refused { why, .. }) = reply.check(&what) {
            return Err(refused(&why));
        }
        let mut reports = reply.lines::<Report>();
        reports.find(|report| !report.error.is_empty()).map_or(Ok(()), |report| Err(refused(&report.error)))
    }

    /// What the node has for the registry of an image: in its own file, or among the credentials that systemd hands over.
    fn credentials(&self, image: &str) -> Result<Option<Credentials>, PodmanError> {
        for path in self.places.auth_files() {
            let broken = |why: String| no_image(image, PullFault::AuthFile, &format!("{}: {why}", path.display()));
            let text = match read_regular_text(&path, MOST_AUTH_BYTES) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(broken(error.to_string())),
            };
            if let Some(found) = auth::find(&text, image).map_err(broken)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The user that an image names, empty for none; asked for only where something hangs on it.
    pub(super) async fn image_user_if_needed(&self, spec: &ContainerSpec) -> Result<String, PodmanError> {
        let security = &spec.security;
        let is_needed = security.user.is_none() && (security.non_root || security.group.is_some());
        if !is_needed {
            return Ok(String::new());
        }
        let name = create::image_reference(&spec.image);
        let what = format!("inspect image {name}");
        match self.api(&what, LOOK, self.api.images().get(&*name).inspect()).await {
            Ok(image) => Ok(image.user.unwrap_or_default()),
            Err(PodmanError::Refused { status: 404, why, .. }) => Err(no_image(&name, PullFault::Gone, &why)),
            Err(error) => Err(error),
        }
    }
}

/// What a pull brought. A name counts only where it is plain that it is the one that was asked for.
fn what_came(asked: &str, before: Option<&Inspected>, now: &Inspected) -> Pulled {
    let names: Vec<&String> = now.repo_tags.iter().flatten().collect();
    let Some(name) = pulls::name_of(asked, &names) else { return Pulled::Nothing };
    match before {
        None => Pulled::New(name),
        Some(before) if before.id == now.id => Pulled::Nothing,
        Some(before) => Pulled::Moved { name, from: before.id.clone() },
    }
}

fn check_architecture(name: &str, image: &Inspected) -> Result<(), PodmanError> {
    let here = pulls::image_architecture(std::env::consts::ARCH);
    let architecture = &image.architecture;
    if pulls::runs_on(architecture, here) || node::emulates(&pulls::emulator(architecture)) {
        return Ok(());
    }
    Err(no_image(name, PullFault::Architecture, &format!("it is for {architecture}, and this machine is {here}")))
}

pub(super) fn no_image(image: &str, fault: PullFault, why: &str) -> PodmanError {
    PodmanError::NoImage { image: image.to_owned(), fault, why: why.to_owned() }
}
