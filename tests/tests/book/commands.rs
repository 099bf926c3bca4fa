//! The reference of the commands names each command and each option that `--help` names.

use std::{fs, path::Path, process::Command};

use wlc_tests::programs;

use crate::pages::{self, BOOK};

fn help(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).arg("--help").output().unwrap();
    assert!(output.status.success(), "{} {arguments:?} --help", program.display());
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that a program's help lists.
fn commands(help: &str) -> Vec<String> {
    let behind = help.split_once("Commands:\n").unwrap_or_default().1;
    let listed = behind.lines().take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

/// The long options that a help names, but the ones that every program has.
fn options(help: &str) -> Vec<String> {
    let words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let mut found: Vec<String> =
        words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect();
    found.retain(|option| !["--help", "--version"].contains(&option.as_str()));
    found.sort();
    found.dedup();
    found
}

/// The text below the heading of a command, up to the next command.
fn section<'a>(reference: &'a str, command: &str) -> &'a str {
    let heading = format!("\n### `{command}`\n");
    let (_, behind) =
        reference.split_once(&heading).unwrap_or_else(|| panic!("commands.md has no heading `{command}`"));
    behind.split("\n### ").next().unwrap()
}

fn check(name: &str, program: &Path, reference: &str) {
    let of_program = options(&help(program, &[]));
    for option in &of_program {
        assert!(reference.contains(&format!("`{option}")), "{name}: `{option}` is not described");
    }
    let commands = commands(&help(program, &[]));
    assert!(commands.len() > 3, "{name} --help lists {commands:?}");
    for command in commands {
        let section = section(reference, &format!("{name} {command}"));
        assert!(section.contains("exit") || section.contains("Exit"), "{name} {command}: no word about its exit codes");
        for option in options(&help(program, &[&command])).iter().filter(|option| !of_program.contains(option)) {
            assert!(section.contains(&format!("`{option}")), "{name} {command}: `{option}` is not described");
        }
    }
}

#[test]
fn every_command_and_option_is_in_the_reference() {
    let reference = fs::read_to_string(pages::checkout().join(BOOK).join("reference/commands.md")).unwrap();
    check("wlc", &programs::wlc(), &reference);
    check("wlagent", &programs::wlagent(), &reference);
}
