//! Jobs: what runs to its end.

use wlc_plan::{
    name::{ContainerName, EnvName, WorkloadName},
    quantity::Millis,
};

use super::{
    indexes::{Completions, Indexes},
    workload::Common,
};
use crate::fields::value::Whole;

crate::block! {
    /// Runs containers to their end, as often as asked for.
    Job "job" ("batch/v1 Job") {
        /// Its name, unique over all kinds of workloads.
        name: [required argument] WorkloadName, "name" ("metadata.name");
        /// What is to be run.
        work: [part] Work, "work" ("spec");
        /// Runs nothing until it goes.
        suspend: [flag] bool, "suspend" ("spec.suspend");
        /// Another word runs a finished job again, such as a date.
        run: [optional property] String, "run" ("");
        /// What all kinds have in common.
        common: [part] Common, "common" ("");
    }

    /// What a job runs, and what its failures mean.
    Work "job" ("spec, spec.jobTemplate.spec") {
        /// How many runs must succeed; `"any"`: one is enough, and then no new ones start. 1, or `"any"` where `parallelism` is written.
        completions: [optional property] Completions, "completions" ("completions");
        /// How many replicas run at the same time. 0: none.
        parallelism: [optional property] Whole<0, 100_000>, "parallelism" ("parallelism");
        /// Whether each run has a number and must succeed by itself.
        mode: [default property] Mode, "mode" ("completionMode"), default "non-indexed";
        /// Runs once on each node that it selects, instead of `completions`.
        per_node: [flag] bool, "per-node" ("");
        /// So many runs may fail before the job fails. 6, or without end where `backoff-limit-per-index` is written.
        backoff_limit: [optional property] Whole<0, 2_147_483_647>, "backoff-limit" ("backoffLimit");
        /// So many runs of one index may fail before the index fails.
        backoff_limit_per_index: [optional property] Whole<0, 2_147_483_647>, "backoff-limit-per-index" ("backoffLimitPerIndex");
        /// So many indexes may fail before the job fails at once.
        max_failed_indexes: [optional property] Whole<0, 100_000>, "max-failed-indexes" ("maxFailedIndexes");
        /// How long all of it may take.
        deadline: [optional property] Millis, "deadline" ("activeDeadlineSeconds");
        /// How long it is kept when it has ended.
        ttl: [optional property] Millis, "ttl" ("ttlSecondsAfterFinished");
        /// Whether a container that failed is started again in its place, or the run counts as failed.
        restart: [default property] JobRestart, "restart" ("template.spec.restartPolicy"), default "never";
        /// When a run that ends is replaced. `"failed"` where there are rules for failures.
        replace_when: [optional property] ReplaceWhen, "replace-when" ("podReplacementPolicy");
        /// What an attempt counts as whose result cannot be known.
        on_lost: [default property] OnLost, "on-lost" (""), default "retry";
        /// What these exit codes mean. Of all rules the first that matches decides.
        on_exit: [children] OnExit, "on-exit" ("podFailurePolicy.rules.onExitCodes, operator In");
        /// What all exit codes but these mean.
        on_exit_not: [children] OnExit, "on-exit-not" ("podFailurePolicy.rules.onExitCodes, operator NotIn");
        /// What a condition of a run means.
        on_condition: [children] OnCondition, "on-condition" ("podFailurePolicy.rules.onPodConditions");
        /// When the job has succeeded before all indexes have. One of several is enough.
        success: [children] Success, "success" ("successPolicy.rules");
        /// A value that a run may be given, with a default.
        parameters: [children] Parameter, "parameter" ("");
    }

    /// A rule for exit codes.
    OnExit "on-exit" ("podFailurePolicy.rules[]") {
        /// The exit codes, ascending.
        codes: [rest] Whole<0, 255>, "code" ("onExitCodes.values");
        /// What follows.
        action: [required property] FailureAction, "action" ("action");
        /// The container whose exit code counts; any, where none is written.
        container: [optional property] ContainerName, "container" ("onExitCodes.containerName");
    }

    /// A rule for a condition of a run.
    OnCondition "on-condition" ("podFailurePolicy.rules[]") {
        /// The condition.
        condition: [required argument] PodCondition, "condition" ("onPodConditions.type");
        /// What follows.
        action: [required property] FailureAction, "action" ("action");
    }

    /// A rule for early success: so many of these indexes.
    Success "success" ("successPolicy.rules[]") {
        /// The indexes that count; all, where none are written.
        indexes: [optional property] Indexes, "indexes" ("succeededIndexes");
        /// How many of them are enough; all, where none is written.
        count: [optional property] Whole<0, 2_147_483_647>, "count" ("succeededCount");
    }

    /// A value that a run may be given: containers take it as `env { NAME parameter="…" }`.
    Parameter "parameter" ("") {
        /// Its name.
        name: [required argument] EnvName, "name" ("");
        /// Its value where a run gives none.
        default: [optional property] String, "default" ("");
        /// What it is for.
        doc: [optional property] String, "doc" ("");
    }
}

crate::choice! {
    /// Whether each run has a number and must succeed by itself.
    Mode {
        /// Runs are alike; so many must succeed.
        NonIndexed "non-indexed",
        /// Each number from 0 must succeed once.
        Indexed "indexed"
    }

    /// What becomes of a container that failed.
    JobRestart {
        /// The run counts as failed, and a new one takes its place.
        Never "never",
        /// The container is started again in its place.
        OnFailure "on-failure"
    }

    /// When a run that ends is replaced.
    ReplaceWhen {
        /// When it has failed and stopped.
        Failed "failed";
        not carried out
        /// As soon as it is being stopped.
        TerminatingOrFailed "terminating-or-failed"
    }

    /// What an attempt counts as whose result cannot be known.
    OnLost {
        /// It failed, and is tried again.
        Retry "retry",
        /// The job fails.
        Fail "fail"
    }

    /// What follows a failure.
    FailureAction {
        /// The job fails at once.
        FailJob "fail-job",
        /// It does not count, and is tried again.
        Ignore "ignore",
        /// It counts, as without a rule.
        Count "count",
        /// Its index fails at once.
        FailIndex "fail-index"
    }

    /// A condition of a run.
    PodCondition {
        /// It was stopped by a drain, a removal or a shutdown.
        DisruptionTarget "disruption-target";
        not carried out
        /// It could not start because of its settings.
        ConfigIssue "config-issue"
    }
}

impl Work {
    /// How many runs must succeed; none where one success ends a work queue (S-173, S-174).
    pub fn wanted(&self) -> Option<u32> {
        match (&self.completions, &self.parallelism) {
            (Some(completions), _) => completions.value.count(),
            (None, Some(_)) => None,
            (None, None) => Some(1),
        }
    }

    /// How many replicas run at the same time at most (S-175).
    pub fn slots(&self) -> u32 {
        let parallelism = self.parallelism.as_ref().map_or(1, |parallelism| parallelism.value.0);
        self.wanted().map_or(parallelism, |wanted| wanted.min(parallelism))
    }
}
