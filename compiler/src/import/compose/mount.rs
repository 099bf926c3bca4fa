//! What services mount: volumes, secrets, configs.

use std::collections::BTreeMap;

use super::super::{
    Import,
    bind::Bind,
    fields::{Fields, text},
    kdl::Block,
    kubernetes::path,
    names, quantity,
    yaml::{Entry, Value},
};
use crate::span::Spanned;

/// A secret or config at the top of the file.
pub(super) fn content(entry: Entry, is_secret: bool, import: &mut Import<'_>) {
    let Entry { key, node } = entry;
    let word = if is_secret { "secret" } else { "config" };
    let mut fields = Fields::of(node, &format!("{word}s.{}", key.value), &mut import.report);
    let report = &mut import.report;
    let label = names::label(&key, report);
    let file = names::key(&key.value);
    let mut block = Block::new(word).arg(label.as_str());
    let from = fields.text("file", report).map(|file| file.value);
    let variable = fields.text("environment", report).map(|name| format!("the variable {}", name.value));
    let content = fields.text("content", report);
    fields.leave_all(&["name", "labels", "driver", "template_driver"], "it is known by its name here", report);
    let is_external = fields.is_set("external", report);
    if is_secret {
        let place = from.or(variable).unwrap_or_else(|| "its store".to_owned());
        block.note(format!("its value was in {place}: it goes into /etc/wlc/secrets/{label}/{file} on the nodes"));
        let hint = format!("put it into a file `{file}` below `/etc/wlc/secrets/{label}/` on the nodes that use it");
        report.differs(key.span, format!("the value of secret `{}` is not written into KDL", key.value), &hint);
        block.push(Block::new("key").arg(file));
        fields.close(&mut block, report);
        import.set.secret(block, key.span, report);
        return;
    }
    match content {
        Some(content) => block.push(Block::new("file").arg(file).with("text", content.value)),
        None if is_external => {}
        None => {
            let place = from.or(variable).unwrap_or_else(|| "nowhere".to_owned());
            let message = format!("the content of config `{}` is in {place}, which is not read", key.value);
            report.placeholder(key.span, message, "copy the file into the repository, and name it with `from=`");
            block.push(Block::new("placeholder"));
            block.note(format!("its content was in {place}: name the file with from="));
            block.push(Block::new("file").arg(file).with("text", ""));
        }
    }
    fields.close(&mut block, report);
    if !is_external {
        import.set.config(block, key.span, report);
    }
}

/// Volumes, tmpfs, secrets and configs of a service.
pub(super) fn read(fields: &mut Fields, service: &str, block: &mut Block, import: &mut Import<'_>) {
    for node in fields.list("volumes", &mut import.report) {
        let is_short = matches!(node.value, Value::Text { .. });
        if is_short {
            let Some(written) = text(node, "volumes", &mut import.report) else { continue };
            block.push(Bind::parse(&written.value).mount(service, &written, import));
        } else {
            let long = Fields::of(node, "volumes", &mut import.report);
            block.push(long_volume(long, service, import));
        }
    }
    for at in super::service::one_or_more(fields, "tmpfs", &mut import.report) {
        let (target, options) = at.value.split_once(':').unwrap_or((&at.value, ""));
        let size = options.split(',').find_map(|option| option.strip_prefix("size=")).and_then(quantity::compose_bytes);
        let mount = Block::new("mount").arg(path(target));
        block.push(match size {
            Some(size) => mount.with("tmpfs", size),
            None => mount.with("tmpfs", true),
        });
    }
    contents(fields, true, block, import);
    contents(fields, false, block, import);
}

fn long_volume(mut fields: Fields, service: &str, import: &mut Import<'_>) -> Block {
    let report = &mut import.report;
    let span = fields.span;
    let kind = fields.text("type", report).map_or("volume".to_owned(), |kind| kind.value);
    let source = fields.text("source", report).map(|source| source.value);
    let target = fields.text("target", report).map(|target| target.value).unwrap_or_default();
    let read_only = fields.is_set("read_only", report);
    let written = Spanned::new(target.clone(), span);
    let mut options = Vec::new();
    let mut sub_path = None;
    if let Some(mut bind) = fields.map("bind", report) {
        options.extend(bind.text("propagation", report).map(|word| word.value));
        bind.leave("create_host_path", "make the directory on the node", report);
        bind.leave("selinux", "mounts are labelled as Podman does it", report);
        bind.close(&mut Block::new(""), report);
    }
    if let Some(mut volume) = fields.map("volume", report) {
        volume.leave("nocopy", "a named volume begins with what the image has there", report);
        sub_path = volume.text("subpath", report).map(|part| part.value);
        volume.close(&mut Block::new(""), report);
    }
    let tmpfs = fields.map("tmpfs", report).and_then(|mut tmpfs| {
        let size = tmpfs.text("size", report).and_then(|size| quantity::compose_bytes(&size.value));
        tmpfs.leave("mode", "a directory in memory has the image's permissions", report);
        tmpfs.close(&mut Block::new(""), report);
        size
    });
    fields.leave("consistency", "it is of no effect on Linux", report);
    let mut mount = match kind.as_str() {
        "tmpfs" => {
            let mount = Block::new("mount").arg(path(&target));
            match tmpfs {
                Some(size) => mount.with("tmpfs", size),
                None => mount.with("tmpfs", true),
            }
        }
        "image" => Block::new("mount").arg(path(&target)).with("image", source.unwrap_or_default()),
        _ => Bind { source, target, read_only, options }.mount(service, &written, import),
    };
    mount.set_some("sub-path", sub_path);
    fields.close(&mut mount, &mut import.report);
    mount
}

/// A secret or config that a service uses.
struct Used {
    name: Spanned<String>,
    target: Option<String>,
    mode: Option<String>,
}

fn contents(fields: &mut Fields, is_secret: bool, block: &mut Block, import: &mut Import<'_>) {
    let word = if is_secret { "secrets" } else { "configs" };
    let mut folders: BTreeMap<String, Vec<Block>> = BTreeMap::new();
    for node in fields.list(word, &mut import.report) {
        let Some(used) = used(node, word, block, import) else { continue };
        let file = names::key(&used.name.value);
        let label = if is_secret {
            import.set.wants_secret(&used.name, Some(&file))
        } else {
            import.set.wants_config(&used.name, Some(&file))
        };
        let default = if is_secret { "/run/secrets" } else { "" };
        let target = used.target.unwrap_or_else(|| file.clone());
        let whole = if target.starts_with('/') { path(&target) } else { format!("{default}/{target}") };
        let (folder, name) = whole.rsplit_once('/').unwrap_or(("", &whole));
        if is_secret && folder == default {
            let mut source = Block::new("secret").arg(label);
            if name != file {
                source.push(Block::new("item").arg(file).arg(name));
            }
            folders.entry(folder.to_owned()).or_default().push(source);
            continue;
        }
        let mut mount =
            Block::new("mount").arg(whole.as_str()).with(if is_secret { "secret" } else { "config" }, label);
        mount.set("sub-path", file);
        mount.set_some("mode", used.mode);
        block.push(mount);
    }
    for (folder, mut sources) in folders {
        let mut mount = Block::new("mount").arg(folder);
        if sources.len() == 1 && sources[0].blocks().next().is_none() {
            mount.set("secret", sources.remove(0).name());
        } else {
            mount.push_all(sources);
        }
        block.push(mount);
    }
}

fn used(node: super::super::yaml::Node, word: &str, block: &mut Block, import: &mut Import<'_>) -> Option<Used> {
    let report = &mut import.report;
    if matches!(node.value, Value::Text { .. }) {
        return text(node, word, report).map(|name| Used { name, target: None, mode: None });
    }
    let mut fields = Fields::of(node, word, report);
    let name = fields.text("source", report);
    let target = fields.text("target", report).map(|target| target.value);
    let mode = fields.text("mode", report).map(|mode| format!("{:0>4}", mode.value.trim_start_matches("0o")));
    fields.leave_all(&["uid", "gid"], "files belong to the user of the container", report);
    fields.close(block, report);
    Some(Used { name: name?, target, mode })
}
