//! Completions and manual pages, judged by the shells and by man's own formatter where they are installed.

use std::{fs, process::Command};

use wlc_tests::{programs, repository::Repository, running};

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let help = running::run(Command::new(programs::wlc()).arg("--help")).stdout;
    let listed = help.split_once("Commands:\n").unwrap().1.lines().take_while(|line| !line.is_empty());
    listed
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next().map(str::to_owned))
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn completions_of_every_shell_name_every_command() {
    let repository = Repository::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = repository.wlc(&["completions", shell]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let missing: Vec<String> = commands().into_iter().filter(|name| !ran.stdout.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{shell}: {missing:?}");
    }
    assert_eq!(repository.wlc(&["completions", "cmd"]).code, Some(64));
}

/// Bash itself completes: `wlc bu` leads to `build`.
#[test]
fn bash_completes_commands_and_options() {
    let repository = Repository::empty();
    let script = repository.wlc(&["completions", "bash"]).stdout;
    repository.write("wlc.bash", &script);
    let complete = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let ask = format!(
            "source wlc.bash; COMP_WORDS=({line}); COMP_CWORD={}; _wlc wlc '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        running::run(Command::new("bash").args(["-c", &ask]).current_dir(repository.path())).stdout
    };
    assert_eq!(complete("wlc bu"), "build\n");
    assert!(complete("wlc build --expect").lines().any(|one| one == "--expect-head"));
    assert_eq!(complete("wlc diff --format mark"), "markdown\n");
}

#[test]
fn every_command_has_its_manual_page() {
    let repository = Repository::empty();
    let folder = repository.path().join("man");
    let ran = repository.wlc(&["man", "--out", folder.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for command in commands().into_iter().filter(|name| name != "help") {
        let page = fs::read_to_string(folder.join(format!("wlc-{command}.1"))).unwrap();
        assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{command}: {page}");
    }
    assert!(fs::read_to_string(folder.join("wlc.1")).unwrap().contains("wlc\\-build(1)"));
}
