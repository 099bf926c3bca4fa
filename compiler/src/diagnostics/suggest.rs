//! Did you mean: the known word that is nearest to a misspelt one.

/// Longer words are not compared: the distance takes quadratic time.
const LONGEST: usize = 64;

/// Of more words, the first so many are compared.
const MOST_COMPARED: usize = 10_000;

/// The known word nearest to `given`, if it is near enough to be meant.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > LONGEST {
        return None;
    }
    let given = &*kebab(given);
    let most = (given.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .take(MOST_COMPARED)
        .filter(|word| word.len().abs_diff(given.len()) <= 4 * most)
        .map(|word| (strsim::osa_distance(given, word), word))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, word)| word)
}

/// A word as words of the language are written: `maxSurge`, `max_surge` and `MAX-SURGE` are `max-surge`.
pub(crate) fn kebab(word: &str) -> String {
    let mut spelt = String::with_capacity(word.len() + 4);
    let mut before = None;
    for sign in word.chars() {
        if sign.is_uppercase() && before.is_some_and(|before: char| before.is_lowercase() || before.is_ascii_digit()) {
            spelt.push('-');
        }
        spelt.extend(if sign == '_' || sign == ' ' { '-' } else { sign }.to_lowercase());
        before = Some(sign);
    }
    spelt
}

/// `did you mean …?`, or the list of what is known when nothing is near.
pub fn hint<'a>(given: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(given, known.clone()) {
        Some(word) => format!("did you mean `{word}`?"),
        None if known.clone().into_iter().next().is_none() => "none is declared".to_owned(),
        None => format!("known here: {}", list(known)),
    }
}

/// Words in backticks with commas between them; the first twelve of many.
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.len() {
        0 => "nothing".to_owned(),
        count if count > SHOWN => format!("{} and {} more", words[..SHOWN].join(", "), count - SHOWN),
        _ => words.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_meant_and_a_far_one_is_not() {
        assert_eq!(nearest("replcas", ["replicas", "revisions"]), Some("replicas"));
        assert_eq!(nearest("contianer", ["container", "config"]), Some("container"));
        assert_eq!(nearest("banana", ["replicas", "revisions"]), None);
        assert_eq!(nearest(&"x".repeat(10_000), ["x"]), None);
    }
}
