//! Reads many files, with several threads where that is faster. What is read and what is reported is the same, in the same
//! order, however many threads there are.

use super::{Block, Reader, read_by};
use crate::{diagnostics::Problems, parallel, sources::Source, span::FileId};

/// So many bytes are read before another thread would have begun.
const BYTES_FOR_A_THREAD: usize = 256 << 10;

/// The blocks of each file that could be read. What is wrong with the others is reported.
pub fn read_all<'a>(
    reader: Reader,
    files: impl IntoIterator<Item = (FileId, &'a Source)>,
    problems: &mut Problems,
) -> Vec<(FileId, Vec<Block>)> {
    read_all_by(files, |file, source, problems| read_by(reader, file, source, problems), problems)
}

/// What somebody reads of each file, where it could be read. Many are read with several threads.
pub(crate) fn read_all_by<'a, R: Send>(
    files: impl IntoIterator<Item = (FileId, &'a Source)>,
    read: impl Fn(FileId, &Source, &mut Problems) -> Option<R> + Sync,
    problems: &mut Problems,
) -> Vec<(FileId, R)> {
    let files: Vec<(FileId, &Source)> = files.into_iter().collect();
    let bytes = files.iter().map(|(_, source)| source.length()).sum();
    let read = parallel::map(&files, (bytes, BYTES_FOR_A_THREAD), |(file, source)| {
        let mut problems = Problems::default();
        (*file, read(*file, source, &mut problems), problems)
    });
    let mut all = Vec::with_capacity(read.len());
    for (file, read, found) in read {
        problems.append(found);
        all.extend(read.map(|read| (file, read)));
    }
    all
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
