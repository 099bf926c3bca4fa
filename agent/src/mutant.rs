//! Faults that are kept: each breaks one promise of the agent, so that it can be seen whether the simulation finds it.
//!
//! The feature `mutants` brings them in, for a test build alone; there one is chosen when the program begins. Everywhere
//! else [`is`] is false when the program is compiled, and neither a fault nor its name is in it.

macro_rules! mutants {
    ($($mutant:ident $name:literal $promise:literal;)*) => {
        /// A fault that is kept.
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub enum Mutant {
            $(#[doc = concat!("Breaks: ", $promise, ".")] $mutant,)*
        }

        #[cfg(feature = "mutants")]
        impl Mutant {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$mutant,)*];

            /// The word by which it is chosen.
            pub fn name(self) -> &'static str {
                match self { $(Self::$mutant => $name,)* }
            }

            /// The promise that it breaks.
            pub fn promise(self) -> &'static str {
                match self { $(Self::$mutant => $promise,)* }
            }
        }
    };
}

mutants! {
    BudgetIgnored "budget-ignored" "no more replicas are taken down than may be missing";
    SurgeIgnored "surge-ignored" "no more copies stand beside the old pods than the plan allows";
    StartOrderIgnored "start-order-ignored" "a replica of a stateful-set starts when those before it are ready";
    UpdateOrderIgnored "update-order-ignored" "a stateful-set is updated from its highest replica down, one when the other is ready";
    MinReadySkipped "min-ready-skipped" "a replica counts when it has been ready for its time";
    StuckStaysStuck "stuck-stays-stuck" "a newer plan gets a rollout going that stands still";
    SurplusKept "surplus-kept" "a pod that was replaced goes";
    LeftKept "left-kept" "what is in no plan any more goes";
    LeftoversKept "leftovers-kept" "what a pod leaves behind goes with it";
    OldRunsKept "old-runs-kept" "of a container's dead runs the newest is kept, and the others go";
    ClaimsRemoved "claims-removed" "the volumes of claims outlive their pods";
    IdentityTwice "identity-twice" "of one identity there is one at most";
    ForeignTouched "foreign-touched" "what is not ours is not touched, whichever labels it carries";
    KilledAtOnce "killed-at-once" "what is asked to end has its grace for it";
    ImageLast "image-last" "a missing image leaves the old pod as it is";
    BackOffSkipped "back-off-skipped" "what ends again and again is started after a pause that grows";
    RetryAtOnce "retry-at-once" "a step that failed is tried again after a pause that grows";
    FailureUncounted "failure-uncounted" "a step that failed is known to have failed";
    ReadinessIgnored "readiness-ignored" "what its probes call unready counts as missing";
    LivenessIgnored "liveness-ignored" "what its liveness probe gives up is started anew";
    EventsTrusted "events-trusted" "an event that was lost holds nothing up for long";
    ClockTrusted "clock-trusted" "a clock that is set back holds nothing up";
    SwapForgotten "swap-forgotten" "a changed config that is swapped in place reaches its containers";
    SwapUnsignalled "swap-unsignalled" "a swapped config is told to the container by its signal";
    SwapUnrecorded "swap-unrecorded" "a config is swapped once";
    BadForgotten "bad-forgotten" "a revision that was given up is not tried again";
    GoneRemembered "gone-remembered" "what speaks of pods that are gone is forgotten";
    LedgerUnkept "ledger-unkept" "what the agent must remember outlives it";
    FileUnsynced "file-unsynced" "the bytes of a file outlive a power loss before its name does";
    FolderUnsynced "folder-unsynced" "the name of a file outlives a power loss before the agent relies on it";
    WrittenInPlace "written-in-place" "a file is there whole, old or new, whenever the power goes";
    SetUnkept "set-unkept" "a plan is kept before it is carried out";
    OlderTaken "older-taken" "the generation in force never goes back";
    StrangerTaken "stranger-taken" "a plan that nobody signed whom the node trusts is refused";
    AbsentEmpties "absent-empties" "a set without a plan for the node changes nothing";
    NumberAgain "number-again" "a number of a job that has succeeded does not run again";
    ForbidOverlaps "forbid-overlaps" "runs of a cron job that forbids it never overlap";
    ReplacedKept "replaced-kept" "what takes the place of a run waits until that is gone";
    DeadlineIgnored "deadline-ignored" "a job ends when its deadline is over";
}

#[cfg(feature = "mutants")]
static CHOSEN: std::sync::OnceLock<Mutant> = std::sync::OnceLock::new();

/// Chooses the fault of this process, once.
///
/// # Panics
/// Another one was chosen before.
#[cfg(feature = "mutants")]
pub fn choose(mutant: Mutant) {
    assert!(*CHOSEN.get_or_init(|| mutant) == mutant, "one process has one fault");
}

/// Whether this fault was chosen.
#[cfg(feature = "mutants")]
pub fn is(mutant: Mutant) -> bool {
    CHOSEN.get() == Some(&mutant)
}

/// Whether this fault was chosen: no.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub const fn is(_: Mutant) -> bool {
    false
}
