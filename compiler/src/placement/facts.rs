//! Requirements on hardware: all clauses of one line are true of one device.

use smol_str::SmolStr;

use super::refusal::Refusal;
use crate::{
    model::{
        facts::{CpuFacts, Disk, Facts, Gpu, Nic},
        place::{Clauses, CpuRequirement, DiskRequirement, GpuRequirement, NicRequirement},
        range::Version,
    },
    span::{Span, Spanned},
};

/// How one clause of a line fares with one device.
struct Clause {
    span: Span,
    met: Met,
    /// What the device has, for the message.
    has: String,
    /// What was asked for.
    asked: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Met {
    Yes,
    No,
    Unknown,
}

/// What a node lacks of what must be true of it.
pub(super) fn required(require: &Clauses, facts: Option<&Facts>) -> Vec<Refusal> {
    let mut found = Vec::new();
    if !require.asks_for_hardware() {
        return found;
    }
    let gpus = facts.map_or(&[][..], |facts| &facts.gpus);
    let disks = facts.map_or(&[][..], |facts| &facts.disks);
    let nics = facts.map_or(&[][..], |facts| &facts.nics);
    let processor = facts.and_then(|facts| facts.cpu.as_ref());
    found.extend(
        require.gpus.iter().filter_map(|line| device(line.span, "gpu", gpus.iter().map(|one| gpu(line, one)), facts)),
    );
    found.extend(
        require
            .cpus
            .iter()
            .filter_map(|line| device(line.span, "cpu", processor.iter().map(|one| cpu(line, one)), facts)),
    );
    found.extend(
        require
            .disks
            .iter()
            .filter_map(|line| device(line.span, "disk", disks.iter().map(|one| disk(line, one)), facts)),
    );
    found.extend(
        require.nics.iter().filter_map(|line| device(line.span, "nic", nics.iter().map(|one| nic(line, one)), facts)),
    );
    if let Some(wanted) = &require.kernel {
        let release = facts.and_then(|facts| facts.kernel.as_ref()).map(|kernel| kernel.value.as_str());
        if !release.and_then(Version::parse).is_some_and(|version| wanted.value.holds(&version)) {
            let detail = format!("its kernel is {}, {} asked", release.unwrap_or("unknown"), wanted.value.written);
            found.push(Refusal::new(wanted.span, "kernel", detail));
        }
    }
    found
}

/// What a node has of what must not be true of it.
pub(super) fn forbidden(not: &Clauses, facts: Option<&Facts>) -> Vec<Refusal> {
    let Some(facts) = facts.filter(|_| not.asks_for_hardware()) else { return Vec::new() };
    let has = |span: Span, what: &str, mut devices: Box<dyn Iterator<Item = Vec<Clause>> + '_>| {
        let there = devices.any(|clauses| clauses.iter().all(|clause| clause.met == Met::Yes));
        there.then(|| Refusal::new(span, format!("{what} that must not be there"), format!("it has such a {what}")))
    };
    let mut found = Vec::new();
    found.extend(
        not.gpus.iter().filter_map(|line| has(line.span, "gpu", Box::new(facts.gpus.iter().map(|one| gpu(line, one))))),
    );
    found.extend(
        not.cpus.iter().filter_map(|line| has(line.span, "cpu", Box::new(facts.cpu.iter().map(|one| cpu(line, one))))),
    );
    found.extend(
        not.disks
            .iter()
            .filter_map(|line| has(line.span, "disk", Box::new(facts.disks.iter().map(|one| disk(line, one))))),
    );
    found.extend(
        not.nics.iter().filter_map(|line| has(line.span, "nic", Box::new(facts.nics.iter().map(|one| nic(line, one))))),
    );
    if let (Some(unwanted), Some(release)) = (&not.kernel, &facts.kernel)
        && Version::parse(&release.value).is_some_and(|version| unwanted.value.holds(&version))
    {
        found.push(Refusal::new(unwanted.span, "kernel that must not be", format!("its kernel is {}", release.value)));
    }
    found
}

/// A refusal unless one device meets every clause; it names the device that comes nearest.
fn device(
    line: Span,
    what: &str,
    devices: impl Iterator<Item = Vec<Clause>>,
    facts: Option<&Facts>,
) -> Option<Refusal> {
    if facts.is_none() {
        return Some(Refusal::new(line, format!("{what} unknown"), "it has no facts"));
    }
    let mut nearest: Option<(u64, Vec<Clause>)> = None;
    for clauses in devices {
        if clauses.iter().all(|clause| clause.met == Met::Yes) {
            return None;
        }
        let met = clauses.iter().filter(|clause| clause.met == Met::Yes).count() as u64;
        if nearest.as_ref().is_none_or(|(best, _)| *best < met) {
            nearest = Some((met, clauses));
        }
    }
    let Some((met, clauses)) = nearest else {
        return Some(Refusal::new(line, format!("no {what}"), format!("it has no {what}")));
    };
    let missed = clauses.into_iter().find(|clause| clause.met != Met::Yes)?;
    let detail = match missed.met {
        Met::Unknown => format!("it has a {what} of which this is unknown, {} asked", missed.asked),
        Met::Yes | Met::No => format!("it has a {what} of {}, {} asked", missed.has, missed.asked),
    };
    Some(Refusal { span: missed.span, group: what.to_owned(), detail, nearness: met + 1 })
}

/// Whether all of a line is true of a GPU.
pub(super) fn is_gpu(line: &GpuRequirement, one: &Gpu) -> bool {
    holds(&gpu(line, one))
}

/// Whether all of a line is true of a disk.
pub(super) fn is_disk(line: &DiskRequirement, one: &Disk) -> bool {
    holds(&disk(line, one))
}

/// Whether all of a line is true of a network card.
pub(super) fn is_nic(line: &NicRequirement, one: &Nic) -> bool {
    holds(&nic(line, one))
}

fn holds(clauses: &[Clause]) -> bool {
    clauses.iter().all(|clause| clause.met == Met::Yes)
}

fn clause<T: ?Sized + ToString>(span: Span, asked: &str, has: Option<&T>, holds: impl Fn(&T) -> bool) -> Clause {
    let met = match has {
        None => Met::Unknown,
        Some(value) if holds(value) => Met::Yes,
        Some(_) => Met::No,
    };
    Clause { span, met, has: has.map(ToString::to_string).unwrap_or_default(), asked: asked.to_owned() }
}

/// Vendors and kinds are compared without regard to case.
fn word(wanted: &Spanned<String>, has: Option<&str>) -> Clause {
    clause(wanted.span, &wanted.value, has, |has| has.eq_ignore_ascii_case(&wanted.value))
}

/// A model may be named by a part of its name: `H200` is `NVIDIA H200`.
fn model(wanted: &Spanned<String>, has: Option<&str>) -> Clause {
    let lower = wanted.value.to_lowercase();
    clause(wanted.span, &wanted.value, has, |has| has.to_lowercase().contains(&lower))
}

fn text(field: Option<&Spanned<SmolStr>>) -> Option<&str> {
    field.map(|field| field.value.as_str())
}

fn version(wanted: &Spanned<crate::model::range::Range<Version>>, has: Option<&str>) -> Clause {
    let holds = |has: &str| Version::parse(has).is_some_and(|version| wanted.value.holds(&version));
    clause(wanted.span, &wanted.value.written, has, holds)
}

fn gpu(line: &GpuRequirement, gpu: &Gpu) -> Vec<Clause> {
    let mut clauses = Vec::new();
    clauses.extend(line.vendor.as_ref().map(|wanted| word(wanted, text(gpu.vendor.as_ref()))));
    clauses.extend(line.model.as_ref().map(|wanted| model(wanted, text(gpu.model.as_ref()))));
    clauses.extend(line.memory.as_ref().map(|wanted| {
        let has = gpu.memory.as_ref().map(|memory| &memory.value);
        clause(wanted.span, &wanted.value.written, has, |has| wanted.value.holds(has))
    }));
    clauses.extend(line.driver.as_ref().map(|wanted| version(wanted, text(gpu.driver.as_ref()))));
    clauses
}

fn cpu(line: &CpuRequirement, cpu: &CpuFacts) -> Vec<Clause> {
    let mut clauses = Vec::new();
    clauses.extend(line.arch.as_ref().map(|wanted| word(wanted, text(cpu.arch.as_ref()))));
    clauses.extend(line.vendor.as_ref().map(|wanted| word(wanted, text(cpu.vendor.as_ref()))));
    clauses.extend(line.model.as_ref().map(|wanted| model(wanted, text(cpu.model.as_ref()))));
    let counts = [(&line.cores, &cpu.cores), (&line.threads, &cpu.threads)];
    for (wanted, has) in counts.iter().filter_map(|(wanted, has)| wanted.as_ref().map(|wanted| (wanted, has))) {
        let has = has.as_ref().map(|count| u64::from(count.value.0));
        clauses.push(clause(wanted.span, &wanted.value.written, has.as_ref(), |has| wanted.value.holds(has)));
    }
    for wanted in line.features.iter().flat_map(|features| &features.value) {
        let known = cpu.features.as_ref();
        let has = known.map(|features| features.value.iter().any(|one| one.value == wanted.value));
        let met = has.map_or(Met::Unknown, |has| if has { Met::Yes } else { Met::No });
        let has = "other features".to_owned();
        clauses.push(Clause { span: wanted.span, met, has, asked: format!("`{}`", wanted.value) });
    }
    clauses
}

fn disk(line: &DiskRequirement, disk: &Disk) -> Vec<Clause> {
    let mut clauses = Vec::new();
    clauses.extend(line.kind.as_ref().map(|wanted| word(wanted, text(disk.kind.as_ref()))));
    clauses.extend(line.size.as_ref().map(|wanted| {
        let has = disk.size.as_ref().map(|size| &size.value);
        clause(wanted.span, &wanted.value.written, has, |has| wanted.value.holds(has))
    }));
    if line.encrypted.value {
        let met = if disk.encrypted.value { Met::Yes } else { Met::No };
        let (has, asked) = ("plain text".to_owned(), "encrypted".to_owned());
        clauses.push(Clause { span: line.encrypted.span, met, has, asked });
    }
    clauses
}

fn nic(line: &NicRequirement, nic: &Nic) -> Vec<Clause> {
    let mut clauses = Vec::new();
    clauses.extend(line.speed.as_ref().map(|wanted| {
        let has = nic.speed.as_ref().map(|speed| &speed.value);
        clause(wanted.span, &wanted.value.written, has, |has| wanted.value.holds(has))
    }));
    clauses.extend(line.driver.as_ref().map(|wanted| word(wanted, text(nic.driver.as_ref()))));
    clauses
}
