//! Files that people of the node put there (edge): the trust file, secrets, credentials of registries.
#![expect(
    clippy::disallowed_methods,
    reason = "edge: reads the trust file, secrets and credentials, and what the kernel shows of the machine"
)]

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rustix::fs::OFlags;

/// Opens a regular file, with more flags. Anything else in its place, as a pipe, is an error and is not waited for.
///
/// # Errors
/// It is absent, no regular file, or cannot be opened.
pub fn open_regular(path: &Path, more: OFlags) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | more;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if opened.metadata()?.is_file() { Ok(opened) } else { Err(io::Error::other("it is no regular file")) }
}

/// The bytes of a regular file, at most so many of them.
///
/// # Errors
/// It is absent, no regular file, longer, or cannot be read.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path, OFlags::empty())?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    let is_longer = u64::try_from(bytes.len()).is_ok_and(|length| length > most);
    if is_longer { Err(io::Error::other(format!("it has more than {most} bytes"))) } else { Ok(bytes) }
}

/// The same as text.
///
/// # Errors
/// Those, or it is no UTF-8.
pub fn read_regular_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read_regular(path, most)?).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn only_a_regular_file_is_read_and_no_pipe_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "12345").unwrap();
        mknodat(CWD, path("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        assert_eq!(read_regular(&path("file"), 5).unwrap(), b"12345");
        assert_eq!(read_regular(&path("link"), 5).unwrap(), b"12345");
        assert_eq!(read_regular(&path("file"), 4).unwrap_err().to_string(), "it has more than 4 bytes");
        assert_eq!(read_regular(&path("pipe"), 5).unwrap_err().to_string(), "it is no regular file");
        assert_eq!(read_regular(folder.path(), 5).unwrap_err().to_string(), "it is no regular file");
        assert_eq!(read_regular(&path("absent"), 5).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
