//! Specifications of the Container Device Interface, as far as it is to be known whether a device is there: pure.
//!
//! They are JSON or YAML. Of YAML the block style is read, in which all known generators write: one word on each line.

/// The newest version of a specification that Podman 4.3 reads.
const NEWEST: [u64; 3] = [0, 5, 0];

/// A specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specification {
    /// Its version, as written.
    pub version: String,
    /// `vendor/class`
    pub kind: String,
    /// The names of its devices.
    pub devices: Vec<String>,
}

/// Reads a specification; none where it is none.
pub fn read(text: &str) -> Option<Specification> {
    if text.trim_start().starts_with('{') { from_json(text) } else { from_yaml(text) }
}

fn from_json(text: &str) -> Option<Specification> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let word = |key: &str| value.get(key)?.as_str().map(str::to_owned);
    let devices = value.get("devices").and_then(|list| list.as_array()).into_iter().flatten();
    let devices = devices.filter_map(|device| device.get("name")?.as_str().map(str::to_owned));
    Some(Specification { version: word("cdiVersion")?, kind: word("kind")?, devices: devices.collect() })
}

/// The names of devices stand one level below `devices:`, those of anything else deeper.
fn from_yaml(text: &str) -> Option<Specification> {
    let value = |line: &str, key: &str| {
        let rest = line.strip_prefix(key)?.strip_prefix(':')?.trim();
        Some(rest.trim_matches(['"', '\'']).to_owned())
    };
    let top = |key: &str| text.lines().find_map(|line| value(line, key));
    let mut devices = Vec::new();
    let mut depth: Option<usize> = None;
    let inside = text.lines().skip_while(|line| line.trim_end() != "devices:").skip(1);
    for line in inside.take_while(|line| line.starts_with([' ', '-']) || line.trim().is_empty()) {
        let bare = line.trim_start_matches([' ', '-']);
        let indent = line.len() - bare.len();
        if let Some(name) = value(bare, "name").filter(|_| *depth.get_or_insert(indent) == indent) {
            devices.push(name);
        } else if line.trim_start().starts_with('-') && depth.is_none() {
            depth = Some(indent);
        }
    }
    Some(Specification { version: top("cdiVersion")?, kind: top("kind")?, devices })
}

/// Whether a device is there and can be read.
///
/// # Errors
/// What is missing, and what to do.
pub fn find(name: &str, known: &[Specification]) -> Result<(), String> {
    let (kind, device) = name.split_once('=').unwrap_or((name, ""));
    let mut of_kind = known.iter().filter(|one| one.kind == kind).peekable();
    if of_kind.peek().is_none() {
        return Err(format!(
            "no specification in /etc/cdi or /var/run/cdi is of `{kind}`; `wlagent facts` tells what is there"
        ));
    }
    let Some(found) = of_kind.find(|one| one.devices.iter().any(|known| known == device)) else {
        return Err(format!("the specification of `{kind}` has no `{device}`; `wlagent facts` tells what is there"));
    };
    if numbers(&found.version) > Some(NEWEST) {
        let [major, minor, patch] = NEWEST;
        return Err(format!(
            "its specification is of version {}, and this Podman reads {major}.{minor}.{patch} at most",
            found.version
        ));
    }
    Ok(())
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let parts: Vec<u64> = version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "---\ncdiVersion: 0.5.0\nkind: nvidia.com/gpu\ncontainerEdits:\n  env:\n  - NAME=x\ndevices:\n- \
        containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia0\n      name: not-this\n  name: \"0\"\n- \
        containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia1\n  name: all\n";

    #[test]
    fn both_forms_are_read() {
        let expected = Specification {
            version: "0.5.0".to_owned(),
            kind: "nvidia.com/gpu".to_owned(),
            devices: vec!["0".to_owned(), "all".to_owned()],
        };
        assert_eq!(read(YAML), Some(expected.clone()));
        let json =
            r#"{ "cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{ "name": "0" }, { "name": "all" }] }"#;
        assert_eq!(read(json), Some(expected));
        assert_eq!(read("nothing"), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let known = [read(YAML).unwrap()];
        assert_eq!(find("nvidia.com/gpu=0", &known), Ok(()));
        assert!(find("nvidia.com/gpu=7", &known).unwrap_err().contains("no `7`"));
        assert!(find("amd.com/gpu=0", &known).unwrap_err().contains("`amd.com/gpu`"));
        let newer = [Specification { version: "0.6.0".to_owned(), ..known[0].clone() }];
        assert!(find("nvidia.com/gpu=0", &newer).unwrap_err().contains("0.6.0"));
    }
}
