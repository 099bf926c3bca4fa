//! One line of a trust file: `<signer>[,<signer>] [options] <kind of key> <key> [comment]`.

use chrono::NaiveDateTime;

use super::{TrustProblem, TrustedKey};
use crate::{
    name::SignerName,
    signature::{NAMESPACE, PublicKey},
    time::Timestamp,
};

/// What the options of a line say.
#[derive(Default)]
struct Options {
    namespaces: Option<String>,
    valid_after: Option<String>,
    valid_before: Option<String>,
}

/// The keys of a line: none for a comment, a blank line, or a line of other namespaces.
pub(super) fn parse(line: &str) -> Result<Vec<TrustedKey>, TrustProblem> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Vec::new());
    }
    let (principals, rest) = word(line)?;
    let (options, key) = split_options(rest)?;
    let options = parse_options(options)?;
    if !is_for_plans(options.namespaces.as_deref())? {
        return Ok(Vec::new());
    }
    let key = PublicKey::parse(key).map_err(TrustProblem::Key)?;
    let valid_after = options.valid_after.as_deref().map(parse_time).transpose()?;
    let valid_before = options.valid_before.as_deref().map(parse_time).transpose()?;
    let trusted = |signer| TrustedKey { signer, key: key.clone(), valid_after, valid_before };
    principals.replace('"', "").split(',').map(|name| parse_signer(name).map(trusted)).collect()
}

/// The first word of a text, in which quotes protect blanks, and what follows it.
fn word(text: &str) -> Result<(&str, &str), TrustProblem> {
    let mut quoted = false;
    let end = text.find(|c: char| {
        quoted ^= c == '"';
        !quoted && c.is_ascii_whitespace()
    });
    if quoted {
        return Err(TrustProblem::Quote);
    }
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    Ok((word, rest.trim_start()))
}

/// The options, which may be missing, and the key.
fn split_options(rest: &str) -> Result<(&str, &str), TrustProblem> {
    let (first, behind) = word(rest)?;
    let is_kind = |word: &str| {
        ["ssh-", "sk-", "ecdsa-"].iter().any(|prefix| word.starts_with(prefix)) && !word.contains(['=', '"', ','])
    };
    match (is_kind(first), behind.is_empty()) {
        (true, false) => Ok(("", rest)),
        (false, false) => Ok((first, behind)),
        (true | false, true) => Err(TrustProblem::Form),
    }
}

fn parse_options(text: &str) -> Result<Options, TrustProblem> {
    let mut options = Options::default();
    for option in split_commas(text) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let slot = match name.to_ascii_lowercase().as_str() {
            "namespaces" => &mut options.namespaces,
            "valid-after" => &mut options.valid_after,
            "valid-before" => &mut options.valid_before,
            "cert-authority" => return Err(TrustProblem::CertAuthority),
            _ => return Err(TrustProblem::Option(name.to_owned())),
        };
        let value = quoted.ok_or_else(|| TrustProblem::Unquoted(name.to_owned()))?;
        if slot.replace(value.to_owned()).is_some() {
            return Err(TrustProblem::OptionTwice(name.to_owned()));
        }
    }
    Ok(options)
}

/// The parts between commas that stand outside quotes.
fn split_commas(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let outside = move |c: char| {
        quoted ^= c == '"';
        !quoted && c == ','
    };
    text.split(outside).filter(|part| !part.is_empty())
}

/// Whether a line counts for plan sets. OpenSSH: without `namespaces` it counts for all of them.
fn is_for_plans(namespaces: Option<&str>) -> Result<bool, TrustProblem> {
    let Some(namespaces) = namespaces else {
        return Ok(true);
    };
    match namespaces.split(',').find(|name| is_pattern(name)) {
        Some(pattern) => Err(TrustProblem::Pattern(pattern.to_owned())),
        None => Ok(namespaces.split(',').any(|name| name == NAMESPACE)),
    }
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '!'])
}

fn parse_signer(name: &str) -> Result<SignerName, TrustProblem> {
    if is_pattern(name) {
        return Err(TrustProblem::Pattern(name.to_owned()));
    }
    SignerName::parse(name).map_err(TrustProblem::Name)
}

/// `20261123`, `202611230300` or `20261123030000`, each with or without `Z`, and always in UTC.
fn parse_time(text: &str) -> Result<Timestamp, TrustProblem> {
    let refused = || TrustProblem::Time(text.to_owned());
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !digits.bytes().all(|b| b.is_ascii_digit()) || !matches!(digits.len(), 8 | 12 | 14) {
        return Err(refused());
    }
    let whole = format!("{digits:0<14}");
    let time = NaiveDateTime::parse_from_str(&whole, "%Y%m%d%H%M%S").map_err(|_| refused())?;
    Ok(Timestamp::from_seconds(time.and_utc().timestamp()))
}
