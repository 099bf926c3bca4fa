//! Files of other languages, told by how they begin. Some of them can be read as KDL and mean nothing.

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    span::{FileId, Span},
};

/// Where the way from another language leads.
const IMPORT: &str = "`wlc import FILE` writes Kubernetes manifests, Compose files and Quadlet units as KDL";
const BLOCK: &str = "a deployment is written `deployment \"web\" { … }`; `wlc explain` lists the blocks";

/// Words with which files for Terraform begin.
const TERRAFORM: [&str; 7] = ["resource", "variable", "provider", "terraform", "locals", "module", "data"];

/// Keys with which manifests and Compose files begin.
const YAML: [&str; 10] =
    ["apiVersion", "kind", "metadata", "spec", "services", "version", "name", "volumes", "networks", "include"];

/// Reports a file of another language. `is_broken` says that it is no KDL in any case.
pub(super) fn report(file: FileId, text: &str, is_broken: bool, problems: &mut Problems) -> bool {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let begins = line.trim();
        let is_raw_text = begins.trim_start_matches('#').starts_with('"');
        let is_comment = begins.starts_with("//") || (begins.starts_with('#') && !is_raw_text);
        if !begins.is_empty() && !is_comment {
            let Some((language, hint)) = language(begins, text, is_broken) else { return false };
            let start = offset + (line.len() - line.trim_start().len());
            let span = Span::new(file, start, start + begins.len());
            let message = format!("this file is {language}, not KDL");
            problems.add(Diagnostic::new(Code::Syntax, message, span, "begins here").hint(hint));
            return true;
        }
        offset += line.len();
    }
    false
}

/// The language of a file by its first line.
fn language(line: &str, text: &str, is_broken: bool) -> Option<(&'static str, &'static str)> {
    let word = line.split([' ', '\t', '{']).next().unwrap_or_default();
    let section = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
    match line {
        "---" => Some(("YAML", IMPORT)),
        "{" | "[" => Some(("JSON", IMPORT)),
        line if line.starts_with("{\"") || line.starts_with("[{") => Some(("JSON", IMPORT)),
        _ if is_yaml(line) || (is_key(line) && has_yaml_below(line, text)) => Some(("YAML", IMPORT)),
        _ if !is_broken => None,
        _ if section.is_some_and(|name| ["Unit", "Container", "Pod", "Service", "Volume"].contains(&name)) => {
            Some(("a unit of systemd", IMPORT))
        }
        _ if section.is_some_and(|name| !name.is_empty() && !name.contains(['"', ','])) => Some(("TOML", BLOCK)),
        _ if TERRAFORM.contains(&word) && line.ends_with('{') => Some(("HCL", BLOCK)),
        _ if is_pair(line) && !text.contains('{') => Some(("TOML", BLOCK)),
        _ => None,
    }
}

/// `key:` or `key: value`, with a key with which manifests and Compose files begin.
fn is_yaml(line: &str) -> bool {
    let Some((key, rest)) = line.split_once(':') else { return false };
    YAML.contains(&key) && (rest.is_empty() || (rest.starts_with(' ') && !line.ends_with('{')))
}

/// `key:` alone on its line.
fn is_key(line: &str) -> bool {
    line.strip_suffix(':').is_some_and(|key| !key.is_empty() && !key.contains([' ', '"', '{']))
}

/// Whether the line below is indented and is a key or an item of a list.
fn has_yaml_below(line: &str, text: &str) -> bool {
    let mut behind = text.lines().skip_while(|one| one.trim() != line).skip(1).filter(|one| !one.trim().is_empty());
    let Some(below) = behind.next() else { return false };
    let key = below.trim().split(' ').next().unwrap_or_default();
    below.starts_with([' ', '\t']) && (key == "-" || key.ends_with(':')) && !text.contains('{')
}

/// `key = value`.
fn is_pair(line: &str) -> bool {
    let Some((key, value)) = line.split_once('=') else { return false };
    let key = key.trim();
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_key && !value.trim().is_empty()
}
