//! Images: whether they are there, pulling them, and the user that they name.

use futures_util::TryStreamExt;
use podman_api::opts;
use wlc_plan::spec::{ContainerSpec, Image, PullPolicy};

use super::{Client, LOOK, PULL};
use crate::podman::{PodmanError, create};

impl Client {
    /// Kubernetes: `imagePullPolicy`.
    pub(super) async fn pull_if_needed(&self, image: &Image) -> Result<(), PodmanError> {
        let name = create::image_reference(image);
        match image.pull {
            PullPolicy::Always => self.pull(&name).await,
            PullPolicy::IfNotPresent if self.has_image(&name).await? => Ok(()),
            PullPolicy::IfNotPresent => self.pull(&name).await,
            PullPolicy::Never if self.has_image(&name).await? => Ok(()),
            PullPolicy::Never => {
                Err(PodmanError::NoImage { image: name, why: "it is not here and is never pulled".to_owned() })
            }
        }
    }

    async fn has_image(&self, name: &str) -> Result<bool, PodmanError> {
        let what = format!("look for image {name}");
        self.api(&what, LOOK, self.api.images().get(name).exists()).await
    }

    /// Podman answers 200 whatever happens: a failure stands in the stream of reports.
    async fn pull(&self, name: &str) -> Result<(), PodmanError> {
        let what = format!("pull image {name}");
        let wanted = opts::PullOpts::builder().reference(name).quiet(true).build();
        let images = self.api.images();
        let reports: Vec<_> = self.api(&what, PULL, images.pull(&wanted).try_collect()).await?;
        match reports.into_iter().find_map(|report| report.error.filter(|error| !error.is_empty())) {
            Some(why) => Err(PodmanError::NoImage { image: name.to_owned(), why }),
            None => Ok(()),
        }
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
            Err(PodmanError::Refused { status: 404, why, .. }) => Err(PodmanError::NoImage { image: name, why }),
            Err(error) => Err(error),
        }
    }
}
