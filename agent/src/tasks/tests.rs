//! A pull that takes long is told, and given up when nobody asks for its pod any more.

use std::time::Duration;

use wlc_plan::{
    name::{FleetName, WorkloadName},
    spec::{Image, PullPolicy},
};

use super::*;
use crate::{
    action::Reason,
    podman::simulated::{Ending as CallEnding, Fate, Glimpse, Life, Simulated},
};

/// Pulls never end; all else is done at once.
struct SlowPulls;

impl Life for SlowPulls {
    fn fate(&self, call: &str) -> Fate {
        let before = if call == "pull an image" { Duration::from_secs(3_600) } else { Duration::ZERO };
        Fate { before, behind: Duration::ZERO, ending: CallEnding::Well }
    }

    fn stopping(&self, _container: &str) -> Duration {
        Duration::ZERO
    }

    fn is_heard(&self) -> bool {
        true
    }

    fn saw(&self, _line: &str, _now: Moment, _glimpse: Glimpse<'_>) {}
}

fn pull(pod: &str) -> Task {
    let image = Image { name: "r.example/app:1".to_owned(), digest: None, pull: PullPolicy::IfNotPresent };
    let replica = ReplicaName::parse("web-0").unwrap();
    let workload = WorkloadName::parse("web").unwrap();
    let actions = vec![Action::PullImage(image)];
    Task { replica, workload, pod: pod.to_owned(), reason: Reason::New, actions }
}

#[tokio::test]
async fn a_pull_that_takes_long_is_told_and_given_up_for_another_pod() {
    let podman = Simulated::new(&FleetName::parse("f").unwrap(), || Moment(1_000)).living(Arc::new(SlowPulls));
    let podman: Arc<dyn Podman> = Arc::new(podman);
    let (finished, mut ends) = mpsc::unbounded_channel();
    let mut tasks = Tasks::new(Arc::clone(&podman), finished, Arc::default());
    tasks.begin(pull("old"), None, Moment(1_000));
    podman.changes().notified().await;
    let (replica, workload) = (ReplicaName::parse("web-0").unwrap(), WorkloadName::parse("web").unwrap());
    let wait =
        Wait { replica: replica.clone(), workload, gate: "task", reason: String::new(), until: None, on: Vec::new() };
    let mut waits = vec![wait];
    tasks.explain(&mut waits);
    assert_eq!(waits[0].reason, "the image `r.example/app:1` is being pulled");
    tasks.give_up_pulls(|_, pod| pod == "old");
    assert!(tasks.busy().contains(&replica), "it is asked for still");
    tasks.give_up_pulls(|_, pod| pod == "new");
    assert!(tasks.busy().is_empty());
    let given_up = Finished { replica, pod: "old".to_owned(), number: 1, brought: Vec::new(), result: Ok(()) };
    tasks.begin(pull("new"), None, Moment(1_000));
    assert!(!tasks.end(&given_up, Moment(1_000)), "what was given up ends nothing");
    assert_eq!(tasks.busy().len(), 1);
    assert!(ends.try_recv().is_err());
}
