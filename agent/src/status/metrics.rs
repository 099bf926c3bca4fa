//! `/metrics`: what the agent counts, and what its status says, as a page of metrics.
//!
//! Names begin with `wlagent_`; what the agent itself uses has the `process_` names that every client library gives it.

use std::{collections::BTreeMap, time::Duration};

use wlc_plan::{instance::WorkloadKind, name::WorkloadName, time::Timestamp};

use super::{
    document::{Document, Instance},
    exposition::{
        Kind::{Counter, Gauge, Histogram},
        Page,
    },
    own::Own,
};
use crate::counts::{Counted, PASS_BUCKETS, Passes};

/// What a page is made of.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The status.
    pub document: &'a Document,
    /// The counts.
    pub counted: &'a Counted,
    /// How long the loop has been silent.
    pub silence: Duration,
    /// What the agent's process uses, where the system tells.
    pub own: Option<Own>,
}

/// The page.
pub fn page(sources: Sources<'_>) -> String {
    let Sources { document, counted, silence, own } = sources;
    let mut page = Page::default();
    identity(&mut page, document);
    plan(&mut page, document, counted);
    passes(&mut page, &counted.passes, silence);
    replicas(&mut page, document);
    jobs(&mut page, document);
    work(&mut page, counted);
    process(&mut page, own);
    page.text()
}

fn identity(page: &mut Page, document: &Document) {
    page.family("wlagent_build_info", Gauge, "The program; always 1.");
    page.sample("wlagent_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1_u64);
    page.family("wlagent_node_info", Gauge, "The node and its fleet; always 1.");
    page.sample("wlagent_node_info", &[("node", document.node.as_str()), ("fleet", document.fleet.as_str())], 1_u64);
}

fn plan(page: &mut Page, document: &Document, counted: &Counted) {
    if let Some(generation) = document.generation {
        page.single("wlagent_generation", Gauge, "The generation in force.", generation);
    }
    let refused = document.refused.is_some();
    page.single("wlagent_plan_refused", Gauge, "Whether the newest plan set is refused.", refused);
    page.single("wlagent_warnings", Gauge, "Warnings in the status.", document.warnings.len());
    let name = "wlagent_generations_accepted_total";
    page.single(name, Counter, "Plan sets that were accepted.", counted.accepted);
    let name = "wlagent_generations_refused_total";
    page.family(name, Counter, "Plan sets that were refused, by the word for the reason.");
    for (code, count) in &counted.refused {
        page.sample(name, &[("code", code)], *count);
    }
}

fn passes(page: &mut Page, passes: &Passes, silence: Duration) {
    page.single("wlagent_podman_up", Gauge, "Whether Podman answered to the newest pass.", passes.sees);
    let name = "wlagent_passes_total";
    page.family(name, Counter, "Passes: good ones, and those to which Podman gave no answer.");
    page.sample(name, &[("result", "success")], passes.good);
    page.sample(name, &[("result", "failure")], passes.blind);
    let name = "wlagent_pass_duration_seconds";
    page.family(name, Histogram, "How long passes take.");
    let mut sum = 0;
    for (end, count) in PASS_BUCKETS.iter().zip(passes.by_length) {
        sum += count;
        let end = Duration::from_millis(*end).as_secs_f64().to_string();
        page.sample("wlagent_pass_duration_seconds_bucket", &[("le", &end)], sum);
    }
    let all = passes.good + passes.blind;
    page.sample("wlagent_pass_duration_seconds_bucket", &[("le", "+Inf")], all);
    page.sample("wlagent_pass_duration_seconds_sum", &[], passes.time);
    page.sample("wlagent_pass_duration_seconds_count", &[], all);
    if let Some(last) = passes.last_good {
        let name = "wlagent_last_successful_pass_timestamp_seconds";
        page.single(name, Gauge, "When the last good pass ended.", Duration::from_millis(last.0));
    }
    page.single("wlagent_loop_silence_seconds", Gauge, "How long ago the loop turned last.", silence);
}

fn replicas(page: &mut Page, document: &Document) {
    let mut workloads: BTreeMap<(&WorkloadName, WorkloadKind), Vec<&Instance>> = BTreeMap::new();
    for instance in &document.instances {
        if let (Some(workload), Some(kind)) = (&instance.workload, instance.kind) {
            workloads.entry((workload, kind)).or_default().push(instance);
        }
    }
    type Test = fn(&Instance) -> bool;
    let families: [(&str, &str, Test); 3] = [
        ("wlagent_replicas_wanted", "Replicas that the plan wants here.", |one| one.state != "leaving"),
        ("wlagent_replicas_ready", "Of those, the ready ones.", |one| one.state != "leaving" && one.ready),
        ("wlagent_replicas_back_off", "Replicas that are tried again after a while.", |one| one.state == "back-off"),
    ];
    for (name, help, test) in families {
        page.family(name, Gauge, help);
        for ((workload, kind), instances) in &workloads {
            let count = instances.iter().filter(|instance| test(instance)).count();
            page.sample(name, &[("workload", workload.as_str()), ("kind", kind.word())], count);
        }
    }
    let states = document.instances.iter().map(|instance| instance.state.as_str());
    by_word(page, ("wlagent_instances", "Replicas by their state.", "state"), states);
    let waits = document.instances.iter().flat_map(|instance| &instance.waits).map(|wait| wait.gate.as_str());
    by_word(page, ("wlagent_waits", "What replicas wait for, by the kind of wait.", "gate"), waits);
}

fn jobs(page: &mut Page, document: &Document) {
    if document.jobs.is_empty() && document.cron_jobs.is_empty() {
        return;
    }
    let time = |at: Timestamp| Duration::from_secs(u64::try_from(at.seconds()).unwrap_or(0));
    let name = "wlagent_job_last_success_timestamp_seconds";
    page.family(name, Gauge, "When a job, or a run of a cron job, succeeded last.");
    let once = document.jobs.iter().filter(|job| job.kind == WorkloadKind::Job && job.state == "complete");
    let once = once.filter_map(|job| Some((&job.workload, job.finished?)));
    let again = document.cron_jobs.iter().filter_map(|one| Some((&one.workload, one.last_success?)));
    for (workload, at) in once.chain(again) {
        page.sample(name, &[("workload", workload.as_str())], time(at));
    }
    let name = "wlagent_job_failed";
    page.family(name, Gauge, "Whether a job, or a run of a cron job that is kept, has failed.");
    for job in &document.jobs {
        page.sample(name, &[("workload", job.workload.as_str()), ("job", &job.name)], job.state == "failed");
    }
    let name = "wlagent_cron_job_missed_total";
    page.family(name, Counter, "Slots of cron jobs that were missed.");
    for one in &document.cron_jobs {
        page.sample(name, &[("workload", one.workload.as_str())], u64::from(one.missed));
    }
}

fn by_word<'a>(page: &mut Page, (name, help, label): (&str, &str, &str), words: impl Iterator<Item = &'a str>) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    words.for_each(|word| *counts.entry(word).or_default() += 1);
    page.family(name, Gauge, help);
    for (word, count) in counts {
        page.sample(name, &[(label, word)], count);
    }
}

fn work(page: &mut Page, counted: &Counted) {
    let name = "wlagent_actions_total";
    page.family(name, Counter, "Steps of tasks, by kind.");
    counted.actions.iter().for_each(|(kind, steps)| page.sample(name, &[("kind", kind)], steps.done));
    let name = "wlagent_action_failures_total";
    page.family(name, Counter, "Steps that failed, by kind.");
    counted.actions.iter().for_each(|(kind, steps)| page.sample(name, &[("kind", kind)], steps.failed));
    let name = "wlagent_action_seconds_total";
    page.family(name, Counter, "How long steps took together, by kind.");
    counted.actions.iter().for_each(|(kind, steps)| page.sample(name, &[("kind", kind)], steps.time));
    let name = "wlagent_container_restarts_total";
    page.family(name, Counter, "Containers that were started again.");
    for ((workload, container), count) in &counted.restarts {
        page.sample(name, &[("workload", workload.as_str()), ("container", container.as_str())], *count);
    }
    let name = "wlagent_rollouts_total";
    page.family(name, Counter, "Rollouts on this node, by what became of them.");
    for ((workload, stage), count) in &counted.rollouts {
        page.sample(name, &[("workload", workload.as_str()), ("stage", stage.word())], *count);
    }
    let name = "wlagent_probes_total";
    page.family(name, Counter, "Answers of probes.");
    for ((kind, result), count) in &counted.answers {
        page.sample(name, &[("kind", kind), ("result", result)], *count);
    }
}

fn process(page: &mut Page, own: Option<Own>) {
    let Some(own) = own else { return };
    page.single("process_cpu_seconds_total", Counter, "Processor time of the agent.", own.cpu);
    page.single("process_resident_memory_bytes", Gauge, "Memory of the agent.", own.resident);
    page.single("process_virtual_memory_bytes", Gauge, "Address space of the agent.", own.virtual_size);
    page.single("process_start_time_seconds", Gauge, "When the agent was started.", own.started);
}

#[cfg(test)]
mod tests {
    use super::{super::exposition::tests::read, *};
    use crate::clock::Moment;

    fn document() -> Document {
        let instance = |replica: &str, state: &str, ready: bool| {
            serde_json::json!({
                "replica": replica, "workload": "db", "kind": "stateful-set", "state": state, "ready": ready,
                "revision": null, "since": "2026-11-26T03:00:00Z", "restarts": 0, "containers": [], "last_failure": null,
                "waits": [{ "gate": "back-off", "reason": "", "until": null }]
            })
        };
        serde_json::from_value(serde_json::json!({
            "version": 1, "node": "n1", "fleet": "example", "generation": 12, "refused": null,
            "instances": [
                instance("db-0", "running", true), instance("db-1", "back-off", false), instance("db-2", "leaving", true)
            ]
        }))
        .unwrap()
    }

    fn value(page: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: BTreeMap<String, String> =
            labels.iter().map(|(label, held)| ((*label).to_owned(), (*held).to_owned())).collect();
        read(page)
            .into_iter()
            .find(|(found, held, _)| (found.as_str(), held) == (name, &labels))
            .map(|(_, _, value)| value)
    }

    #[test]
    fn every_family_is_well_formed_and_says_what_is() {
        let workload = WorkloadName::parse("db").unwrap();
        let counts = crate::counts::Counts::default();
        counts.pass(true, Duration::from_millis(30), Moment(1_700_000_000_500));
        counts.pass(false, Duration::from_secs(30), Moment(1_700_000_030_500));
        let mut counted = counts.now();
        let steps = crate::counts::Steps { done: 3, failed: 1, time: Duration::from_millis(250) };
        counted.actions.insert("make-pod", steps);
        counted.refused.insert("odd \"code\"\\\n".to_owned(), 2);
        counted.rollouts.insert((workload.clone(), crate::counts::RolloutStage::Failed), 1);
        counted.restarts.insert((workload, wlc_plan::name::ContainerName::parse("postgres").unwrap()), 7);
        counted.answers.insert(("readiness", "success"), 9);
        let document = document();
        let own = Own::read();
        assert!(own.is_some());
        let page = page(Sources { document: &document, counted: &counted, silence: Duration::from_secs(1), own });
        let db = [("workload", "db"), ("kind", "stateful-set")];
        for (name, labels, expected) in [
            ("wlagent_generation", &[][..], 12.0),
            ("wlagent_podman_up", &[], 0.0),
            ("wlagent_passes_total", &[("result", "failure")], 1.0),
            ("wlagent_pass_duration_seconds_bucket", &[("le", "0.025")], 0.0),
            ("wlagent_pass_duration_seconds_bucket", &[("le", "0.05")], 1.0),
            ("wlagent_pass_duration_seconds_bucket", &[("le", "+Inf")], 2.0),
            ("wlagent_pass_duration_seconds_sum", &[], 30.03),
            ("wlagent_last_successful_pass_timestamp_seconds", &[], 1_700_000_000.5),
            ("wlagent_replicas_wanted", &db, 2.0),
            ("wlagent_replicas_ready", &db, 1.0),
            ("wlagent_replicas_back_off", &db, 1.0),
            ("wlagent_instances", &[("state", "leaving")], 1.0),
            ("wlagent_waits", &[("gate", "back-off")], 3.0),
            ("wlagent_actions_total", &[("kind", "make-pod")], 3.0),
            ("wlagent_action_failures_total", &[("kind", "make-pod")], 1.0),
            ("wlagent_action_seconds_total", &[("kind", "make-pod")], 0.25),
            ("wlagent_generations_refused_total", &[("code", "odd \"code\"\\\n")], 2.0),
            ("wlagent_rollouts_total", &[("workload", "db"), ("stage", "failed")], 1.0),
            ("wlagent_container_restarts_total", &[("workload", "db"), ("container", "postgres")], 7.0),
            ("wlagent_probes_total", &[("kind", "readiness"), ("result", "success")], 9.0),
        ] {
            assert_eq!(value(&page, name, labels), Some(expected), "{name}{labels:?} in\n{page}");
        }
        assert!(value(&page, "process_resident_memory_bytes", &[]).unwrap() > 100_000.0, "{page}");
        assert!(value(&page, "process_start_time_seconds", &[]).unwrap() > 1_600_000_000.0, "{page}");
    }
}
