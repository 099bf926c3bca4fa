//! `wlagent restart`, `retry`, `trigger`, `hold` and `release`: words to the running agent.

use clap::Args;

use super::{Exit, output};
use crate::{podman::raw::encoded, settings::Settings, status::client, words::Beside};

/// What is meant.
#[derive(Debug, Args)]
pub(super) struct Names {
    /// Workloads or replicas.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// What is held, and why.
#[derive(Debug, Args)]
pub(super) struct Hold {
    #[command(flatten)]
    what: Names,
    /// Why, for those who read the status.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What runs, and what it is given.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// A job or cron job.
    #[arg(value_name = "NAME")]
    name: String,
    /// What the run is given, of the parameters that its file declares.
    #[arg(value_name = "PARAMETER=VALUE", value_parser = pair)]
    parameters: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a parameter is a name, `=` and a value, as in `DAY=2026-11-26`")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Asks the agent to run a job or cron job now.
pub(super) async fn trigger(settings: &Settings, run: &Run) -> Exit {
    let beside = Beside { by: user(), reason: None, parameters: run.parameters.clone() };
    let what = format!("/trigger/{}", encoded(&run.name));
    match client::say(&settings.listen, &what, &beside).await {
        Ok(()) => Exit::Fine,
        Err(error) => output::fail(&format!("`{}` does not run: {error}", run.name)),
    }
}

/// Asks the agent to make the pods of these workloads or replicas anew.
pub(super) async fn restart(settings: &Settings, what: &Names) -> Exit {
    say(settings, what, ("restart", "restarted"), None).await
}

/// Asks the agent to try again at once what failed.
pub(super) async fn retry(settings: &Settings, what: &Names) -> Exit {
    say(settings, what, ("retry", "tried again"), None).await
}

/// Asks the agent to leave these alone.
pub(super) async fn hold(settings: &Settings, hold: &Hold) -> Exit {
    say(settings, &hold.what, ("hold", "held"), hold.reason.clone()).await
}

/// Asks the agent to go on with what is held.
pub(super) async fn release(settings: &Settings, what: &Names) -> Exit {
    say(settings, what, ("release", "released"), None).await
}

async fn say(settings: &Settings, what: &Names, word: (&str, &str), reason: Option<String>) -> Exit {
    let beside = Beside { by: user(), reason, parameters: Vec::new() };
    let mut exit = Exit::Fine;
    for name in &what.names {
        if let Err(error) = client::say(&settings.listen, &format!("/{}/{}", word.0, encoded(name)), &beside).await {
            exit = output::fail(&format!("`{name}` is not {}: {error}", word.1));
        }
    }
    exit
}

/// Who speaks, as the shell knows them. The socket tells the agent the number of the user.
fn user() -> Option<String> {
    let names = ["SUDO_USER", "USER", "LOGNAME"].into_iter().filter_map(std::env::var_os);
    names.filter_map(|name| name.into_string().ok()).find(|name| !name.is_empty())
}
