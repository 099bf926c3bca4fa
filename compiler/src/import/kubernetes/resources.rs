//! Requests and limits.

use super::super::{
    fields::Fields,
    kdl::{Block, Value},
    quantity,
    report::Report,
};
use crate::span::Spanned;

/// Reads `resources` of a container into `request` and `limit`.
pub(super) fn read(fields: &mut Fields, block: &mut Block, report: &mut Report<'_>) {
    let Some(mut resources) = fields.map("resources", report) else { return };
    let mut request = Block::new("request");
    let mut limit = Block::new("limit");
    let requests = resources.pairs("requests", report);
    let limits = resources.pairs("limits", report);
    let is_new = |name: &str| !requests.iter().any(|(known, _)| known.value == name);
    // Devices have no limit of their own: what is asked for is what there is.
    let devices = limits.iter().filter(|(name, _)| is_device(&name.value) && is_new(&name.value));
    for (name, amount) in requests.iter().chain(devices) {
        write(name, amount, &mut request, report);
    }
    for (name, amount) in limits.iter().filter(|(name, _)| !is_device(&name.value)) {
        write(name, amount, &mut limit, report);
    }
    resources.leave("claims", "devices are asked for with `request { device … }`", report);
    resources.close(block, report);
    block.push_if_any(request);
    block.push_if_any(limit);
}

fn is_device(name: &str) -> bool {
    name.contains('/') || name.starts_with("hugepages-")
}

fn write(name: &Spanned<String>, amount: &Spanned<String>, block: &mut Block, report: &mut Report<'_>) {
    let bytes = || quantity::bytes(&amount.value).map(Value::from);
    let written = match name.value.as_str() {
        "cpu" => quantity::cpu(&amount.value).map(|cpu| block.set("cpu", cpu)),
        "memory" => bytes().map(|bytes| block.set("memory", bytes)),
        "ephemeral-storage" => bytes().map(|bytes| block.set("storage", bytes)),
        other => match other.strip_prefix("hugepages-") {
            Some(page) => quantity::bytes(page)
                .zip(bytes())
                .map(|(page, bytes)| block.push(Block::new("huge-pages").arg(page).arg(bytes))),
            None => quantity::count(&amount.value).map(|count| device(name, count, block, report)),
        },
    };
    if written.is_none() {
        report.bad(amount.span, format!("`{}` is no amount of {}", amount.value, name.value));
    }
}

fn device(name: &Spanned<String>, count: i64, block: &mut Block, report: &mut Report<'_>) {
    match name.value.as_str() {
        _ if count == 0 => {}
        "nvidia.com/gpu" => block.push(Block::new("gpu").arg(count).with("vendor", "nvidia")),
        "amd.com/gpu" => block.push(Block::new("gpu").arg(count).with("vendor", "amd")),
        other if other.contains('/') => block.push(Block::new("device").arg(other).arg(count)),
        other => block.note(report.not_carried(name.span, other, "nodes have no such resource")),
    }
}
