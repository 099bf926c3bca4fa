//! One byte form for one value.
//!
//! All files of a plan set are JSON in this form: fields in the order of their declaration, maps sorted by key, no
//! blanks, one newline at the end. A reader takes bytes only if encoding the value anew gives the same bytes, so a file
//! has one digest and no second spelling.

use serde::{Serialize, de::DeserializeOwned};

/// Why bytes are not the canonical form of a value.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// Not JSON, a field that this version does not know, a field missing, or a value out of its range.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Readable, but spelt in another way than the canonical one.
    #[error("it is not in canonical form: blanks, order of fields, or the form of a value differ")]
    Form,
}

/// The canonical bytes of `value`.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(value).expect("types of the plan have string keys and cannot fail to serialize");
    bytes.push(b'\n');
    bytes
}

/// The value whose canonical form `bytes` is.
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, CanonicalError> {
    let value: T = serde_json::from_slice(bytes)?;
    if encode(&value) == bytes { Ok(value) } else { Err(CanonicalError::Form) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_second_spelling_is_refused() {
        let value = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
        assert_eq!(encode(&value), b"{\"a\":1,\"b\":2}\n");
        for other in ["{\"b\":2,\"a\":1}\n", "{\"a\":1,\"b\":2}", "{\"a\": 1,\"b\":2}\n", "{\"a\":1,\"a\":1,\"b\":2}\n"]
        {
            assert!(decode::<BTreeMap<String, u8>>(other.as_bytes()).is_err(), "{other}");
        }
    }
}
