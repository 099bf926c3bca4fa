//! Secrets: what they are called and which keys they have. Their bytes are never in the files.

use wlc_plan::name::{FileKey, SecretName};

crate::block! {
    /// A secret: its name, its keys and its version. Its bytes never stand in the files.
    Secret "secret" ("Secret") {
        /// Its name.
        name: [required argument] SecretName, "name" ("metadata.name");
        /// Its author's word for the bytes: another word rolls what uses them.
        version: [optional property] String, "version" ("");
        /// A key of it.
        keys: [children] SecretKey, "key" ("data");
    }

    /// A key of a secret.
    SecretKey "key" ("data") {
        /// Its name: the file in the folder that is mounted.
        name: [required argument] FileKey, "name" ("");
    }
}
