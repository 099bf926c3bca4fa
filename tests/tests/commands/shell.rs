//! Completions and manual pages, judged by the shells and by man's own formatter where they are installed.

use std::{fs, path::Path, process::Command};

use wlc_tests::{programs, repository::Repository, running};

/// The commands that the help of a program lists.
fn commands(program: &Path) -> Vec<String> {
    let help = running::run(Command::new(program).arg("--help")).stdout;
    let listed = help.split_once("Commands:\n").unwrap().1.lines().take_while(|line| !line.is_empty());
    listed
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next().map(str::to_owned))
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn completions_of_every_shell_name_every_command() {
    for program in [programs::wlc(), programs::wlagent()] {
        let completions = |shell| running::run(Command::new(&program).args(["completions", shell]));
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            let ran = completions(shell);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            let mut missing = commands(&program);
            missing.retain(|name| !ran.stdout.contains(name.as_str()));
            assert!(missing.is_empty(), "{} {shell}: {missing:?}", program.display());
        }
        assert_eq!(completions("cmd").code, Some(64));
    }
}

/// Bash itself completes: `wlc bu` leads to `build`.
#[test]
fn bash_completes_commands_and_options() {
    let complete = |line: &str| complete_by(&programs::wlc(), line);
    assert_eq!(complete("wlc bu"), "build\n");
    assert!(complete("wlc build --expect").lines().any(|one| one == "--expect-head"));
    assert_eq!(complete("wlc diff --format mark"), "markdown\n");
    let complete = |line: &str| complete_by(&programs::wlagent(), line);
    assert_eq!(complete("wlagent stat"), "status\n");
    assert_eq!(complete("wlagent status --format js"), "json\n");
}

/// What bash offers behind a line that begins with the program's name.
fn complete_by(program: &Path, line: &str) -> String {
    let repository = Repository::empty();
    let script = running::run(Command::new(program).args(["completions", "bash"])).stdout;
    repository.write("completions.bash", &script);
    let words: Vec<&str> = line.split(' ').collect();
    let (name, last, before) = (words[0], words[words.len() - 1], words[words.len() - 2]);
    let ask = format!(
        "source completions.bash; COMP_WORDS=({line}); COMP_CWORD={}; _{name} {name} '{last}' '{before}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.len() - 1,
    );
    running::run(Command::new("bash").args(["-c", &ask]).current_dir(repository.path())).stdout
}

#[test]
fn every_command_has_its_manual_page() {
    for (name, program) in [("wlc", programs::wlc()), ("wlagent", programs::wlagent())] {
        let repository = Repository::empty();
        let folder = repository.path().join("man");
        let ran = running::run(Command::new(&program).arg("man").arg("--out").arg(&folder));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        for command in commands(&program).into_iter().filter(|command| command != "help") {
            let page = fs::read_to_string(folder.join(format!("{name}-{command}.1"))).unwrap();
            assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{command}: {page}");
        }
        let page = fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(&format!("{name}\\-{}(1)", commands(&program)[0])), "{page}");
    }
}

/// A file stands where the folder should be.
#[test]
fn a_folder_that_cannot_be_made_is_reported() {
    let repository = Repository::empty();
    repository.write("man", "");
    for program in [programs::wlc(), programs::wlagent()] {
        let ran = running::run(Command::new(&program).args(["man", "--out", "man"]).current_dir(repository.path()));
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    }
}
