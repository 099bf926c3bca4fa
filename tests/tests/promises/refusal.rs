//! A plan set that is not in order is refused by name, and what runs goes on.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use wlc_tests::{folder, node::Node};

use super::web;

/// Each file of a new set with one bit flipped, before a running agent: never accepted, and the containers are untouched.
/// The set as it was made is accepted afterwards.
#[test]
fn a_flipped_bit_is_refused_and_nothing_is_touched() {
    let Some(mut node) = Node::new("flipped") else { return };
    node.write("workloads/web.kdl", &web(1, "hello"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 1);
    let before = node.identities();
    let (plans, aside) = (node.plans(), node.path("aside"));
    folder::copy(&plans, &aside);
    node.write("workloads/web.kdl", &web(1, "evil"));
    let (out, key) = (aside.to_str().unwrap().to_owned(), node.path("ci.key"));
    assert!(node.wlc(&["build", "--out", &out, "--key", key.to_str().unwrap()]).status.success());
    let (old_head, new_head) = (fs::read(plans.join("head")).unwrap(), fs::read(aside.join("head")).unwrap());
    let names = new_files(&aside, &plans);
    for name in &names {
        copy_file(&aside, &plans, name);
    }
    for (number, name) in names.iter().chain([&PathBuf::from("head")]).enumerate() {
        let good = fs::read(aside.join(name)).unwrap();
        let mut bad = good.clone();
        bad[(number * 37) % good.len()] ^= 1 << (number % 8);
        fs::write(plans.join(name), &bad).unwrap();
        if name.as_os_str() != "head" {
            fs::write(plans.join("head"), &new_head).unwrap();
        }
        node.wait_until(&format!("the set with a flipped bit in {} is not taken", name.display()), |node| {
            let status = node.status().unwrap_or_default();
            status["generation"] == 1 && (!status["refused"].is_null() || status["waiting"].is_string())
        });
        assert_eq!(node.identities(), before, "{}", name.display());
        fs::write(plans.join("head"), &old_head).unwrap();
        node.wait_until("the set before is in force", |node| {
            let status = node.status().unwrap_or_default();
            status["refused"].is_null() && !status["waiting"].is_string()
        });
        copy_file(&aside, &plans, name);
        fs::write(plans.join("head"), &old_head).unwrap();
    }
    fs::write(plans.join("head"), &new_head).unwrap();
    node.wait_until("the set as it was made is taken", |node| node.status().unwrap_or_default()["generation"] == 2);
    node.wait_until("its container runs", |node| node.identities() != before);
}

/// Files of a set that another folder does not have, the pointer left out.
fn new_files(set: &Path, there: &Path) -> Vec<PathBuf> {
    let names = folder::files(set).into_iter().map(|path| path.strip_prefix(set).unwrap().to_owned());
    names.filter(|name| !there.join(name).exists()).collect()
}

fn copy_file(from: &Path, to: &Path, name: &Path) {
    if name.as_os_str() != "head" {
        fs::create_dir_all(to.join(name).parent().unwrap()).unwrap();
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
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
    folder::copy(&plans, &aside);
    let (out, key) = (aside.to_str().unwrap().to_owned(), node.path("ci.key"));
    let port = node.host_port("web-0");
    for writer in [Writer::Overwrites, Writer::Appends, Writer::Renames] {
        let greeting = format!("{writer:?}");
        node.write("workloads/web.kdl", &web(1, &greeting));
        assert!(node.wlc(&["build", "--out", &out, "--key", key.to_str().unwrap()]).status.success());
        for name in [PathBuf::from("head")].iter().chain(&new_files(&aside, &plans)) {
            writer.write(&plans.join(name), &fs::read(aside.join(name)).unwrap());
        }
        node.wait_until("the new page answers", |_| wlc_tests::node::fetch(port, "/").as_ref() == Some(&greeting));
    }
    let log = node.agent_log().to_lowercase();
    assert!(!log.contains("refused"), "{log}");
}

/// P-134: an older generation is refused by name, and `wlagent verify` says the same as the agent.
#[test]
fn an_older_generation_is_refused() {
    let Some(mut node) = Node::new("older") else { return };
    node.write("workloads/web.kdl", &web(1, "one"));
    node.build();
    folder::copy(&node.plans(), &node.path("first"));
    node.write("workloads/web.kdl", &web(1, "two"));
    node.build();
    node.start_agent();
    node.wait_ready("web", 1);
    let before = node.identities();
    fs::remove_dir_all(node.plans()).unwrap();
    folder::copy(&node.path("first"), &node.plans());
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
