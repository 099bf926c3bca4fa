//! Configs: files that workloads mount.

use wlc_plan::name::{ConfigName, FileKey};

crate::block! {
    /// Files that containers mount. Their contents come with the plan. At most 1 MiB in all.
    Config "config" ("ConfigMap") {
        /// Its name.
        name: [required argument] ConfigName, "name" ("metadata.name");
        /// It stands for files that are still to be written; `wlc build` refuses it.
        placeholder: [flag] bool, "placeholder" ("");
        /// A file of it.
        files: [children] ConfigFile, "file" ("data");
    }

    /// A file of a config: its content stands here, or in a file of the repository.
    ConfigFile "file" ("data") {
        /// Its name in the folder that is mounted.
        name: [required argument] FileKey, "name" ("");
        /// The content itself.
        text: [optional property] String, "text" ("");
        /// The file of the repository that holds the content, relative to this file.
        from: [optional property] String, "from" ("");
    }
}
