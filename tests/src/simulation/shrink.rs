//! Makes a script that fails shorter, for as long as it fails.

use super::{Failure, Script, live};

/// How often a shorter script is tried.
const TRIES: usize = 300;

/// The shortest script that was found which fails, and how.
pub fn shrink(script: &Script, failure: Failure) -> (Script, Failure) {
    let (mut shortest, mut failure, mut tries) = (script.clone(), failure, 0);
    let mut size = shortest.events.len() / 2;
    while size > 0 && tries < TRIES {
        let mut at = 1; // the first plan stays
        let before = shortest.events.len();
        while at < shortest.events.len() && tries < TRIES {
            let mut shorter = shortest.clone();
            shorter.events.drain(at..(at + size).min(shortest.events.len()));
            tries += 1;
            match live(&shorter).1 {
                Err(of_shorter) => (shortest, failure) = (shorter, of_shorter),
                Ok(()) => at += size,
            }
        }
        if before == shortest.events.len() {
            size /= 2;
        }
    }
    (shortest, failure)
}
