//! Coming from elsewhere: Kubernetes manifests, Compose files and Quadlet units → KDL text.
//!
//! Pure: texts go in, a text and diagnostics come out. Each format has a reader of its own; all of them take keys out of
//! mappings (`fields`), build blocks (`kdl`) and put them into one set (`set`), so that references between files resolve.
//! What has no counterpart is named on its line and as a comment where it would stand.

mod bind;
mod compose;
mod fields;
mod kdl;
mod kubernetes;
mod names;
mod publish;
mod quadlet;
mod quantity;
mod report;
mod set;
mod shell;
mod yaml;

use self::{report::Report, set::Set, yaml::Node};
use crate::{
    diagnostics::Problems,
    sources::{Source, Sources},
    span::{FileId, Span},
};

/// What is collected while inputs are read.
struct Import<'a> {
    set: Set,
    report: Report<'a>,
}

/// A document of a YAML file.
struct Document {
    node: Node,
    /// The name of its file, without folder and ending: a name for what has none.
    stem: String,
}

/// Imports files together. The KDL text of what they declare; empty where nothing could be imported.
pub fn import(sources: &Sources, problems: &mut Problems) -> String {
    let mut import = Import { set: Set::default(), report: Report::new(problems) };
    let mut manifests = Vec::new();
    let mut compose = Vec::new();
    let mut units = Vec::new();
    for (file, source) in sources.iter() {
        match Format::of(source) {
            Format::Unit => units.push((file, source)),
            Format::Env => {}
            Format::Kdl => {
                let hint = "copy it into the repository as it is";
                import.report.refuse(start(file), "this file is KDL already", hint);
            }
            Format::Yaml => {
                let documents = yaml::read(file, source, import.report.problems()).unwrap_or_default();
                if documents.is_empty() && source.text().trim().is_empty() {
                    import.report.refuse(start(file), "this file is empty", "name another file");
                }
                sort_documents(documents, source, &mut manifests, &mut compose, &mut import.report);
            }
        }
    }
    kubernetes::read(manifests, &mut import);
    compose::read(compose, sources, &mut import);
    quadlet::read(&units, sources, &mut import);
    let Import { set, mut report } = import;
    let text = if set.is_empty() { String::new() } else { set.finish(&mut report) };
    report.finish();
    text
}

/// What a file is, by its name.
enum Format {
    Yaml,
    Unit,
    Env,
    Kdl,
}

impl Format {
    fn of(source: &Source) -> Self {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            _ if quadlet::ENDINGS.contains(&ending) => Self::Unit,
            "env" => Self::Env,
            "kdl" => Self::Kdl,
            _ if name.starts_with(".env") => Self::Env,
            _ => Self::Yaml,
        }
    }
}

fn start(file: FileId) -> Span {
    Span::new(file, 0, 0)
}

/// Manifests have a kind, Compose files have services.
fn sort_documents(
    documents: Vec<Node>,
    source: &Source,
    manifests: &mut Vec<Document>,
    compose: &mut Vec<Document>,
    report: &mut Report<'_>,
) {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    for node in documents {
        let is_manifest = node.get("kind").is_some() || node.get("apiVersion").is_some();
        let is_compose = ["services", "include", "volumes", "secrets"].iter().any(|key| node.get(key).is_some());
        let document = Document { node, stem: stem.clone() };
        if is_manifest {
            manifests.push(document);
        } else if is_compose {
            compose.push(document);
        } else {
            let hint = "a manifest has `apiVersion` and `kind`, a Compose file has `services`, a Quadlet unit ends with `.container`";
            let message = "this is neither a Kubernetes manifest nor a Compose file";
            report.refuse(document.node.span, message, hint);
        }
    }
}
