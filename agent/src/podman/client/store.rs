//! How full the file system is that holds images and containers.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rustix::fs::statvfs;
use serde::Deserialize;
use tokio::{task::JoinHandle, time::sleep};

use super::LOOK;
use crate::podman::raw::{Call, Raw};

/// Where it lies is asked for after this time: the question costs Podman a quarter of a second, and nothing hurries.
const PAUSE: Duration = Duration::from_secs(30);

/// The file system, once it is known where it lies.
pub(super) struct Store {
    root: Arc<OnceLock<PathBuf>>,
    asking: JoinHandle<()>,
}

/// What Podman says of itself, as far as it is read.
#[derive(Deserialize)]
struct Info {
    store: StoreInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoreInfo {
    graph_root: PathBuf,
}

impl Store {
    /// Asks where it lies, until Podman tells.
    pub(super) fn find(raw: Raw) -> Self {
        let root = Arc::new(OnceLock::new());
        let found = Arc::clone(&root);
        let asking = tokio::spawn(async move {
            while found.get().is_none() {
                sleep(PAUSE).await;
                let what = "say where images lie";
                let Ok(reply) = raw.send(Call::get(what, "/info".to_owned(), LOOK)).await else { continue };
                if let Ok(Info { store }) = reply.json(what) {
                    drop(found.set(store.graph_root));
                }
            }
        });
        Self { root, asking }
    }

    /// How full it is.
    pub(super) fn percent(&self) -> Option<u8> {
        let found = statvfs(self.root.get()?).ok()?;
        percent(found.f_blocks - found.f_bfree, found.f_bavail)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

/// As `df` counts: of what anybody but root may use.
fn percent(used: u64, free: u64) -> Option<u8> {
    let all = u128::from(used) + u128::from(free);
    let rounded_up = (u128::from(used) * 100).checked_add(all.checked_sub(1)?)?.checked_div(all)?;
    u8::try_from(rounded_up).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_is_as_full_as_df_says() {
        for (used, free, expected) in
            [(0, 100, Some(0)), (85, 15, Some(85)), (851, 149, Some(86)), (100, 0, Some(100)), (0, 0, None)]
        {
            assert_eq!(percent(used, free), expected, "{used} {free}");
        }
    }
}
