//! Cron jobs: schedules that fire, and deadlines that can be met (S-223 to S-229, P-093).

use wlc_plan::quantity::Millis;

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::cron_job::CronJob,
};

/// Below this a run may be missed while the agent looks elsewhere.
const SHORT: Millis = Millis::from_seconds(10);

pub(super) fn check(cron_job: &CronJob, problems: &mut Problems) {
    if cron_job.schedule.value.0.never_fires() {
        let message = format!("`{}` names a day that no year has", cron_job.schedule.value.0);
        let diagnostic = Diagnostic::new(Code::NeverFires, message, cron_job.schedule.span, "never fires");
        problems.add(diagnostic.hint("write a day of the month that the months have"));
    }
    if let Some(deadline) = cron_job.starting_deadline.as_ref().filter(|deadline| deadline.value < SHORT) {
        let message = format!("a run that is {} late is missed", deadline.value);
        let diagnostic = Diagnostic::new(Code::ShortDeadline, message, deadline.span, "shorter than a pause may be");
        problems.add(diagnostic.hint("write `\"10s\"` or more"));
    }
    ports(cron_job, problems);
}

/// Replicas of a run share one node and the one place of their cron job there: each host port is there once.
fn ports(cron_job: &CronJob, problems: &mut Problems) {
    let slots = cron_job.work.slots();
    let Some(parallelism) = cron_job.work.parallelism.as_ref().filter(|_| slots > 1 && !cron_job.work.per_node.value)
    else {
        return;
    };
    let mut ports = cron_job.common.pod.in_order().into_iter().flat_map(|(_, container)| &container.ports);
    if let Some(host) = ports.find_map(|port| port.host.as_ref()) {
        let message = format!("{slots} replicas of a run share one node, and a host port is there once");
        let diagnostic = Diagnostic::new(Code::Contradiction, message, host.span, "taken by the first");
        problems.add(
            diagnostic
                .also(parallelism.span, "so many at the same time")
                .hint("take the host port away, or let one replica go at a time"),
        );
    }
}
