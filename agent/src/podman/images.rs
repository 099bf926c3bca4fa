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

#[cfg(test)]
mod tests {
    use super::*;
    use wlc_plan::{
        name::ContainerName,
        spec::{Image, PullPolicy, Security},
    };

    fn spec(non_root: bool, user: Option<u32>) -> ContainerSpec {
        ContainerSpec {
            security: Security { non_root, user, ..Security::default() },
            ..ContainerSpec::new(
                ContainerName::parse("main").unwrap(),
                Image { name: "web".to_owned(), digest: None, pull: PullPolicy::Never },
            )
        }
    }

    #[test]
    fn only_a_number_that_is_not_zero_will_do() {
        for (user, image_user, is_fine) in [
            (None, "1000", true),
            (None, "1000:0", true),
            (Some(1), "0", true),
            (None, "", false),
            (None, "0", false),
            (None, ":5", false),
            (None, "root", false),
            (None, "daemon", false),
            (Some(0), "1000", false),
        ] {
            assert_eq!(check_user(&spec(true, user), image_user).is_ok(), is_fine, "{user:?} {image_user}");
            assert_eq!(check_user(&spec(false, user), image_user), Ok(()));
        }
    }
}
