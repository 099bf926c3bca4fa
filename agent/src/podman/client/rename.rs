//! Gives containers that somebody renamed their own names back.

use super::{Client, LOOK};
use crate::podman::{
    PodmanError,
    raw::{Call, encoded},
};

impl Client {
    /// Fine if it has its name, or is not there.
    pub(super) async fn rename_if_needed(&self, name: &str) -> Result<(), PodmanError> {
        let Some(found) = self.own_container(name).await?.filter(|found| found.name != name) else { return Ok(()) };
        let what = format!("call {} {name} again", found.name);
        let path = format!("/containers/{}/rename?name={}", encoded(&found.id), encoded(name));
        let renamed = self.raw.send(Call::post(&what, path, LOOK)).await?.done(&what);
        match renamed {
            Err(_) if self.container(name).await?.is_some_and(|other| other.id != found.id) => {
                Err(PodmanError::Foreign { what: format!("container {name}") })
            }
            done => done,
        }
    }
}
