//! The content of a config: its files, as they are mounted.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{format::Format, name::FileKey};

/// The files of a config. A file of its own in the plan set, named by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigContent {
    /// The oldest format that can say it.
    pub format: Format,
    /// Name of each file and its bytes.
    pub files: BTreeMap<FileKey, FileBytes>,
}

/// The bytes of a file: text where they are UTF-8, else base64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct FileBytes(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Written {
    Text(String),
    Base64(String),
}

impl TryFrom<Written> for FileBytes {
    type Error = base64::DecodeError;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written::Text(text) => Ok(Self(text.into_bytes())),
            Written::Base64(text) => STANDARD.decode(text).map(Self),
        }
    }
}

impl From<FileBytes> for Written {
    fn from(bytes: FileBytes) -> Self {
        match String::from_utf8(bytes.0) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Base64(STANDARD.encode(error.as_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical;

    #[test]
    fn text_stays_readable_and_bytes_stay_bytes() {
        let files = [("a.html", b"<p>\n".to_vec()), ("b.bin", vec![0xff, 0])];
        let files = files.into_iter().map(|(key, bytes)| (FileKey::parse(key).unwrap(), FileBytes(bytes))).collect();
        let content = ConfigContent { format: Format::V1, files };
        let bytes = canonical::encode(&content);
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "{\"format\":1,\"files\":{\"a.html\":{\"text\":\"<p>\\n\"},\"b.bin\":{\"base64\":\"/wA=\"}}}\n"
        );
        assert_eq!(canonical::decode::<ConfigContent>(&bytes).unwrap(), content);
    }
}
