//! The node's credentials for registries, in the form that Podman itself reads (containers-auth.json(5)): pure.
//!
//! The key that names most of an image's repository counts: `registry.example/team/app` before `registry.example/team`
//! before `registry.example`. A short name has none, since only Podman knows which registry it means.

use std::{collections::BTreeMap, fmt};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use serde::{Deserialize, Serialize};

/// What a registry is told so that it gives an image. Its text form says nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A name and a password.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// A token that stands for a login.
    Token(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials")
    }
}

/// The file.
#[derive(Deserialize)]
struct AuthFile {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    auth: String,
    #[serde(default, rename = "identitytoken")]
    token: String,
}

/// The body of the header `X-Registry-Auth`.
#[derive(Serialize)]
struct Header<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(rename = "identitytoken", skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl Credentials {
    /// As Podman's API takes them, in a header for one request.
    pub fn header(&self) -> String {
        let header = match self {
            Self::Password { username, password } => {
                Header { username: Some(username), password: Some(password), token: None }
            }
            Self::Token(token) => Header { username: None, password: None, token: Some(token) },
        };
        URL_SAFE.encode(serde_json::to_vec(&header).expect("strings are JSON"))
    }
}

/// The credentials for an image; none where the file has none for it.
///
/// # Errors
/// What is wrong with the file, without a word of what is in it.
pub fn find(file: &str, image: &str) -> Result<Option<Credentials>, String> {
    let file: AuthFile = serde_json::from_str(file).map_err(|error| {
        format!("it is no JSON of the form of containers-auth.json, at line {} column {}", error.line(), error.column())
    })?;
    let auths: BTreeMap<String, &Entry> = file.auths.iter().map(|(key, entry)| (normal(key), entry)).collect();
    for key in keys(image) {
        if file.helpers.contains_key(key) {
            return Err(format!("a program gives the credentials of `{key}` (`credHelpers`), and the agent runs none"));
        }
        if let Some(entry) = auths.get(key) {
            return read(entry).map(Some).ok_or_else(|| format!("`auth` of `{key}` is not base64 of `name:password`"));
        }
    }
    Ok(None)
}

fn read(entry: &Entry) -> Option<Credentials> {
    if !entry.token.is_empty() {
        return Some(Credentials::Token(entry.token.clone()));
    }
    let pair = String::from_utf8(STANDARD.decode(entry.auth.trim()).ok()?).ok()?;
    let (username, password) = pair.split_once(':')?;
    // Docker ends some passwords with NUL.
    let password = password.trim_end_matches('\0');
    Some(Credentials::Password { username: username.to_owned(), password: password.to_owned() })
}

/// Docker writes some keys as addresses, and its own registry's under other names.
fn normal(key: &str) -> String {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let key = bare.map_or(key, |bare| bare.split('/').next().unwrap_or(bare)).trim_end_matches('/');
    match key {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        _ => key.to_owned(),
    }
}

/// The keys that may stand for an image, the longest first.
fn keys(image: &str) -> Vec<&str> {
    let Some(repository) = qualified(image) else { return Vec::new() };
    let ends = repository.match_indices('/').map(|(at, _)| at).rev();
    std::iter::once(repository.len()).chain(ends).map(|end| &repository[..end]).collect()
}

/// The repository of an image that names its registry, without tag and digest.
fn qualified(image: &str) -> Option<&str> {
    let name = image.split('@').next().unwrap_or(image);
    let tag = name.rfind(':').filter(|&colon| !name[colon..].contains('/'));
    let repository = &name[..tag.unwrap_or(name.len())];
    let (registry, _) = repository.split_once('/')?;
    (registry.contains(['.', ':']) || registry == "localhost").then_some(repository)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(username: &str, password: &str) -> Credentials {
        Credentials::Password { username: username.to_owned(), password: password.to_owned() }
    }

    fn file(entries: &[(&str, &str)]) -> String {
        let auths: BTreeMap<_, _> =
            entries.iter().map(|(key, pair)| (*key, serde_json::json!({ "auth": STANDARD.encode(pair) }))).collect();
        serde_json::json!({ "auths": auths }).to_string()
    }

    /// S-278.
    #[test]
    fn the_key_that_names_most_of_the_repository_counts() {
        let file = file(&[
            ("registry.example", "all:a:b"),
            ("registry.example/team", "team:t"),
            ("https://index.docker.io/v1/", "hub:h"),
            ("other.example:5000", "other:o\0\0"),
        ]);
        for (image, expected) in [
            ("registry.example/app:1", Some(password("all", "a:b"))),
            ("registry.example/team/app:1", Some(password("team", "t"))),
            ("registry.example/teams/app", Some(password("all", "a:b"))),
            ("registry.example/team/app@sha256:aa", Some(password("team", "t"))),
            ("docker.io/library/nginx:1", Some(password("hub", "h"))),
            ("other.example:5000/app", Some(password("other", "o"))),
            ("other.example/app", None),
            ("nginx:1", None),
            ("team/app:1", None),
        ] {
            assert_eq!(find(&file, image), Ok(expected), "{image}");
        }
    }

    #[test]
    fn tokens_are_taken_and_what_cannot_be_used_is_named() {
        let token = r#"{ "auths": { "r.example": { "identitytoken": "t" } } }"#;
        assert_eq!(find(token, "r.example/a"), Ok(Some(Credentials::Token("t".to_owned()))));
        let wrong = r#"{ "auths": { "r.example": { "auth": "%" } }, "credHelpers": { "h.example": "pass" } }"#;
        assert!(find(wrong, "r.example/a").unwrap_err().contains("`auth` of `r.example`"));
        assert!(find(wrong, "h.example/a").unwrap_err().contains("credHelpers"));
        assert_eq!(find(wrong, "x.example/a"), Ok(None));
        assert!(find("{ \"auths\": secret", "r.example/a").unwrap_err().contains("line 1"));
    }

    #[test]
    fn nothing_of_them_is_shown() {
        let credentials = password("name", "word");
        assert_eq!(format!("{credentials:?}"), "Credentials");
        let header = URL_SAFE.decode(credentials.header()).unwrap();
        assert_eq!(String::from_utf8(header).unwrap(), r#"{"username":"name","password":"word"}"#);
    }
}
