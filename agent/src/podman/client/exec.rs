//! Runs commands in containers of ours, through Podman's exec sessions.
//!
//! A session has no limit of its own in Podman: when the time is over, what it began is killed here, with all its
//! children (P-109).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use wlc_plan::quantity::Millis;

use super::{Client, LOOK};
use crate::podman::{
    Executed, PodmanError, processes,
    raw::{Call, encoded},
};

/// Most bytes of what a command wrote that are kept.
const OUTPUT_BYTES: usize = 4 << 10;

/// A session that was made.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    id: String,
}

/// A session, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Session {
    #[serde(default)]
    running: bool,
    #[serde(default)]
    exit_code: i32,
    #[serde(default)]
    pid: i32,
    #[serde(rename = "ContainerID", default)]
    container: String,
}

impl Client {
    pub(super) async fn execute(
        &self,
        container: &str,
        command: &[String],
        limit: Millis,
    ) -> Result<Executed, PodmanError> {
        let what = format!("run a command in {container}");
        let body = json!({ "Cmd": command, "AttachStdout": true, "AttachStderr": true });
        let id = self.make_session(container, &body).await?;
        let start = Call::post(&what, format!("/exec/{id}/start"), limit.duration());
        match self.raw.send(start.with(&json!({ "Detach": false, "Tty": false }))).await {
            Ok(reply) if reply.is_done() => {
                let output = output(&reply.bytes());
                Ok(Executed::Ended { code: self.code_of(&id).await?, output })
            }
            Ok(reply) => Ok(Executed::NotStarted(reply.refusal(&what).to_string())),
            Err(PodmanError::TimedOut { .. }) => {
                self.end_session(&id).await;
                Ok(Executed::TimedOut)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a session that has not begun yet, and gives its id.
    pub(super) async fn make_session(&self, container: &str, command: &Value) -> Result<String, PodmanError> {
        let what = format!("run a command in {container}");
        let path = format!("/containers/{}/exec", encoded(container));
        let reply = self.raw.send(Call::post(&what, path, LOOK).with(command)).await?;
        Ok(reply.json::<Made>(&what)?.id)
    }

    async fn session(&self, id: &str) -> Result<Session, PodmanError> {
        let what = "inspect a command";
        self.raw.send(Call::get(what, format!("/exec/{id}/json"), LOOK)).await?.json(what)
    }

    /// The output may end a moment before Podman knows the code.
    pub(super) async fn code_of(&self, id: &str) -> Result<i32, PodmanError> {
        for pause in [0, 10, 50, 200] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let session = self.session(id).await?;
            if !session.running {
                return Ok(session.exit_code);
            }
        }
        Err(PodmanError::Unreadable { what: "a command".to_owned(), why: "it ended, and has no code".to_owned() })
    }

    /// Kills a session that is late. What cannot be seen from here, as where Podman runs in another process namespace, is
    /// left to Podman.
    pub(super) async fn end_session(&self, id: &str) {
        if let Ok(session) = self.session(id).await
            && session.running
        {
            processes::kill_tree(session.pid, &session.container);
        }
        let body = json!({ "Force": true });
        let remove = Call::post("remove a command", format!("/exec/{id}/remove"), LOOK).with(&body);
        // It only tidies: a session goes with its container.
        drop(self.raw.send(remove).await);
    }
}

/// What was written, without the heads of Podman's frames: a byte for the stream, three that are 0, four of length.
fn output(bytes: &[u8]) -> String {
    let (mut text, mut rest) = (Vec::new(), bytes);
    while let Some((head, behind)) = rest.split_at_checked(8) {
        if head[0] > 2 || head[1..4] != [0, 0, 0] {
            break;
        }
        let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(behind.len());
        text.extend_from_slice(&behind[..length]);
        rest = &behind[length..];
    }
    let from = text.len().saturating_sub(OUTPUT_BYTES);
    String::from_utf8_lossy(&text[from..]).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_become_text_and_only_the_end_is_kept() {
        let frame = |stream: u8, text: &str| {
            let length = u32::try_from(text.len()).unwrap().to_be_bytes();
            [&[stream, 0, 0, 0], &length[..], text.as_bytes()].concat()
        };
        assert_eq!(output(&[frame(1, "one\n"), frame(2, "two\n")].concat()), "one\ntwo");
        assert_eq!(output(&frame(1, &"x".repeat(OUTPUT_BYTES + 9))).len(), OUTPUT_BYTES);
        assert_eq!(output(&frame(1, "cut")[..9]), "c");
        assert_eq!(output(b""), "");
    }
}
