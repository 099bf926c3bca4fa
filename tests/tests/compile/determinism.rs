//! The same repository gives the same bytes, wherever it lies and however its blocks are spread over files.

use std::fs;

use wlc::lock::Lock;
use wlc_tests::{folder, repository::Repository, running};

use super::build::build;

/// Blocks that lean on each other: order in the files must not matter.
fn blocks() -> Vec<String> {
    let mut blocks = vec!["fleet \"example\" { host-ports \"20000-20099\" }\n".to_owned()];
    for node in 1..=5 {
        let zone = if node % 2 == 0 { "a" } else { "b" };
        blocks.push(format!("node \"n{node}\" {{ label \"zone\" \"{zone}\" }}\n"));
        blocks.push(format!("facts \"n{node}\" {{ capacity cpu={} memory=\"{}GiB\" }}\n", 4 + node, 8 * node));
    }
    for number in 0..12 {
        let container = format!(
            "container \"main\" image=\"registry.example/app:{number}\" {{\n  port \"http\" 80 host=\"auto\"\n  request cpu=\"{}m\" memory=\"{}MiB\"\n  mount \"/c\" config=\"c\"\n}}",
            100 + 50 * (number % 4),
            128 << (number % 3)
        );
        blocks.push(format!("deployment \"app-{number}\" replicas={} {{\n{container}\n}}\n", 1 + number % 5));
    }
    blocks.push("config \"c\" { file \"b\" text=\"2\"; file \"a\" text=\"1\" }\n".to_owned());
    blocks.push("daemon-set \"agent\" { container \"main\" image=\"registry.example/agent:1\" }\n".to_owned());
    blocks
}

fn in_files(blocks: &[String]) -> Repository {
    let names = (0..).map(|number: usize| format!("{:03}.kdl", (number * 37) % 101));
    let repository = Repository::empty().with("fleet.kdl", "");
    blocks.iter().zip(names).fold(repository, |repository, (block, name)| repository.with(&name, block))
}

#[test]
fn the_order_of_blocks_and_files_changes_no_byte() {
    let blocks = blocks();
    let mut turned: Vec<String> = blocks.clone();
    turned.reverse();
    turned.rotate_left(7);
    let whole = Repository::empty().with("fleet.kdl", turned.concat());
    let built: Vec<_> =
        [in_files(&blocks), in_files(&turned), whole].iter().map(|one| build(one.path(), &Lock::default())).collect();
    let files = |index: usize| built[index].content.files().unwrap();
    assert!(files(0).files.len() > 10);
    assert_eq!(files(0), files(1));
    assert_eq!(files(0), files(2));
    assert_eq!(built[0].lock, built[1].lock);
    assert_eq!(built[0].lock, built[2].lock);
}

#[test]
fn two_folders_give_the_same_bytes() {
    let example = running::workspace().join("examples/web");
    let copies = [Repository::empty(), Repository::empty()];
    for (number, copy) in copies.iter().enumerate() {
        let mut files = folder::files(&example);
        if number == 1 {
            files.reverse();
        }
        for file in files {
            let name = file.strip_prefix(&example).unwrap().to_string_lossy().into_owned();
            copy.write(&name, fs::read(&file).unwrap());
        }
        copy.write("nodes/here.facts.kdl", "facts \"here\" {\n    capacity cpu=8 memory=\"16GiB\"\n}\n");
    }
    let built = copies.map(|copy| build(copy.path(), &Lock::default()));
    assert_eq!(built[0].content.files().unwrap(), built[1].content.files().unwrap());
    assert_eq!(built[0].lock, built[1].lock);
}
