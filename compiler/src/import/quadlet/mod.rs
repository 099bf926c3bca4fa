//! Podman Quadlet units: each `.container` becomes a workload of one replica, those of one `.pod` become one together.

mod container;
mod pod;
mod unit;

use std::collections::BTreeMap;

use self::unit::Unit;
use super::{Import, compose::env_file, kdl::Block, names};
use crate::{
    sources::{Source, Sources},
    span::{FileId, Spanned},
};

/// Endings of unit files.
pub(super) const ENDINGS: [&str; 7] = ["container", "volume", "pod", "network", "kube", "image", "build"];

/// What units know of each other.
struct Units<'a> {
    /// All inputs: env files are among them.
    sources: &'a Sources,
    /// The workload of each container and pod of the input, by the names of their files.
    known: BTreeMap<String, String>,
    /// Images of `.image` units by the names of their files.
    images: BTreeMap<String, Spanned<String>>,
}

/// Reads units.
pub(super) fn read(files: &[(FileId, &Source)], sources: &Sources, import: &mut Import<'_>) {
    let read = |(file, source): &(FileId, &Source)| Unit::read(*file, source, import.report.problems());
    let all: Vec<Unit> = files.iter().filter_map(read).collect();
    let mut units = Units { sources, known: BTreeMap::new(), images: BTreeMap::new() };
    let (mut containers, mut pods) = (Vec::new(), BTreeMap::new());
    for mut unit in all {
        match unit.ending.as_str() {
            "container" => containers.push(unit),
            "pod" => drop(pods.insert(unit.stem.value.clone(), unit)),
            "image" => {
                let image = unit.last("Image", "Image");
                units.images.extend(image.map(|image| (format!("{}.image", unit.stem.value), image)));
                unit.close(&mut Block::new(""), &mut import.report);
            }
            _ => left_out(unit, import),
        }
    }
    workloads(containers, pods, &mut units, import);
}

/// Units that become no workload.
fn left_out(unit: Unit, import: &mut Import<'_>) {
    let what = format!("{}.{}", unit.stem.value, unit.ending);
    let span = unit.stem.span;
    let report = &mut import.report;
    match unit.ending.as_str() {
        "volume" => {
            report.not_carried(span, &what, "a named volume is made where it is missing, and has no settings");
        }
        "network" => {
            report.not_carried(
                span,
                &what,
                "a fleet has one network, on which replicas know each other by their names",
            );
        }
        "build" => {
            report.not_carried(span, &what, "images are built before: write the name of the image");
        }
        _ => report.refuse(
            span,
            format!("`{what}` names a manifest"),
            "give the YAML file that it names to `wlc import`",
        ),
    }
}

/// A workload for each container of its own, and for each pod.
fn workloads(containers: Vec<Unit>, mut pods: BTreeMap<String, Unit>, units: &mut Units<'_>, import: &mut Import<'_>) {
    let mut of_pods: BTreeMap<String, Vec<Unit>> = BTreeMap::new();
    let mut alone = Vec::new();
    units.known.extend(pods.keys().map(|name| (name.clone(), names::plain(name))));
    for mut unit in containers {
        let pod = unit.last("Container", "Pod").map(|pod| pod.map(|name| name.trim_end_matches(".pod").to_owned()));
        let pod = pod.filter(|pod| {
            let is_known = pods.contains_key(&pod.value);
            if !is_known {
                let message =
                    format!("pod `{}` is declared by no unit of the input: a pod of its own is written", pod.value);
                import.report.placeholder(pod.span, message, "give the `.pod` file to the same `wlc import`");
            }
            is_known
        });
        let workload = pod.as_ref().map_or(&unit.stem.value, |pod| &pod.value);
        units.known.insert(unit.stem.value.clone(), names::plain(workload));
        match pod {
            Some(pod) => of_pods.entry(pod.value).or_default().push(unit),
            None => alone.push(unit),
        }
    }
    let units = &*units;
    alone.into_iter().for_each(|unit| pod::single(unit, units, import));
    for (name, members) in of_pods {
        if let Some(unit) = pods.remove(&name) {
            pod::several(unit, members, units, import);
        }
    }
    for (_, unit) in pods {
        let message = format!("no container of the input belongs to pod `{}`", unit.stem.value);
        import.report.refuse(unit.stem.span, message, "give its `.container` files to the same `wlc import`");
    }
}

impl Units<'_> {
    /// Variables of an env file of the input.
    fn env_file(&self, path: &str) -> Option<Vec<(String, String)>> {
        let name = path.rsplit('/').next();
        let is_it = |source: &Source| &*source.path == path || source.path.rsplit('/').next() == name;
        self.sources.iter().find(|(_, source)| is_it(source)).map(|(_, source)| env_file(source.text()))
    }

    /// The workload that a name of a service or unit means.
    fn workload(&self, name: &str) -> Option<String> {
        let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(&format!(".{ending}")));
        let stem = stem.or_else(|| name.strip_suffix("-pod.service")).or_else(|| name.strip_suffix(".service"))?;
        self.known.get(stem).cloned()
    }
}
