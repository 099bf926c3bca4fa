use wlc_plan::{
    name::{FleetName, PortName},
    quantity::Millis,
    spec::{Command, Probe, ProbeHandler, Probes as ProbeSpecs, TcpProbe},
};

use super::*;
use crate::podman::simulated::Simulated;

fn probe(initial_delay: u64, period: u64) -> Probe {
    let handler = ProbeHandler::Tcp(TcpProbe { port: PortName::parse("http").unwrap(), host: None });
    let (initial_delay, period) = (Millis(initial_delay), Millis(period));
    Probe { handler, initial_delay, period, timeout: Millis(1_000), successes: 1, failures: 1, grace: None }
}

fn kinds(questions: &[Question]) -> Vec<ProbeKind> {
    questions.iter().map(|question| question.kind).collect()
}

/// S-302, S-303, S-309, S-316, P-106, C-143, C-156, C-157, C-159, C-178, C-187: startup gates the others; readiness is asked at once when it has passed.
#[test]
fn startup_gates_the_others() {
    let specs = ProbeSpecs {
        startup: Some(probe(2_000, 1_000)),
        readiness: Some(probe(0, 5_000)),
        liveness: Some(probe(0, 3_000)),
    };
    let subjects = [Subject::new("one", Moment(10_000), specs)];
    let mut probes = Probes::default();
    assert_eq!(probes.due(&subjects, Moment(10_000)), (vec![], Some(Moment(12_000))));
    let (questions, _) = probes.due(&subjects, Moment(12_000));
    assert_eq!(kinds(&questions), [ProbeKind::Startup]);
    assert_eq!(probes.due(&subjects, Moment(12_500)), (vec![], None), "an open question is not asked again");
    assert!(probes.answered(&questions[0], &Answer::Good, Moment(12_600)));
    let (questions, _) = probes.due(&subjects, Moment(12_600));
    assert_eq!(kinds(&questions), [ProbeKind::Readiness, ProbeKind::Liveness]);
    for question in &questions {
        assert!(probes.answered(question, &Answer::Good, Moment(12_700)));
    }
    assert_eq!(probes.due(&subjects, Moment(12_700)), (vec![], Some(Moment(15_600))));
}

/// S-314, P-110: after a failure nothing is asked until there is a new container.
#[test]
fn a_failed_liveness_probe_rests_until_there_is_a_new_container() {
    let specs = ProbeSpecs { liveness: Some(probe(0, 1_000)), ..ProbeSpecs::default() };
    let old = [Subject::new("old", Moment(0), specs.clone())];
    let mut probes = Probes::default();
    let (questions, _) = probes.due(&old, Moment(0));
    assert!(probes.answered(&questions[0], &Answer::Bad("refused".to_owned()), Moment(10)));
    assert_eq!(probes.due(&old, Moment(9_000)), (vec![], None));
    let new = [Subject::new("new", Moment(9_000), specs)];
    probes.keep_only(&new);
    assert!(probes.verdicts().is_empty());
    assert_eq!(kinds(&probes.due(&new, Moment(9_000)).0), [ProbeKind::Liveness]);
}

/// S-322, C-149: a probe that names a host asks it instead of the pod, at the number of its port; one that nobody knows is a failure.
#[tokio::test]
async fn a_probe_may_ask_another_host() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let prober = MachineProber::new(std::sync::Arc::new(Simulated::new(&FleetName::parse("f").unwrap(), || Moment(0))));
    let asking = |host: Option<&str>| Question {
        id: "one".to_owned(),
        kind: ProbeKind::Readiness,
        probe: probe(0, 1_000),
        target: None,
        host: host.map(|host| (host.to_owned(), port)),
    };
    assert_eq!(prober.ask(&asking(Some("localhost"))).await, Answer::Good);
    assert!(matches!(prober.ask(&asking(Some("nobody.invalid"))).await, Answer::Bad(_)));
    assert!(matches!(prober.ask(&asking(None)).await, Answer::Unheard(_)));
}

/// S-304, S-319, C-145, C-146, C-151, C-152, C-153, C-261, P-109: it must end with 0 and in time; what keeps it from being asked counts for
/// neither side.
#[tokio::test]
async fn a_command_must_end_with_zero_in_time() {
    use crate::podman::Executed;
    let fleet = FleetName::parse("f").unwrap();
    let podman = Simulated::new(&fleet, || Moment(0));
    let ended = |code, output: &str| Executed::Ended { code, output: output.to_owned() };
    podman.set_command(&["bad"], ended(7, "line\nno space"));
    podman.set_command(&["slow"], Executed::TimedOut);
    podman.set_command(&["gone"], Executed::NotStarted("no such file".to_owned()));
    let (pod, id) = podman.add_own_container();
    for (word, expected) in [
        ("fine", Answer::Good),
        ("bad", Answer::Bad("`bad` ended with 7: no space".to_owned())),
        ("slow", Answer::Bad("`slow` took longer than 1s".to_owned())),
        ("gone", Answer::Bad("`gone` cannot be run: no such file".to_owned())),
    ] {
        let command = Command { command: vec![word.to_owned()] };
        assert_eq!(exec::ask(&podman, &id, &command, Millis(1_000)).await, expected);
    }
    podman.lose_pod(&pod);
    let command = Command { command: vec!["fine".to_owned()] };
    assert!(matches!(exec::ask(&podman, &id, &command, Millis(1_000)).await, Answer::Unheard(_)));
}
