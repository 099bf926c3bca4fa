//! Rollbacks: a workload runs an earlier template than its files have, as its lock says, until the files change.
//!
//! The lock names the revision that the files had when the rollback was decided. As long as they have it, the newest
//! revision of the lock is built in its place; any other template of theirs ends the rollback.

mod decide;
mod underline;

use wlc_plan::{canonical, name::WorkloadName, revision::Revision, spec::PodSpec};

pub use self::decide::{Decided, RollbackError, Target, decide, undo};
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    diff::fields,
    lock::{Lock, State, WorkloadLock},
    lower::{self, Contents},
    model::{Repository, workload::Workload},
    pins::{Pin, Pins},
    span::Span,
    syntax::Block,
};

/// The rollbacks that go on. Each is warned about; one that cannot be built any more is an error.
pub fn pins(
    blocks: &[Block],
    repository: &Repository,
    contents: &Contents,
    lock: &Lock,
    problems: &mut Problems,
) -> Pins {
    let mut pins = Pins::new();
    for (name, one) in lock.workloads.iter().filter(|(_, one)| one.pinned.is_some() && one.state == State::Live) {
        let Some(workload) = repository.workloads.get(name) else { continue };
        let Some(pin) = pin(workload, contents, one, lock) else { continue };
        if let Some(config) = lost_config(&pin.spec, contents) {
            let message = format!("`{name}` is rolled back to a revision that mounts config `{config}`, which is gone");
            let diagnostic = Diagnostic::new(Code::UnknownName, message, workload.span(), "rolled back");
            problems.add(
                diagnostic.hint(format!("put the config back, or end the rollback: `wlc rollback {name} --undo`")),
            );
            continue;
        }
        problems.add(warning(blocks, workload, &pin));
        pins.insert(name.clone(), pin);
    }
    pins
}

fn pin(workload: &Workload, contents: &Contents, one: &WorkloadLock, lock: &Lock) -> Option<Pin> {
    let newest = one.newest()?;
    let source = lower::template(workload, contents);
    let revision = Revision::of(newest.reference.revision.version(), &source);
    let spec = canonical::decode(lock.bodies.get(&newest.reference.spec)?).ok()?;
    (one.pinned == Some(revision)).then_some(Pin { spec, number: newest.reference.number, source })
}

/// A config that is swapped in place and that no file declares any more.
fn lost_config(spec: &PodSpec, contents: &Contents) -> Option<String> {
    let mounts = spec.containers.iter().flat_map(|container| &container.mounts);
    let mut in_place = mounts.filter_map(|mount| mount.source.swapped_config());
    in_place.find(|config| !contents.contains_key(config)).map(ToString::to_string)
}

/// The warning about a rollback: the lines of the files that are not built, each with what runs instead.
fn warning(blocks: &[Block], workload: &Workload, pin: &Pin) -> Diagnostic {
    let name = &workload.name().value;
    let message = format!("`{name}` is rolled back: revision {} is built, and not what the files say", pin.number);
    let mut labels = differences(blocks, &workload.name().value, &pin.source, &pin.spec).into_iter();
    let (span, text) = labels.next().unwrap_or((workload.span(), "another revision runs".to_owned()));
    let diagnostic =
        labels.fold(Diagnostic::new(Code::Pinned, message, span, text), |all, (span, text)| all.also(span, text));
    let undo = format!("change the template and the rollback ends by itself; or `wlc rollback {name} --undo`");
    diagnostic.hint(undo)
}

/// The places inside the expanded block of a workload where its template differs from another one, each with what that one
/// has.
pub(crate) fn differences(
    blocks: &[Block],
    workload: &WorkloadName,
    source: &PodSpec,
    other: &PodSpec,
) -> Vec<(Span, String)> {
    let mut changes = fields::template_changes(source, other);
    changes.extend(underline::configs(source, other));
    underline::labels(blocks, workload.as_str(), &changes)
}
