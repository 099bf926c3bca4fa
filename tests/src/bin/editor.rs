//! `wlc lsp` in a real editor: Neovim opens a copy of `examples/overlays` with the settings that the book gives, and a script
//! types, asks and looks at what the editor shows.
#![allow(clippy::unwrap_used, reason = "a test ends where its own tools fail")]
#![allow(clippy::print_stdout, reason = "it prints what it saw")]

use std::{fs, process::Command, process::ExitCode};

use wlc_tests::{folder, programs, running};

/// How many things the script looks at.
const CHECKS: usize = 11;

fn main() -> ExitCode {
    let workspace = running::workspace();
    let place = tempfile::tempdir().unwrap();
    let example = place.path().join("example");
    fs::create_dir(&example).unwrap();
    folder::copy(&workspace.join("examples/overlays"), &example);
    let page = fs::read_to_string(workspace.join("book/src/editor.md")).unwrap();
    let settings = page.split("```lua\n").nth(1).and_then(|rest| rest.split("```").next());
    fs::write(place.path().join("init.lua"), settings.expect("the book has settings for Neovim")).unwrap();
    let wlc = programs::wlc();
    let folders = format!("{}:{}", wlc.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let script = format!("luafile {}", workspace.join("tests/editor/neovim.lua").display());
    let mut neovim = Command::new("timeout");
    neovim.args(["300", "nvim", "--headless", "-u"]).arg(place.path().join("init.lua")).args(["-c", &script]);
    let ran = running::run(neovim.current_dir(&example).env("HOME", place.path()).env("PATH", folders));
    print!("{}", ran.stdout);
    let count = |word: &str| ran.stdout.lines().filter(|line| line.starts_with(word)).count();
    let (passed, failed) = (count("passed"), count("FAILED"));
    if passed + failed != CHECKS {
        println!("the script ended early:\n{}", ran.stderr);
    }
    println!("{passed} passed, {} failed, 0 skipped", CHECKS - passed.min(CHECKS));
    ExitCode::from(u8::from(ran.code != Some(0) || passed != CHECKS))
}
