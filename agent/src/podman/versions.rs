//! Which versions of Podman the agent works with: pure.

use super::PodmanError;

/// Refuses versions below 4.3, whose API lacks pods as we make them, and 5.0.0 to 5.0.3, which answer requests of the
/// API's version 4 in the new shape (repaired in 5.1).
///
/// # Errors
/// [`PodmanError::Version`] with the reason.
pub fn check(version: &str) -> Result<(), PodmanError> {
    let refused = |why| Err(PodmanError::Version { version: version.to_owned(), why });
    match numbers(version) {
        None => refused("its number cannot be read"),
        Some((major, minor)) if (major, minor) < (4, 3) => refused("4.3 is the oldest that the agent works with"),
        Some((5, 0)) => refused("5.0 answers in a form that older clients cannot read; 5.1 and later are fine"),
        Some(_) => Ok(()),
    }
}

/// Major and minor number of `4.3.1`, `5.1.0-rc1` or `6.0.0-dev`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(['.', '-', '+']);
    let mut next = || parts.next()?.parse().ok();
    Some((next()?, next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_ones_and_5_0_are_refused_by_name() {
        for good in ["4.3.0", "4.3.1", "4.9.4-rhel", "5.1.0", "5.4.2", "6.0.0-dev", "10.0.0"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["3.4.4", "4.2.9", "5.0.0", "5.0.3", "5.0.0-rc1", "", "x.y", "5"] {
            let error = check(bad).unwrap_err();
            assert!(error.to_string().contains(bad), "{error}");
        }
    }
}
