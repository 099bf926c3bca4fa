//! The same work on many things, with several threads where that is faster. What comes out is in the order of what went in,
//! so that nobody can tell how many threads there were.

use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// More threads than this gain nothing.
const MOST_THREADS: usize = 16;
/// So many things a thread takes at once.
const BATCH: usize = 8;

/// How many threads this machine can run at once.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS)
}

/// What the work makes of each thing. Each thread has at least so much to do that it pays to begin it: `for_each_thread`
/// is the part of `all` that does.
pub(crate) fn map<T: Sync, R: Send>(
    things: &[T],
    (all, for_each_thread): (usize, usize),
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let others = threads().min(all / for_each_thread).saturating_sub(1);
    if others == 0 {
        return things.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(rest) = things.get(start..).filter(|rest| !rest.is_empty()) else { return done };
            done.push((start, rest.iter().take(BATCH).map(&work).collect::<Vec<R>>()));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (0..others).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        done.extend(others.into_iter().flat_map(|other| other.join().expect("the work does not panic")));
        done
    });
    done.sort_unstable_by_key(|(start, _)| *start);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_in_the_order_of_what_went_in() {
        for length in [0, 1, BATCH, BATCH + 1, 1_000] {
            let things: Vec<usize> = (0..length).collect();
            let doubled: Vec<usize> = things.iter().map(|thing| thing * 2).collect();
            assert_eq!(map(&things, (length, 1), |thing| thing * 2), doubled);
            assert_eq!(map(&things, (length, length + 1), |thing| thing * 2), doubled);
        }
    }
}
