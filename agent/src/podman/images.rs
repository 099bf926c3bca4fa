//! Which user an image would run as, where the spec forbids user 0: pure.

use wlc_plan::spec::ContainerSpec;

use super::{PodmanError, create};

/// Refuses a container with `non-root` that would, or may, run as user 0. `image_user` is the user that the image names,
/// empty for none. A user by name is refused, since only a number can be judged from outside. Kubernetes: `runAsNonRoot`.
///
/// # Errors
/// [`PodmanError::NonRoot`], with the user in words.
pub fn check_user(spec: &ContainerSpec, image_user: &str) -> Result<(), PodmanError> {
    if !spec.security.non_root {
        return Ok(());
    }
    let from_image = || create::image_user_part(image_user);
    let user = match spec.security.user {
        Some(user) => user.to_string(),
        None => from_image().to_owned(),
    };
    let words = match user.parse::<u32>() {
        Ok(0) => "user 0".to_owned(),
        Ok(_) => return Ok(()),
        Err(_) => format!("user `{user}`, whose number is not known"),
    };
    Err(PodmanError::NonRoot { image: create::image_reference(&spec.image), user: words })
}
