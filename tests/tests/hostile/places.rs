//! Things that lie where a source is looked for.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    process::Command,
};

use wlc_tests::repository::Repository;

use super::codes;

const WEB: &str = "deployment \"web\" {\n    container \"web\" image=\"a:1\" { mount \"/c\" config=\"c\" }\n}\n";

fn is_reported(name: &str, repository: &Repository, code: &str) {
    let codes = codes(name, repository);
    assert!(codes.iter().any(|found| found == code), "{name}: {code} is not among {codes:?}");
}

fn is_fine(name: &str, repository: &Repository) {
    let codes = codes(name, repository);
    assert!(codes.iter().all(|code| code == "unresolved-image"), "{name}: {codes:?}");
}

fn pipe(repository: &Repository, name: &str) {
    let made = Command::new("mkfifo").arg(repository.path().join(name)).status().unwrap();
    assert!(made.success());
}

#[test]
fn links_that_go_round_are_not_followed() {
    let repository = Repository::new();
    symlink(".", repository.path().join("here")).unwrap();
    symlink("../..", repository.path().join("nodes/up")).unwrap();
    is_fine("links to folders", &repository);
    symlink("a.kdl", repository.path().join("b.kdl")).unwrap();
    symlink("b.kdl", repository.path().join("a.kdl")).unwrap();
    is_reported("links to each other", &repository, "unreadable-file");
}

#[test]
fn a_link_out_of_the_repository_is_no_source() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "a-secret-word\n").unwrap();
    let repository = Repository::new();
    symlink(secret.path(), repository.path().join("x.kdl")).unwrap();
    is_reported("a source behind a link", &repository, "unreadable-file");
    let ran = repository.wlc(&["check"]);
    assert!(!ran.stderr.contains("a-secret-word"), "{}", ran.stderr);
}

#[test]
fn what_is_no_plain_file_is_not_read() {
    let repository = Repository::new();
    pipe(&repository, "pipe.kdl");
    is_reported("a pipe", &repository, "unreadable-file");
    let repository = Repository::new();
    symlink("/dev/zero", repository.path().join("zero.kdl")).unwrap();
    is_reported("a device", &repository, "unreadable-file");
    let repository = Repository::new();
    symlink("nowhere", repository.path().join("lost.kdl")).unwrap();
    is_reported("a link to nothing", &repository, "unreadable-file");
    let repository = Repository::new().with("folder.kdl/inside.kdl", "node \"n2\"\nfacts \"n2\"\n");
    is_fine("a folder with the name of a source", &repository);
}

#[test]
fn a_named_file_stays_in_the_repository() {
    let config = |from: &str| format!("config \"c\" {{ file \"a\" from=\"{from}\" }}\n{WEB}");
    let repository = |from: &str| Repository::new().with("deep/web.kdl", config(from)).with("there.txt", "text");
    is_fine("a file above", &repository("../there.txt"));
    for from in
        ["../../there.txt", "/etc/passwd", "../../../../../../etc/passwd", "..", ".", "", "a/../../../x", "../nowhere"]
    {
        is_reported(from, &repository(from), "unreadable-file");
    }
    let linked = repository("link");
    symlink("/etc/passwd", linked.path().join("deep/link")).unwrap();
    is_reported("a link out", &linked, "unreadable-file");
    let linked = repository("folder/passwd");
    symlink("/etc", linked.path().join("deep/folder")).unwrap();
    is_reported("a folder out", &linked, "unreadable-file");
    let piped = repository("../pipe");
    pipe(&piped, "pipe");
    is_reported("a pipe", &piped, "unreadable-file");
    let zero = repository("zero");
    symlink("/dev/zero", zero.path().join("deep/zero")).unwrap();
    is_reported("a device", &zero, "unreadable-file");
    is_reported("a NUL in a path", &repository("a\\u{0}b"), "unreadable-file");
    is_reported("an escape in a path", &repository("\\u{1b}[2J"), "unreadable-file");
}

#[test]
fn names_of_files_do_no_harm() {
    for name in [
        "a\u{1b}[2J.kdl",
        "a\nb.kdl",
        "\u{202e}ldk.kdl",
        "größe 日本.kdl",
        "a\u{7}\u{8}.kdl",
        "-rf.kdl",
        "a'\"`$(b).kdl",
    ] {
        is_reported(name, &Repository::new().with(name, "nod \"a\"\n"), "unknown-word");
    }
    let repository = Repository::new();
    let name = OsStr::from_bytes(b"caf\xe9.kdl");
    fs::write(repository.path().join(name), "nod \"a\"\n").unwrap();
    is_reported("a name that is no UTF-8", &repository, "unknown-word");
}

#[test]
fn deep_folders_are_read_or_reported() {
    let repository = Repository::new();
    let deep = vec!["d"; 900].join("/");
    repository.write(&format!("{deep}/x.kdl"), "nod \"a\"\n");
    is_reported("900 folders", &repository, "unknown-word");
    let script = "i=0; while [ $i -lt 3000 ]; do mkdir d && cd d || exit 0; i=$((i + 1)); done";
    let repository = Repository::new();
    Command::new("sh").args(["-c", script]).current_dir(repository.path()).status().unwrap();
    is_reported("3000 folders", &repository, "unreadable-file");
}

#[test]
fn a_file_that_may_not_be_read_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let repository = Repository::new().with("x.kdl", WEB);
    let path = repository.path().join("x.kdl");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        eprintln!("SKIP a_file_that_may_not_be_read_is_reported: this user may read everything");
        return;
    }
    is_reported("a file without permissions", &repository, "unreadable-file");
}

#[test]
fn a_lock_that_is_no_lock_is_reported() {
    let lock = |text: &[u8]| {
        Repository::new()
            .with("web.kdl", "deployment \"web\" { container \"a\" image=\"a:1\" }\n")
            .with("lock/example/web.lock", text)
    };
    for text in [&b"\xff\xfe"[..], b"", b"wlc-lock 2\n", b"\x1b[2J", &[b'a'; 1 << 20]] {
        is_reported("a broken lock", &lock(text), "bad-lock");
    }
    let repository = Repository::new();
    fs::create_dir_all(repository.path().join("lock/example")).unwrap();
    pipe(&repository, "lock/example/web.lock");
    is_reported("a pipe as a lock", &repository, "bad-lock");
}
