//! `wlc build`: writes the plan set, and signs it where a key is given.
#![expect(clippy::disallowed_methods, reason = "edge: the clock and the key file")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use wlc_plan::{
    digest::Digest,
    head::{Commit, Generation},
    signature::SecretKey,
    time::Timestamp,
};

use super::{Done, FINE, Failure, PROBLEMS, Place, REFUSED, ReportFormat, diff, git, output, project::Project};
use crate::{
    diagnostics::json,
    diff::{Difference, text},
    lock::{
        Lock,
        store::{self, Reading},
    },
    lower::Lowered,
    publish::{self, Anyway, ExpectedHead, Outcome, PublishOptions, Published, Reason, Standing},
    words,
};

/// Writes the plan set.
#[derive(Debug, clap::Args)]
pub(super) struct Build {
    /// The folder of the plan set: `plans`, or `plans-OVERLAY` with an overlay.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The key that signs; without it, the set waits for `wlc sign`.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Fails where the lock would change, and never writes it.
    #[arg(long)]
    locked: bool,
    /// Fails unless this is the last generation there: another build was first. 0 for none.
    #[arg(long, value_name = "N")]
    expect_head: Option<u64>,
    /// Numbers on from here, where the folder of the plan set was lost.
    #[arg(long, value_name = "N")]
    generation_after: Option<u64>,
    /// Goes on although the last head does not verify, or is of a commit that is no ancestor of this one.
    #[arg(long)]
    anyway: bool,
    /// Fails unless the plan set has this digest, as `wlc diff` prints it; then nothing is written.
    #[arg(long, value_name = "DIGEST", value_parser = Digest::parse)]
    expect: Option<Digest>,
    /// How diagnostics and the result are printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

/// What a build says to programs.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    diagnostics: Vec<json::One<'a>>,
    locked: Vec<String>,
    published: Option<PublishedRow>,
    difference: Option<&'a Difference>,
    refused: Option<String>,
}

#[derive(Serialize)]
struct PublishedRow {
    generation: u64,
    outcome: &'static str,
    written: usize,
    removed: usize,
    standing: StandingRow,
    warnings: Vec<String>,
}

/// Whether nodes see a set, for programs.
#[derive(Serialize)]
pub(super) struct StandingRow {
    published: bool,
    have: Option<u32>,
    need: Option<u32>,
}

impl StandingRow {
    pub(super) fn of(standing: Standing) -> Self {
        match standing {
            Standing::Published => Self { published: true, have: None, need: None },
            Standing::Waiting { have, need } => Self { published: false, have: Some(have), need: Some(need) },
        }
    }
}

/// What a build did, as far as it came.
#[derive(Default)]
struct Built {
    locked: Vec<String>,
    published: Option<Published>,
    /// What the set changes; none where what was there cannot be read.
    difference: Option<Difference>,
}

impl Build {
    pub(super) fn run(&self, place: &Place) -> Done {
        let mut project = Project::open(place, if self.locked { Reading::Strict } else { Reading::Healing })?;
        project.refuse_what_is_not_carried_out();
        if self.locked {
            project.require_settled_lock();
        }
        if self.format != ReportFormat::Json {
            project.report(self.format)?;
        }
        let is_fine = project.compiled.problems.errors() == 0;
        let Some(lowered) = project.compiled.lowered.as_ref().filter(|_| is_fine) else {
            self.tell(&project, &Built::default(), None)?;
            return Ok(PROBLEMS);
        };
        let mut built = Built::default();
        match self.build(&project, lowered, &mut built) {
            Ok(()) => self.tell(&project, &built, None)?,
            Err(failure) if self.format == ReportFormat::Json => {
                self.tell(&project, &built, Some(failure.message))?;
                return Ok(failure.code);
            }
            Err(failure) => return Err(failure),
        }
        Ok(FINE)
    }

    fn build(&self, project: &Project, lowered: &Lowered, built: &mut Built) -> Result<(), Failure> {
        let files = lowered.content.files().map_err(Failure::problem)?;
        self.check_expected(files.index.sha256)?;
        // Where nothing was published, all of it is new to the nodes, whatever the lock has.
        built.difference =
            diff::against(project, lowered, &files, &project.plans(self.out.as_deref()), &Lock::default()).ok();
        built.locked = settle_lock(project, lowered)?;
        let published = self.publish(project, lowered)?;
        for warning in &published.warnings {
            output::note(&format!("warning: {warning}"));
        }
        output::note(&describe(&published));
        if let (Outcome::Written(_), Some(difference)) = (published.outcome, &built.difference) {
            text::brief(difference).iter().for_each(|line| output::note(line));
        }
        built.published = Some(published);
        Ok(())
    }

    /// What is built must be what was reviewed.
    fn check_expected(&self, digest: Digest) -> Result<(), Failure> {
        let Some(expected) = self.expect.filter(|expected| *expected != digest) else { return Ok(()) };
        let message = format!(
            "unexpected content: the plan set has the digest {digest}, and `--expect` names {expected}. The files, the \
             lock or `wlc` are not those that were reviewed; `wlc diff` shows what this build would change"
        );
        Err(Failure::new(REFUSED, message))
    }

    /// Tells programs what was done.
    fn tell(&self, project: &Project, built: &Built, refused: Option<String>) -> Result<(), Failure> {
        if self.format != ReportFormat::Json {
            return Ok(());
        }
        let sorted = project.compiled.problems.sorted();
        output::document(&Document {
            version: 1,
            diagnostics: json::list(&project.compiled.sources, &sorted),
            locked: built.locked.clone(),
            published: built.published.as_ref().map(published_row),
            difference: built.difference.as_ref(),
            refused,
        })
    }

    fn publish(&self, project: &Project, lowered: &Lowered) -> Result<Published, Failure> {
        let signers = project.signers()?;
        let out = project.plans(self.out.as_deref());
        let key = self.key.as_deref().map(read_key).transpose()?;
        let root = project.root.clone();
        let is_ancestor = |earlier: &Commit| git::is_ancestor(&root, earlier);
        let generation = |number: u64| Generation::new(number);
        let options = PublishOptions {
            out: &out,
            key: key.as_ref(),
            signers: &signers,
            valid_for: project.fleet()?.valid_for.as_ref().map(|time| time.value),
            now: now(),
            commit: git::commit(&project.root),
            expect_head: match self.expect_head {
                None => ExpectedHead::Any,
                Some(number) => generation(number).map_or(ExpectedHead::None, ExpectedHead::Generation),
            },
            generation_after: self.generation_after.and_then(generation),
            anyway: if self.anyway { Anyway::Yes } else { Anyway::No },
            is_ancestor: &is_ancestor,
        };
        publish::publish(&lowered.content, &options).map_err(|error| Failure::from(&error))
    }
}

/// Writes the lock where it differs. The answer: of which workloads.
fn settle_lock(project: &Project, lowered: &Lowered) -> Result<Vec<String>, Failure> {
    let changed = project.changed(&lowered.lock);
    if !changed.is_empty() {
        store::write(&project.lock_folder()?, &lowered.lock).map_err(Failure::problem)?;
        output::note(&format!("locked: {}", changed.join(", ")));
        project.ended_rollbacks(&lowered.lock).iter().for_each(|line| output::note(line));
    }
    Ok(changed)
}

fn published_row(published: &Published) -> PublishedRow {
    let Published { generation, outcome, standing, written, removed, warnings } = published;
    PublishedRow {
        generation: generation.number(),
        outcome: match outcome {
            Outcome::Written(Reason::First) => "first",
            Outcome::Written(Reason::Content) => "content",
            Outcome::Written(Reason::Signers) => "signers",
            Outcome::Written(Reason::Freshness) => "freshness",
            Outcome::SignedLast => "signed",
            Outcome::Unchanged => "unchanged",
        },
        written: *written,
        removed: *removed,
        standing: StandingRow::of(*standing),
        warnings: warnings.iter().map(ToString::to_string).collect(),
    }
}

/// The key in a file.
pub(super) fn read_key(path: &Path) -> Result<SecretKey, Failure> {
    let place = |error: &dyn std::fmt::Display| Failure::new(REFUSED, format!("key `{}`: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| place(&error))?;
    SecretKey::parse(&text).map_err(|error| place(&error))
}

/// The time of this machine.
pub(super) fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_seconds(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX))
}

fn describe(published: &Published) -> String {
    let Published { generation, outcome, standing, written, removed, warnings: _ } = published;
    let what = match outcome {
        Outcome::Written(Reason::First) => {
            format!("generation {generation} is the first, {}", words::counted(*written, "file"))
        }
        Outcome::Written(Reason::Content) => {
            format!("generation {generation} has new content, {}", words::counted(*written, "file"))
        }
        Outcome::Written(Reason::Signers) => format!("generation {generation} is for the changed signers"),
        Outcome::Written(Reason::Freshness) => format!("generation {generation} is for another term of validity"),
        Outcome::SignedLast => format!("generation {generation} was there and is signed now"),
        Outcome::Unchanged => format!("generation {generation} has this content already, nothing was written"),
    };
    let removed = if *removed == 0 {
        String::new()
    } else {
        format!("; {} of older sets removed", words::counted(*removed, "file"))
    };
    format!("{what}; {}{removed}", standing_text(*standing))
}

/// Whether nodes see the set.
pub(super) fn standing_text(standing: Standing) -> String {
    match standing {
        Standing::Published => "published".to_owned(),
        Standing::Waiting { have, need } => format!("waits for signatures: {have} of {need}"),
    }
}
