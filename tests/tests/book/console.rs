//! Every command of the documentation is run, in the order of its page, in one shell.
//!
//! A block `console` has commands behind `$ `, and below each the output that a reader sees. Blocks with the word `podman`
//! run only where there is a Podman to test with. Blocks with the word `machine` set up a machine: they are not run here,
//! since `tests/run` and `examples/run` are what they call, but what they call must be there.
//! A command may fail only where the next one is `echo $?`.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

use wlc_tests::{podman, programs};

use crate::{
    output::matches,
    pages::{self, Block, Page},
};

/// A command of a page.
struct Step {
    command: String,
    /// What the page shows below it.
    shown: Vec<String>,
    place: String,
}

/// Pages whose commands begin in the checkout; all others begin in an empty home folder.
const IN_CHECKOUT: [&str; 2] = ["README.md", "book/src/tutorial.md"];

/// Pages ask for the same host ports.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The commands of a block. What stands between `<<WORD` and `WORD` belongs to its command.
fn steps(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut until: Option<String> = None;
    for line in block.text.lines() {
        match (&until, line.strip_prefix("$ "), steps.last_mut()) {
            (Some(word), _, Some(step)) => {
                step.command.push('\n');
                step.command.push_str(line);
                if line == word {
                    until = None;
                }
            }
            (_, Some(command), _) => {
                until = heredoc(command);
                steps.push(Step { command: command.to_owned(), shown: Vec::new(), place: block.place.clone() });
            }
            (None, None, Some(step)) => step.shown.push(line.to_owned()),
            (_, None, None) => panic!("{}: output without a command", block.place),
        }
    }
    steps
}

fn heredoc(command: &str) -> Option<String> {
    let word = command.split_once("<<")?.1.split_whitespace().next()?;
    Some(word.trim_matches(['\'', '"']).to_owned())
}

/// Names of the fleets that a page makes.
fn fleets(steps: &[Step]) -> Vec<String> {
    let named = |step: &Step| Some(step.command.split_once("--fleet ")?.1.split_whitespace().next()?.to_owned());
    steps.iter().filter_map(named).collect()
}

/// The script that runs the steps. Behind each it prints a separator with the command's number and result, and ends where
/// a command failed that must not.
fn script(steps: &[Step]) -> String {
    let mut script = "exec 2>&1 </dev/null\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n\
        at() { local code=$?; printf '\\036%s\\n' \"$code\"; ((code == 0)) || [[ $1 == may-fail ]] || exit 99; return $code; }\n"
        .to_owned();
    for (number, step) in steps.iter().enumerate() {
        let rule = if may_fail(steps, number) { "may-fail" } else { "must" };
        script.push_str(&format!("{}\nat {rule}\n", step.command));
    }
    script
}

fn shell(page: &Page, home: &Path, script: &Path, output: fs::File) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after", "10", "600", "bash", "--noprofile", "--norc", "-u"]).arg(script);
    let start = if IN_CHECKOUT.contains(&page.path.as_str()) { pages::checkout() } else { home.to_owned() };
    command.current_dir(start).stdin(Stdio::null()).stdout(output);
    let before = env::var("HOME").unwrap_or_default();
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        if env::var_os(name).is_none() {
            command.env(name, Path::new(&before).join(folder));
        }
    }
    let programs = programs::wlc().parent().unwrap().display().to_string();
    let path = format!("{programs}:{}", env::var("PATH").unwrap_or_default());
    command.env("HOME", home).env("PATH", path).env("NO_COLOR", "1").env_remove("GIT_DIR");
    command
}

/// Runs the steps; the answer is what each that ran has printed, and its exit code.
fn run(page: &Page, steps: &[Step]) -> Vec<(String, i32)> {
    let home = tempfile::tempdir().unwrap();
    let (path, output) = (home.path().join(".script"), home.path().join(".output"));
    fs::write(&path, script(steps)).unwrap();
    fs::write(home.path().join(".gitconfig"), "[user]\nname = you\nemail = you@localhost\n").unwrap();
    shell(page, home.path(), &path, fs::File::create(&output).unwrap()).status().unwrap();
    let text = String::from_utf8_lossy(&fs::read(&output).unwrap()).into_owned();
    let mut parts = text.split('\u{1e}');
    let mut printed = parts.next().unwrap_or_default().to_owned();
    let mut results = Vec::new();
    for part in parts {
        let (code, behind) = part.split_once('\n').unwrap();
        results.push((std::mem::replace(&mut printed, behind.to_owned()), code.parse().unwrap()));
    }
    if results.len() < steps.len() {
        results.push((printed, -1));
    }
    results
}

/// What is wrong with a step that ran.
fn judge(step: &Step, printed: &str, code: i32, may_fail: bool) -> Result<(), String> {
    let Step { command, shown, place } = step;
    eprintln!("$ {command}\n{printed}");
    if code != 0 && !may_fail {
        return Err(format!("{place}: `{command}` ended with {code}:\n{printed}"));
    }
    let lines: Vec<&str> = shown.iter().map(String::as_str).collect();
    let lines = lines.strip_suffix(&[""]).unwrap_or(&lines);
    if lines.is_empty() || matches(lines, &printed.lines().collect::<Vec<_>>()) {
        return Ok(());
    }
    Err(format!("{place}: `{command}` prints\n{printed}\nand the page shows\n{}", shown.join("\n")))
}

fn check(page: &Page, with_podman: bool) {
    let blocks = page.blocks().into_iter().filter(|block| block.kind() == "console" && !block.has("machine"));
    let wanted = blocks.filter(|block| with_podman || !block.has("podman"));
    let steps: Vec<Step> = wanted.flat_map(|block| steps(&block)).collect();
    let fleets = if with_podman { fleets(&steps) } else { Vec::new() };
    fleets.iter().for_each(|fleet| podman::remove_fleet(fleet));
    let results = run(page, &steps);
    fleets.iter().for_each(|fleet| podman::remove_fleet(fleet));
    let mut wrong = Vec::new();
    for (number, (step, (printed, code))) in steps.iter().zip(&results).enumerate() {
        wrong.extend(judge(step, printed, *code, may_fail(&steps, number)).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(steps.len(), results.len(), "{}: a command ended the shell", page.path);
}

/// Whether a command is there to show how it fails.
fn may_fail(steps: &[Step], number: usize) -> bool {
    steps.get(number + 1).is_some_and(|next| next.command == "echo $?")
}

fn run_page(path: &str) {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let pages = pages::all();
    let page = pages.iter().find(|page| page.path == path).unwrap();
    let asks_for_podman = page.blocks().iter().any(|block| block.kind() == "console" && block.has("podman"));
    let with_podman =
        asks_for_podman && podman::socket_or_skip(&format!("commands of {path} that need Podman")).is_some();
    check(page, with_podman);
}

/// Pages with commands, each a test of its own below.
const RUN: [&str; 6] = [
    "README.md",
    "book/src/tutorial.md",
    "book/src/gitops.md",
    "book/src/reference/plan-set.md",
    "book/src/reuse.md",
    "book/src/install.md",
];

#[test]
fn the_commands_of_the_readme_run() {
    run_page(RUN[0]);
}

#[test]
fn the_commands_of_the_tutorial_run() {
    run_page(RUN[1]);
}

#[test]
fn the_commands_of_the_page_about_gitops_run() {
    run_page(RUN[2]);
}

#[test]
fn the_commands_of_the_page_about_plan_sets_run() {
    run_page(RUN[3]);
}

#[test]
fn the_commands_of_the_page_about_reuse_run() {
    run_page(RUN[4]);
}

#[test]
fn the_commands_of_the_page_about_installing_run() {
    run_page(RUN[5]);
}

#[test]
fn no_page_has_commands_that_are_not_run() {
    for page in pages::all() {
        let runs = page.blocks().into_iter().filter(|block| block.kind() == "console" && !block.has("machine"));
        assert!(runs.count() == 0 || RUN.contains(&page.path.as_str()), "{} has commands, and no test", page.path);
    }
}

#[test]
fn what_sets_up_a_machine_is_there() {
    for page in pages::all() {
        for block in page.blocks().into_iter().filter(|block| block.has("machine")) {
            let scripts = steps(&block).into_iter().flat_map(|step| {
                let words: Vec<String> = step.command.split_whitespace().map(str::to_owned).collect();
                words.into_iter().filter(|word| word.starts_with("examples/") || word.starts_with("tests/"))
            });
            for script in scripts {
                assert!(pages::checkout().join(&script).is_file(), "{}: there is no `{script}`", block.place);
            }
        }
    }
}
