//! Runs that somebody wants now: which job or cron job is meant, and whether it takes what it is given.

use std::collections::BTreeMap;

use wlc_plan::{
    instance::WorkloadKind,
    name::{EnvName, WorkloadName},
};

use super::NotTaken;
use crate::status::{document::Document, jobs::Parameter};

/// Most bytes of a value that a run is given. Kubernetes has no bound; a request and the ledger have one.
const MOST_BYTES: usize = 4_096;

/// Why a job or cron job does not run now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRun {
    /// Nobody has the name.
    #[error("no job or cron job `{0}` is on this node")]
    Nobody(String),
    /// The job runs.
    #[error("`{0}` has not ended, and a job has one run at a time")]
    NotEnded(String),
    /// The plan says that nothing of it runs.
    #[error("`{0}` is suspended by its plan")]
    Suspended(String),
    /// Runs of it never overlap.
    #[error("`{run}` has not ended, and runs of `{workload}` never overlap (`concurrency \"forbid\"`)")]
    Overlaps {
        /// The run that goes on.
        run: String,
        /// The cron job.
        workload: WorkloadName,
    },
    /// The plan declares no such parameter.
    #[error("the plan declares no parameter `{parameter}` of `{workload}`; {known}")]
    Unknown {
        /// What was given.
        parameter: String,
        /// The workload.
        workload: WorkloadName,
        /// Which ones there are.
        known: String,
    },
    /// A parameter was given twice.
    #[error("`{0}` is given twice")]
    Twice(EnvName),
    /// The plan has no value for a parameter, and nor has whoever wants the run.
    #[error("`{workload}` has no value for its parameter `{parameter}`: say `{parameter}=…`")]
    Missing {
        /// The workload.
        workload: WorkloadName,
        /// What was not given.
        parameter: EnvName,
    },
    /// A value that no environment takes.
    #[error("the value of `{0}` is longer than {MOST_BYTES} bytes, or holds a zero byte")]
    Value(EnvName),
}

/// Which job or cron job is meant, and what its run is given.
pub(super) fn triggered(
    name: &str,
    given: &[(String, String)],
    document: &Document,
) -> Result<(WorkloadName, BTreeMap<EnvName, String>), NotTaken> {
    let (workload, known) = match cron_job(name, document)? {
        Some(found) => found,
        None => job(name, document)?,
    };
    let mut parameters = BTreeMap::new();
    for (parameter, value) in given {
        let Some(declared) = known.iter().find(|one| one.name.as_str() == parameter) else {
            let (parameter, workload) = (parameter.clone(), workload.clone());
            return Err(NoRun::Unknown { parameter, workload, known: words(known) }.into());
        };
        let name = declared.name.clone();
        if value.len() > MOST_BYTES || value.contains('\0') {
            return Err(NoRun::Value(name).into());
        }
        if parameters.insert(name.clone(), value.clone()).is_some() {
            return Err(NoRun::Twice(name).into());
        }
    }
    match known.iter().find(|one| one.required && !parameters.contains_key(&one.name)) {
        Some(missing) => Err(NoRun::Missing { workload: workload.clone(), parameter: missing.name.clone() }.into()),
        None => Ok((workload.clone(), parameters)),
    }
}

type Found<'a> = (&'a WorkloadName, &'a [Parameter]);

fn cron_job<'a>(name: &str, document: &'a Document) -> Result<Option<Found<'a>>, NoRun> {
    let Some(one) = document.cron_jobs.iter().find(|one| one.workload.as_str() == name) else { return Ok(None) };
    match one.active.first().filter(|_| one.alone) {
        Some(run) => Err(NoRun::Overlaps { run: run.clone(), workload: one.workload.clone() }),
        None => Ok(Some((&one.workload, &one.parameters))),
    }
}

fn job<'a>(name: &str, document: &'a Document) -> Result<Found<'a>, NoRun> {
    let mut jobs = document.jobs.iter().filter(|job| job.kind == WorkloadKind::Job);
    let one = jobs.find(|job| job.workload.as_str() == name || job.name == name);
    let one = one.ok_or_else(|| NoRun::Nobody(name.to_owned()))?;
    match one.state.as_str() {
        "complete" | "failed" | "lost" => Ok((&one.workload, &one.parameters)),
        "suspended" => Err(NoRun::Suspended(name.to_owned())),
        _ => Err(NoRun::NotEnded(name.to_owned())),
    }
}

fn words(known: &[Parameter]) -> String {
    let names: Vec<String> = known.iter().map(|one| format!("`{}`", one.name)).collect();
    if names.is_empty() { "there are none".to_owned() } else { format!("there are {}", names.join(", ")) }
}

/// What a run is given, as it stands in the record.
pub(super) fn given(parameters: &BTreeMap<EnvName, String>) -> Option<String> {
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (!pairs.is_empty()).then(|| super::cut(&pairs.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(state: &str, active: &[&str]) -> Document {
        let parameters =
            serde_json::json!([{ "name": "DAY", "required": true }, { "name": "KIND", "required": false }]);
        serde_json::from_value(serde_json::json!({
            "version": 1, "node": "n1", "fleet": "example", "generation": 1, "refused": null, "instances": [],
            "jobs": [{
                "name": "train", "workload": "train", "kind": "job", "state": state, "run": "", "completions": 1,
                "succeeded": 0, "active": 0, "failed": 0, "completed_indexes": "", "failed_indexes": "", "begun": null,
                "finished": null, "reason": null, "message": null, "slot": null, "by": null, "parameters": []
            }],
            "cron_jobs": [{
                "workload": "backup", "schedule": "0 3 * * *", "time_zone": "UTC", "suspended": false, "active": active,
                "last": null, "next": null, "last_success": null, "missed": 0, "last_missed": null, "alone": true,
                "waits": null, "parameters": parameters
            }]
        }))
        .unwrap()
    }

    fn said(name: &str, given: &[(&str, &str)], document: &Document) -> Result<usize, String> {
        let given: Vec<_> = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        triggered(name, &given, document).map(|(_, parameters)| parameters.len()).map_err(|why| why.to_string())
    }

    #[test]
    fn a_run_takes_what_the_plan_declares_and_nothing_else() {
        let document = document("complete", &[]);
        assert_eq!(said("backup", &[("DAY", "2026-11-26"), ("KIND", "")], &document), Ok(2));
        assert_eq!(said("train", &[], &document), Ok(0));
        let long = "x".repeat(MOST_BYTES + 1);
        for (name, given, why) in [
            ("backup", &[("DATE", "x")][..], "declares no parameter `DATE` of `backup`; there are `DAY`, `KIND`"),
            ("train", &[("DAY", "x")], "declares no parameter `DAY` of `train`; there are none"),
            ("backup", &[("KIND", "x")], "no value for its parameter `DAY`: say `DAY=…`"),
            ("backup", &[("DAY", "x"), ("DAY", "y")], "`DAY` is given twice"),
            ("backup", &[("DAY", &long)], "longer than 4096 bytes"),
            ("backup", &[("DAY", "a\0b")], "a zero byte"),
            ("web", &[], "no job or cron job `web`"),
        ] {
            let refused = said(name, given, &document).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn what_runs_is_not_run_beside() {
        let refused = |name: &str, document: &Document| said(name, &[("DAY", "x")], document).unwrap_err();
        assert!(refused("backup", &document("complete", &["backup-t1126030000"])).contains("never overlap"));
        for (state, why) in
            [("running", "has not ended"), ("ending", "has not ended"), ("suspended", "suspended by its plan")]
        {
            assert!(refused("train", &document(state, &[])).contains(why), "{state}");
        }
        for state in ["complete", "failed", "lost"] {
            assert_eq!(said("train", &[], &document(state, &[])), Ok(0));
        }
    }
}
