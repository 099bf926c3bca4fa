//! A plan set that is not in order is refused by name, and what runs goes on.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use wlc_tests::node::{Node, copy_folder};

use super::web;

/// Every file of the set, one bit of it flipped while the agent runs: refused, and the containers are untouched.
#[test]
fn a_flipped_bit_is_refused_and_nothing_is_touched() {
    let Some(mut node) = Node::new("flipped") else { return };
    node.write("workloads/web.kdl", &web(1, "hello"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 1);
    let before = node.identities();
    node.write("workloads/web.kdl", &web(1, "evil"));
    node.kill_agent();
    node.build();
    for (number, file) in files(&node.plans()).into_iter().enumerate() {
        let good = fs::read(&file).unwrap();
        let mut bad = good.clone();
        let at = (number * 37) % bad.len();
        bad[at] ^= 1 << (number % 8);
        fs::write(&file, &bad).unwrap();
        let verified = node.wlagent(&["apply", "--timeout", "3s"]);
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        let is_used = !said.contains("converged") || verified.status.code() != Some(0);
        if is_used {
            assert_ne!(verified.status.code(), Some(0), "{}: {said}", file.display());
            assert_eq!(node.identities(), before, "{}: {said}", file.display());
        } else {
            panic!("{} with a flipped bit was accepted: {said}", file.display());
        }
        fs::write(&file, &good).unwrap();
        if file.components().any(|part| part.as_os_str() == "specs") && number > 12 {
            break;
        }
    }
    node.apply();
    assert_ne!(node.identities(), before, "the set itself was in order");
}

fn files(folder: &PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort_unstable();
    // Only files of the newest set count: those of the set before are there for readers that are under way.
    let newest = fs::metadata(&found[0]).map(|meta| meta.modified().unwrap()).unwrap();
    let age = |path: &PathBuf| fs::metadata(path).unwrap().modified().unwrap();
    let young: Vec<PathBuf> = found
        .iter()
        .filter(|path| newest.duration_since(age(path)).unwrap_or_default() < Duration::from_secs(1))
        .cloned()
        .collect();
    young
}

/// How a slow hand writes a file.
#[derive(Debug, Clone, Copy)]
enum Writer {
    /// Half of it, and then all of it anew.
    Overwrites,
    /// Half of it, and then the rest.
    Appends,
    /// Beside its place, and then it is moved there.
    Renames,
}

impl Writer {
    fn write(self, target: &Path, bytes: &[u8]) {
        let pause = || thread::sleep(Duration::from_millis(350));
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        match self {
            Self::Overwrites => {
                fs::write(target, first).unwrap();
                pause();
                fs::write(target, bytes).unwrap();
            }
            Self::Appends => {
                fs::write(target, first).unwrap();
                pause();
                fs::File::options().append(true).open(target).unwrap().write_all(rest).unwrap();
            }
            Self::Renames => {
                let aside = target.with_extension("part");
                fs::write(&aside, bytes).unwrap();
                pause();
                fs::rename(&aside, target).unwrap();
            }
        }
    }
}

/// A set that is copied file by file, the pointer first and by slow hands of three kinds, is waited for, never refused, and
/// never half taken: the page is the old one or the new one.
#[test]
fn a_slow_copy_is_waited_for() {
    let Some(mut node) = Node::new("slow-copy") else { return };
    node.write("workloads/web.kdl", &web(1, "start"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 1);
    let (plans, aside) = (node.plans(), node.path("aside"));
    copy_folder(&plans, &aside);
    let (out, key) = (aside.to_str().unwrap().to_owned(), node.path("ci.key"));
    let port = node.host_port("web-0");
    for writer in [Writer::Overwrites, Writer::Appends, Writer::Renames] {
        let greeting = format!("{writer:?}");
        node.write("workloads/web.kdl", &web(1, &greeting));
        assert!(node.wlc(&["build", "--out", &out, "--key", key.to_str().unwrap()]).status.success());
        let mut names: Vec<PathBuf> =
            all_files(&aside).into_iter().map(|path| path.strip_prefix(&aside).unwrap().to_owned()).collect();
        names.retain(|name| !plans.join(name).exists() || name.as_os_str() == "head");
        names.sort_by_key(|name| name.as_os_str() != "head");
        for name in &names {
            writer.write(&plans.join(name), &fs::read(aside.join(name)).unwrap());
        }
        node.wait_until("the new page answers", |_| wlc_tests::node::fetch(port, "/").as_ref() == Some(&greeting));
    }
    let log = node.agent_log().to_lowercase();
    assert!(!log.contains("refused"), "{log}");
}

fn all_files(folder: &PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(all_files(&entry.path())),
            false if name.starts_with('.') => {}
            false => found.push(entry.path()),
        }
    }
    found
}

/// P-134: an older generation is refused by name, and `wlagent verify` says the same as the agent.
#[test]
fn an_older_generation_is_refused() {
    let Some(mut node) = Node::new("older") else { return };
    node.write("workloads/web.kdl", &web(1, "one"));
    node.build();
    copy_folder(&node.plans(), &node.path("first"));
    node.write("workloads/web.kdl", &web(1, "two"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 1);
    let before = node.identities();
    fs::remove_dir_all(node.plans()).unwrap();
    copy_folder(&node.path("first"), &node.plans());
    node.wait_until("the refusal is in status", |node| {
        node.status().is_some_and(|status| status["refused"].to_string().contains("older"))
    });
    assert_eq!(node.identities(), before);
    let plans = node.plans();
    let trust = node.path("trust");
    let arguments =
        ["verify", "--plans", plans.to_str().unwrap(), "--node", "nobody", "--trust", trust.to_str().unwrap()];
    let verified = std::process::Command::new(wlc_tests::programs::wlagent()).args(arguments).output().unwrap();
    assert_eq!(verified.status.code(), Some(3), "{}", String::from_utf8_lossy(&verified.stderr));
}
