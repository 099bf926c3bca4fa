//! `wlc list`: every replica with its workload and node.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Done, Failure, Format, PROBLEMS, Place, output, project::Project};
use crate::{lock::store::Reading, placement::Placed};

/// Lists every replica with its workload and node.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Lists the overlays instead.
    #[arg(long)]
    overlays: bool,
}

#[derive(Serialize)]
struct Document {
    version: u32,
    replicas: Vec<Row>,
}

#[derive(Serialize)]
struct Overlays<'a> {
    version: u32,
    overlays: BTreeSet<&'a str>,
}

#[derive(Serialize)]
struct Row {
    replica: String,
    workload: String,
    kind: &'static str,
    node: String,
    ports: BTreeMap<String, Vec<u16>>,
}

impl List {
    pub(super) fn run(&self, place: &Place) -> Done {
        let project = Project::open(place, Reading::Healing)?;
        if self.overlays {
            self.tell_overlays(project.compiled.sources.overlays())?;
            return Ok(super::FINE);
        }
        if project.compiled.problems.errors() > 0 {
            project.report(self.format)?;
            return Ok(PROBLEMS);
        }
        output::refused_by_build(&project.compiled.problems);
        let rows = rows(&project);
        match self.format {
            Format::Text => output::result(&rows.iter().map(line).collect::<String>())?,
            Format::Json => {
                output::document(&Document { version: 1, replicas: rows })?;
            }
        }
        Ok(super::FINE)
    }

    fn tell_overlays(&self, overlays: BTreeSet<&str>) -> Result<(), Failure> {
        match self.format {
            Format::Text => output::result(&overlays.iter().map(|name| format!("{name}\n")).collect::<String>()),
            Format::Json => output::document(&Overlays { version: 1, overlays }),
        }
    }
}

fn rows(project: &Project) -> Vec<Row> {
    let placement = &project.compiled.placement;
    let mut rows = Vec::new();
    for (workload, replicas) in &placement.workloads {
        let kind = project.compiled.repository.workloads[workload].kind().word();
        rows.extend(replicas.iter().map(|(replica, placed)| Row {
            replica: replica.to_string(),
            workload: workload.to_string(),
            kind,
            node: placed.node.to_string(),
            ports: ports(placed),
        }));
    }
    rows
}

fn ports(placed: &Placed) -> BTreeMap<String, Vec<u16>> {
    let ports = placed.binding.ports.iter();
    ports.map(|port| (format!("{}/{}", port.container, port.port), port.host.all().collect())).collect()
}

fn line(row: &Row) -> String {
    let ports = row.ports.iter().map(|(name, numbers)| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        format!("{name}={}", numbers.join(","))
    });
    let ports: Vec<String> = ports.collect();
    let line = format!("{:<24} {:<12} {:<16} {}", row.replica, row.kind, row.node, ports.join(" "));
    format!("{}\n", line.trim_end())
}
