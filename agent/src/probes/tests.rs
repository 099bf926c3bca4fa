use wlc_plan::{
    name::PortName,
    quantity::Millis,
    spec::{Probe, ProbeHandler, Probes as ProbeSpecs, TcpProbe},
};

use super::*;

fn probe(initial_delay: u64, period: u64) -> Probe {
    let handler = ProbeHandler::Tcp(TcpProbe { port: PortName::parse("http").unwrap(), host: None });
    let (initial_delay, period) = (Millis(initial_delay), Millis(period));
    Probe { handler, initial_delay, period, timeout: Millis(1_000), successes: 1, failures: 1, grace: None }
}

fn kinds(questions: &[Question]) -> Vec<ProbeKind> {
    questions.iter().map(|question| question.kind).collect()
}

/// S-302, S-303, S-309, S-316, P-106: startup gates the others; readiness is asked at once when it has passed.
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
