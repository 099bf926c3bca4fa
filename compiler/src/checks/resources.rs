//! Requests and limits: a request is at most its limit (S-349), and what cannot be shared is the same in both.

use std::{collections::BTreeMap, fmt::Display};

use wlc_plan::quantity::{Bytes, Cpu};

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        amount::{Amounts, GpuAmount, HugePages},
        container::Container,
        pod::Pod,
    },
    span::{Span, Spanned},
};

/// Sizes of huge pages that Linux knows.
const PAGES: [Bytes; 6] =
    [Bytes(64 << 10), Bytes(1 << 20), Bytes(2 << 20), Bytes(32 << 20), Bytes(512 << 20), Bytes(1 << 30)];

pub(super) fn check(pod: &Pod, problems: &mut Problems) {
    for container in pod.all() {
        if let (Some(request), Some(limit)) = (&container.request, &container.limit) {
            at_most("cpu", request.cpu.as_ref(), limit.cpu.as_ref(), problems);
            at_most("memory", request.memory.as_ref(), limit.memory.as_ref(), problems);
            at_most("storage", request.storage.as_ref(), limit.storage.as_ref(), problems);
            check_same(request, limit, problems);
        }
        for amounts in [&container.request, &container.limit].into_iter().flatten() {
            check_not_empty(amounts, problems);
            check_devices(amounts, problems);
            check_pages(container, amounts, problems);
        }
        if let Some(cpu) = container.limit.as_ref().and_then(|limit| limit.cpu.as_ref())
            && cpu.value.0 < 10
        {
            let message = "a limit below 10m is less than the kernel can give out";
            let diagnostic = Diagnostic::new(Code::BadValue, message, cpu.span, "at least `\"10m\"`");
            problems.add(diagnostic.hint("write `cpu=\"10m\"` or more"));
        }
        check_pinned(container, problems);
    }
}

fn at_most<T: Ord + Display>(
    what: &str,
    request: Option<&Spanned<T>>,
    limit: Option<&Spanned<T>>,
    problems: &mut Problems,
) {
    let (Some(request), Some(limit)) = (request, limit) else { return };
    if request.value > limit.value {
        let message = format!("{} of {what} are set aside, {} at most may be used", request.value, limit.value);
        let diagnostic = Diagnostic::new(Code::RequestAboveLimit, message, request.span, "more than the limit");
        problems.add(diagnostic.also(limit.span, "the limit").hint("a request is at most its limit"));
    }
}

fn check_not_empty(amounts: &Amounts, problems: &mut Problems) {
    let Amounts { cpu, memory, storage, gpus, devices, huge_pages, pinned, span: _, extent } = amounts;
    let nothing = cpu.is_none() && memory.is_none() && storage.is_none() && !pinned.value;
    let no_devices = gpus.is_empty() && devices.is_empty() && huge_pages.is_empty();
    if nothing && no_devices && !problems.any_error_in(*extent) {
        let diagnostic = Diagnostic::new(Code::MissingValue, "this asks for nothing", amounts.span, "no amount");
        problems.add(diagnostic.hint("write `cpu=\"500m\"`, `memory=\"256MiB\"`, or both"));
    }
}

/// S-352, S-353: of devices and huge pages, what is set aside is what may be used.
fn check_same(request: &Amounts, limit: &Amounts, problems: &mut Problems) {
    let devices = |amounts: &Amounts| -> BTreeMap<String, (u64, Span)> {
        let counted = amounts.devices.iter();
        counted.map(|one| (format!("`{}`", one.kind.value), (one.count.value.0.into(), one.count.span))).collect()
    };
    let pages = |amounts: &Amounts| -> BTreeMap<String, (u64, Span)> {
        let counted = amounts.huge_pages.iter();
        let name = |one: &HugePages| format!("huge pages of {}", one.page.value);
        counted.map(|one| (name(one), (one.amount.value.0, one.amount.span))).collect()
    };
    let gpus = |amounts: &Amounts| -> BTreeMap<String, (u64, Span)> {
        let counted = amounts.gpus.iter().map(|one| u64::from(one.count.value.0)).sum();
        let first = amounts.gpus.first();
        first.map(|one| ("GPUs".to_owned(), (counted, one.count.span))).into_iter().collect()
    };
    for (asked, allowed) in
        [(devices(request), devices(limit)), (pages(request), pages(limit)), (gpus(request), gpus(limit))]
    {
        for (what, (amount, span)) in asked {
            let Some((_, limit)) = allowed.get(&what).filter(|(limit, _)| *limit != amount) else { continue };
            let message = format!("request and limit of {what} differ");
            let diagnostic = Diagnostic::new(Code::Contradiction, message, *limit, "another amount");
            problems.add(diagnostic.also(span, "the request").hint("they cannot be shared: write the request alone"));
        }
    }
}

fn check_devices(amounts: &Amounts, problems: &mut Problems) {
    super::names::twice("device", amounts.devices.iter().map(|device| &device.kind), problems);
    for gpu in &amounts.gpus {
        check_share(gpu, problems);
    }
}

/// A part of a GPU is a part of one.
fn check_share(gpu: &GpuAmount, problems: &mut Problems) {
    let Some(share) = &gpu.share else { return };
    if share.value == Cpu(0) || share.value >= Cpu(1000) {
        let message = format!("a share of {} is no part of a GPU", share.value);
        let diagnostic = Diagnostic::new(Code::BadValue, message, share.span, "more than 0, less than 1");
        problems.add(diagnostic.hint("write it as `\"250m\"` for a quarter, or leave it out for a whole one"));
    } else if gpu.count.value.0 != 1 {
        let message = "a share is a part of one GPU";
        let diagnostic = Diagnostic::new(Code::Contradiction, message, share.span, "of how many?");
        problems.add(diagnostic.also(gpu.count.span, "more than one").hint("write `gpu 1 share=…`"));
    }
}

/// S-352: a known size, a whole number of pages, beside CPU or memory.
fn check_pages(container: &Container, amounts: &Amounts, problems: &mut Problems) {
    super::names::twice("size of huge pages", amounts.huge_pages.iter().map(|pages| &pages.page), problems);
    for pages in &amounts.huge_pages {
        if !PAGES.contains(&pages.page.value) {
            let message = format!("there are no huge pages of {}", pages.page.value);
            let known: Vec<String> = PAGES.iter().map(|page| format!("`\"{page}\"`")).collect();
            let diagnostic = Diagnostic::new(Code::BadValue, message, pages.page.span, "no such size");
            problems.add(diagnostic.hint(format!("Linux has {}", known.join(", "))));
        } else if pages.amount.value.0 == 0 || !pages.amount.value.0.is_multiple_of(pages.page.value.0) {
            let message = format!("{} is no whole number of pages of {}", pages.amount.value, pages.page.value);
            let diagnostic = Diagnostic::new(Code::BadValue, message, pages.amount.span, "not whole");
            problems.add(diagnostic.hint(format!("write a multiple of {}", pages.page.value)));
        }
    }
    let sizes = [&container.request, &container.limit];
    let has_more = sizes.into_iter().flatten().any(|amounts| amounts.cpu.is_some() || amounts.memory.is_some());
    if let (Some(pages), false) = (amounts.huge_pages.first(), has_more || problems.any_error_in(container.extent)) {
        let message = "huge pages need a request for CPU or memory beside them";
        let diagnostic = Diagnostic::new(Code::MissingValue, message, pages.span, "nothing else is asked for");
        problems.add(diagnostic.hint("write `cpu=` or `memory=` too"));
    }
}

/// Cores of one's own are whole.
fn check_pinned(container: &Container, problems: &mut Problems) {
    for amounts in [&container.request, &container.limit].into_iter().flatten() {
        if !amounts.pinned.value {
            continue;
        }
        let whole = |cpu: &Spanned<Cpu>| cpu.value.0 > 0 && cpu.value.0.is_multiple_of(1000);
        match &amounts.cpu {
            Some(cpu) if whole(cpu) => {}
            Some(cpu) => {
                let message = format!("{} is no whole number of cores", cpu.value);
                let diagnostic = Diagnostic::new(Code::Contradiction, message, cpu.span, "not whole");
                problems.add(diagnostic.also(amounts.pinned.span, "cores of its own").hint("write a whole number"));
            }
            None if problems.any_error_in(amounts.extent) => {}
            None => {
                let message = "`pinned` needs `cpu`";
                let diagnostic = Diagnostic::new(Code::MissingValue, message, amounts.pinned.span, "how many cores?");
                problems.add(diagnostic.hint("write `cpu=2` beside it"));
            }
        }
    }
}
