//! Reads many files, with several threads where that is faster. What is read and what is reported is the same, in the same
//! order, however many threads there are.

use std::{num::NonZeroUsize, thread};

use super::{Block, Reader, read_by};
use crate::{diagnostics::Problems, sources::Source, span::FileId};

/// So many bytes are read before another thread would have begun.
const BYTES_FOR_A_THREAD: usize = 128 << 10;
/// More threads than this gain nothing.
const MOST_THREADS: usize = 16;

/// A file, and what came of reading it.
struct Read {
    file: FileId,
    blocks: Option<Vec<Block>>,
    problems: Problems,
}

/// How many threads this machine can run at once.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS)
}

/// The blocks of each file that could be read. What is wrong with the others is reported.
pub fn read_all<'a>(
    reader: Reader,
    files: impl IntoIterator<Item = (FileId, &'a Source)>,
    problems: &mut Problems,
) -> Vec<(FileId, Vec<Block>)> {
    let files: Vec<(FileId, &Source)> = files.into_iter().collect();
    let bytes: usize = files.iter().map(|(_, source)| source.text.len()).sum();
    let shares = shares(&files, bytes, threads().min(bytes / BYTES_FOR_A_THREAD).max(1));
    let read = thread::scope(|scope| {
        let (first, others) = shares.split_first().expect("there is at least one share");
        let others: Vec<_> = others.iter().map(|share| scope.spawn(|| read_share(reader, share))).collect();
        let mut read = read_share(reader, first);
        for other in others {
            read.extend(other.join().expect("a reader does not panic"));
        }
        read
    });
    let mut all = Vec::with_capacity(read.len());
    for Read { file, blocks, problems: found } in read {
        problems.append(found);
        all.extend(blocks.map(|blocks| (file, blocks)));
    }
    all
}

/// Files in order, cut into so many shares of about the same size.
fn shares<'a, 'b>(files: &'a [(FileId, &'b Source)], bytes: usize, count: usize) -> Vec<&'a [(FileId, &'b Source)]> {
    let (mut shares, mut rest, mut before) = (Vec::new(), files, 0);
    for number in 1..count {
        let end = bytes * number / count;
        let length = rest.iter().take_while(|(_, source)| {
            before += source.text.len();
            before <= end
        });
        let (share, behind) = rest.split_at(length.count());
        before = end;
        shares.push(share);
        rest = behind;
    }
    shares.push(rest);
    shares
}

fn read_share(reader: Reader, share: &[(FileId, &Source)]) -> Vec<Read> {
    let read = |(file, source): &(FileId, &Source)| {
        let mut problems = Problems::default();
        let blocks = read_by(reader, *file, source, &mut problems);
        Read { file: *file, blocks, problems }
    };
    share.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Sources;

    fn sources() -> Sources {
        let mut sources = Sources::default();
        for number in 0..300 {
            let text = if number % 7 == 3 { "broken }\n".to_owned() } else { format!("a{number} 1\n").repeat(number) };
            sources.add(&format!("{number:03}.kdl"), &text);
        }
        sources
    }

    #[test]
    fn shares_hold_every_file_once_and_in_order() {
        let sources = sources();
        let files: Vec<(FileId, &Source)> = sources.iter().collect();
        let bytes = files.iter().map(|(_, source)| source.text.len()).sum();
        for count in [1, 2, 3, 16] {
            let shares = shares(&files, bytes, count);
            assert_eq!(shares.len(), count);
            let together: Vec<FileId> = shares.iter().flat_map(|share| share.iter().map(|(file, _)| *file)).collect();
            assert_eq!(together, files.iter().map(|(file, _)| *file).collect::<Vec<_>>());
            assert!(shares.iter().all(|share| share.len() < files.len() || count == 1));
        }
    }

    #[test]
    fn threads_change_nothing() {
        let sources = sources();
        let (mut together, mut alone) = (Problems::default(), Problems::default());
        let read = read_all(Reader::Both, sources.iter(), &mut together);
        let one_by_one = sources
            .iter()
            .filter_map(|(file, source)| read_by(Reader::Both, file, source, &mut alone).map(|blocks| (file, blocks)));
        assert_eq!(read, one_by_one.collect::<Vec<_>>());
        assert_eq!(format!("{:?}", together.sorted()), format!("{:?}", alone.sorted()));
    }
}
