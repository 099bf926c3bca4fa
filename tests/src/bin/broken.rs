//! A program that stands where the agent should, for tests of upgrades: its check finds no action, and then it does not do
//! what it should. `WLC_BROKEN` says how: `exits`, `hangs`, or `dies` right after it was ready; `check-hangs`,
//! `check-exits` and `check-acts` are those that its check already tells of.
#![allow(clippy::print_stdout, reason = "it answers as the agent does")]

use std::{env, os::unix::net::UnixDatagram, process::ExitCode, thread, time::Duration};

fn main() -> ExitCode {
    let how = env::var("WLC_BROKEN").unwrap_or_default();
    let is_check = env::args().nth(1).is_some_and(|word| word == "check-upgrade");
    match (is_check, how.as_str()) {
        (true, "check-hangs") | (false, "hangs") => hang(),
        (true, "check-acts") => {
            println!("would act: version 9.9.9, with no plan set in force: 1 actions, 0 differences");
            ExitCode::from(2)
        }
        (true, "check-exits") => ExitCode::SUCCESS,
        (true, _) => {
            println!("no action: version 9.9.9 keeps 0 pods as they are, with no plan set in force");
            ExitCode::SUCCESS
        }
        (false, "dies") => {
            let socket = env::var("NOTIFY_SOCKET").expect("it runs as a service");
            let own = UnixDatagram::unbound().expect("a socket can be made");
            own.send_to(b"READY=1", socket).expect("the service manager listens");
            thread::sleep(Duration::from_millis(300));
            ExitCode::FAILURE
        }
        (false, _) => ExitCode::FAILURE,
    }
}

fn hang() -> ! {
    loop {
        thread::sleep(Duration::from_secs(3_600));
    }
}
