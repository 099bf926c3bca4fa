//! Configs → their contents.

use std::collections::BTreeMap;

use wlc_plan::{
    content::{ConfigContent, FileBytes},
    format::Format,
    limits,
    name::FileKey,
};

use super::Contents;
use crate::{
    attachments::Attachments,
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        Repository,
        config::{Config, ConfigFile},
    },
};

/// The contents of all configs. What is wrong with a file is reported, and its config is left out.
pub fn contents(repository: &Repository, attachments: &Attachments, problems: &mut Problems) -> Contents {
    let mut contents = Contents::new();
    repository.secrets.values().for_each(|secret| contents.insert_secret(secret));
    for (name, config) in &repository.configs {
        if let Some(content) = content(config, attachments, problems) {
            contents.insert(name.clone(), content);
        }
    }
    contents
}

fn content(config: &Config, attachments: &Attachments, problems: &mut Problems) -> Option<ConfigContent> {
    let mut files: BTreeMap<FileKey, FileBytes> = BTreeMap::new();
    let mut complete = true;
    for file in &config.files {
        let Some(bytes) = bytes(file, attachments, problems) else {
            complete = false;
            continue;
        };
        if files.insert(file.name.value.clone(), FileBytes(bytes)).is_some() {
            let message = format!("file `{}` stands twice in config `{}`", file.name.value, config.name.value);
            let diagnostic = Diagnostic::new(Code::DuplicateName, message, file.name.span, "again here");
            problems.add(diagnostic.hint("give one of them another name"));
        }
    }
    let size = files.values().map(|bytes| bytes.0.len() as u64).sum::<u64>();
    if size > limits::CONFIG_BYTES {
        let message = format!("config `{}` has {size} bytes, {} are allowed", config.name.value, limits::CONFIG_BYTES);
        let diagnostic = Diagnostic::new(Code::ConfigTooLarge, message, config.name.span, "too large");
        problems.add(diagnostic.hint("put large files into an image or a volume"));
        return None;
    }
    complete.then_some(ConfigContent { format: Format::V1, files })
}

fn bytes(file: &ConfigFile, attachments: &Attachments, problems: &mut Problems) -> Option<Vec<u8>> {
    match (&file.text, &file.from) {
        (Some(text), None) => Some(text.value.clone().into_bytes()),
        (None, Some(from)) => match attachments.get(from) {
            Ok(bytes) => Some(bytes.to_vec()),
            Err(why) => {
                let message = format!("`{}` cannot be read: {why}", from.value);
                let diagnostic = Diagnostic::new(Code::UnreadableFile, message, from.span, "this file");
                problems.add(
                    diagnostic.hint("paths are relative to the file that says them, and stay inside the repository"),
                );
                None
            }
        },
        (Some(_), Some(from)) => {
            let message = format!("file `{}` has two contents", file.name.value);
            problems.add(
                Diagnostic::new(Code::OneSource, message, from.span, "a second content").hint("keep `text` or `from`"),
            );
            None
        }
        (None, None) if problems.any_error_in(file.extent) => None,
        (None, None) => {
            let message = format!("file `{}` has no content", file.name.value);
            let diagnostic = Diagnostic::new(Code::OneSource, message, file.span, "no content");
            problems.add(diagnostic.hint("write `from=\"path\"` or `text=\"…\"`"));
            None
        }
    }
}
