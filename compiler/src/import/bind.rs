//! Volumes of a container as Compose and Podman write them: `[SOURCE:]TARGET[:OPTIONS]`.

use super::{Import, kdl::Block, kubernetes::path, names};
use crate::span::Spanned;

/// What a container sees at a path.
pub(super) struct Bind {
    /// A path of the machine, a name, or nothing.
    pub(super) source: Option<String>,
    /// Where it appears.
    pub(super) target: String,
    /// It cannot be written.
    pub(super) read_only: bool,
    /// Other options.
    pub(super) options: Vec<String>,
}

impl Bind {
    /// Reads the short form.
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = text.split(':');
        let first = parts.next().unwrap_or_default();
        let Some(target) = parts.next() else {
            return Self { source: None, target: first.to_owned(), read_only: false, options: Vec::new() };
        };
        let options: Vec<String> = parts.flat_map(|part| part.split(',')).map(str::to_owned).collect();
        let read_only = options.iter().any(|option| option == "ro");
        let known = ["ro", "rw", "z", "Z", "nocopy", "copy", "cached", "delegated", "consistent", ""];
        let options = options.into_iter().filter(|option| !known.contains(&option.as_str())).collect();
        Self { source: Some(first.to_owned()), target: target.to_owned(), read_only, options }
    }

    /// The mount of a container. `owner` is whose file names are told apart by.
    pub(super) fn mount(self, owner: &str, written: &Spanned<String>, import: &mut Import<'_>) -> Block {
        let mut mount = Block::new("mount").arg(path(&self.target));
        match self.source.as_deref() {
            None | Some("") => {
                let message = format!("the volume at `{}` has no name: it lives as long as the replica", self.target);
                import.report.differs(written.span, message, "name a volume whose data must stay");
                mount.set("empty-dir", true);
            }
            Some(source) if source.starts_with('/') => mount.set("host-path", path(source)),
            Some(source) if source.starts_with(['.', '~', '$', '%']) || source.contains('/') => {
                self.relative(source, owner, &mut mount, written, import);
            }
            Some(source) => {
                mount.set("named", names::label(&Spanned::new(source.to_owned(), written.span), &mut import.report))
            }
        }
        for option in &self.options {
            match option.trim_start_matches('r') {
                "shared" | "slave" | "private" => mount.set("propagation", option.trim_start_matches('r')),
                _ => mount.note(import.report.not_carried(written.span, option, "a mount has no such option")),
            }
        }
        if self.read_only {
            mount.set("read-only", true);
        }
        mount
    }

    /// A path beside the file that names it: a config where it is read only, a named volume where it is written.
    fn relative(
        &self,
        source: &str,
        owner: &str,
        mount: &mut Block,
        written: &Spanned<String>,
        import: &mut Import<'_>,
    ) {
        let last = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let is_file = last.trim_start_matches('.').contains('.');
        let name = Spanned::new(format!("{owner}-{}", last.trim_matches('.')), written.span);
        if is_file || self.read_only {
            let key = names::key(last);
            let config = import.set.wants_config(&name, is_file.then_some(key.as_str()));
            mount.set("config", config);
            if is_file {
                mount.set("sub-path", key);
            }
            mount.note(format!("its content is that of {source}"));
        } else {
            let message =
                format!("`{source}` lies beside its file: a named volume of the node is written, and it begins empty");
            import.report.differs(written.span, message, "copy what must be in it, or name a `host-path`");
            mount.set("named", names::plain(&name.value));
            mount.note(format!("it was the folder {source}"));
        }
    }
}
