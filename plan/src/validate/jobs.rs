//! The rules for the runs of jobs and cron jobs.

use std::collections::BTreeMap;

use super::{Findings, Rule};
use crate::{
    instance::{Instance, WorkloadKind},
    job::{Cron, ExitCodes, FailureKind, Runs, Work},
    limits,
    name::WorkloadName,
    node_plan::NodePlan,
    schedule::{Schedule, Zone},
};

pub(super) fn check(plan: &NodePlan, findings: &mut Findings) {
    let mut works: BTreeMap<&WorkloadName, &Work> = BTreeMap::new();
    for instance in &plan.instances {
        match (instance.kind, instance.work.as_deref()) {
            (WorkloadKind::Job, Some(work)) if work.cron.is_none() => check_work(instance, work, findings),
            (WorkloadKind::CronJob, Some(work @ Work { cron: Some(cron), .. })) => {
                check_work(instance, work, findings);
                check_cron(instance, cron, findings);
            }
            (WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet, None) => continue,
            (_, _) => {
                findings.add(&instance.replica, Rule::Work);
                continue;
            }
        }
        if let Some(work) = instance.work.as_deref()
            && works.insert(&instance.workload, work).is_some_and(|other| other != work)
        {
            findings.add(&instance.replica, Rule::OtherWork);
        }
    }
}

fn check_work(instance: &Instance, work: &Work, findings: &mut Findings) {
    let at = &instance.replica;
    let rules = work.rules.len().max(work.success.len());
    findings.limit(at, "rules of one kind", rules, limits::RULES_PER_JOB);
    findings.limit(at, "parameters", work.parameters.len(), limits::PARAMETERS_PER_JOB);
    let last = work.runs.part();
    if last.first.checked_add(last.count).is_none() || last.count > limits::COMPLETIONS {
        findings.add(at, Rule::Range { field: "runs", range: "0 to 1000000 runs" });
    }
    if matches!(work.runs, Runs::Own) && work.parallelism > 1 {
        findings.add(at, Rule::Range { field: "parallelism", range: "0 to 1 where there is one run" });
    }
    for rule in &work.rules {
        let codes = match &rule.on {
            FailureKind::Exit(codes) => Some(codes).filter(|codes| !codes.codes.contains(&0)),
            FailureKind::ExitNot(codes) => Some(codes),
            FailureKind::Disrupted => continue,
        };
        let is_whole = |codes: &ExitCodes| !codes.codes.is_empty() && codes.codes.is_sorted_by(|a, b| a < b);
        if !codes.is_some_and(is_whole) {
            findings.add(at, Rule::Range { field: "codes", range: "ascending exit codes" });
        }
    }
}

fn check_cron(instance: &Instance, cron: &Cron, findings: &mut Findings) {
    if let Err(error) = Schedule::parse(&cron.schedule) {
        findings.add(&instance.replica, Rule::Schedule(error.message));
    }
    if Zone::parse(&cron.zone).is_none() {
        findings.add(&instance.replica, Rule::Schedule(format!("there is no time zone `{}`", cron.zone)));
    }
}
