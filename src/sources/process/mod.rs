//! `credential_process`: a command that writes credentials to its standard output.
//!
//! As in the Java SDKs it runs in a shell (`sh -c`, `cmd.exe /C`) and inherits this process's environment and working
//! directory. It has [`PATIENCE`] and may write 64 KiB; then, and when nobody wants its answer any more, it is killed
//! with its process group: all that it started, unless that has left the group on purpose. Its standard input is empty,
//! so that nothing in it can wait for a person.

mod document;
#[cfg(any(test, not(unix)))]
mod portable;
mod run;
#[cfg(unix)]
mod unix;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use self::run::{Failure, Lifeline, Output};
use super::context::Context;
use super::fields::is_account_id;
use super::plan::ProcessPlan;
use super::redacted::redacted_end;
use super::{Answer, Fetch, Source, Traits};
use crate::aws_clock::clock::Clock;
use crate::blocking::{Kind, blocking};
use crate::credentials::Identity;
use crate::error::{FetchError, FetchErrorKind};

/// For those that feed it with anything.
#[doc(hidden)]
pub use self::document::parse as parse_output;

/// How the field calls this source.
pub const NAME: &str = "process credentials";

/// How long one run may take, its turn included.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// So much of what the command wrote to its standard error is told.
const STDERR_SHOWN: usize = 1024;

const TRAITS: Traits = Traits { link_local: false, mints: true };

pub struct Process {
    plan: ProcessPlan,
    clock: Arc<dyn Clock>,
    patience: Duration,
}

impl Source for Process {
    fn describe(&self) -> String {
        format!("{NAME} of {}", self.plan.place)
    }

    fn traits(&self) -> Traits {
        TRAITS
    }

    /// A little more, so that the error is the one that says what hung.
    fn patience(&self) -> Option<Duration> {
        Some(self.patience + Duration::from_secs(1))
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(self.ask())
    }
}

impl Process {
    pub fn new(plan: ProcessPlan, context: &Context) -> Self {
        Process { plan, clock: Arc::clone(&context.clock), patience: PATIENCE }
    }

    async fn ask(&self) -> Result<Answer, FetchError> {
        let (lifeline, watch) = Lifeline::new()
            .map_err(|error| self.failed(FetchErrorKind::Transient, format!("no pipe can be made: {error}")))?;
        let (command, depth) = (self.plan.command.clone(), self.plan.depth);
        let outcome =
            blocking(Kind::Process, self.patience, &self.what(), move || run::run(&command, depth, watch)).await;
        // Whatever still runs, its answer would come too late.
        drop(lifeline);
        let output = outcome
            .map_err(|error| error.with_fix("find out what the command waits for: run it by hand, with no input."))?
            .map_err(|failure| self.not_run(&failure))?;
        self.answer(&output)
    }

    fn answer(&self, output: &Output) -> Result<Answer, FetchError> {
        if !output.status.success() {
            return Err(self.ended_badly(output));
        }
        let mut credentials = document::parse(&output.stdout).map_err(|flaw| {
            let text = format!("what it wrote is of no use: {}{}", flaw.problem, said(output));
            let error = self.failed(flaw.kind, text);
            error.with_fix(
                flaw.fix.unwrap_or("run the command by hand and look at what it writes to its standard output."),
            )
        })?;
        if credentials.account_id.is_none() {
            credentials.account_id = self.plan.account_id.clone().filter(|id| is_account_id(id));
        }
        let now = self.clock.read().wall;
        let left = credentials.expiration.map(|expiration| expiration.signed_duration_since(now));
        Ok(Answer {
            // The command does not say whose credentials it gives; that it is the same command has to do.
            identity: Identity { name: self.what(), account_id: credentials.account_id.clone() },
            credentials,
            source: NAME,
            traits: TRAITS,
            nominal_life: left.and_then(|left| left.to_std().ok()).filter(|left| !left.is_zero()),
            date: None,
        })
    }

    fn what(&self) -> String {
        format!("credential_process of {}", self.plan.place)
    }

    /// The command itself is not shown: it may hold a secret.
    fn failed(&self, kind: FetchErrorKind, text: impl Display) -> FetchError {
        FetchError::new(kind, format!("{}: {text}", self.what()))
    }

    fn not_run(&self, failure: &Failure) -> FetchError {
        let by_hand = "run the command by hand, with no input, and look at what it writes.";
        match failure {
            Failure::CannotStart(error) => self
                .failed(FetchErrorKind::Transient, format!("the shell cannot be started: {error}"))
                .with_fix("check that there is a shell in the PATH, and that the limit of processes is not reached."),
            Failure::TooMuch => self
                .failed(FetchErrorKind::NonRecoverable, format!("it wrote more than {} bytes", run::OUTPUT_LIMIT))
                .with_fix(by_hand),
            Failure::Unwanted => self.failed(FetchErrorKind::Transient, "it was stopped"),
            Failure::Broken(error) => {
                self.failed(FetchErrorKind::Transient, format!("its output cannot be read: {error}")).with_fix(by_hand)
            }
        }
    }

    fn ended_badly(&self, output: &Output) -> FetchError {
        let text = format!("the command failed ({}){}", output.status, said(output));
        match output.status.code() {
            // The shell's own words for "not found" and "not executable".
            Some(126 | 127) => self
                .failed(FetchErrorKind::NonRecoverable, text)
                .with_fix("check that the program of the command exists for this process and may be run by it."),
            _ => self
                .failed(FetchErrorKind::Transient, text)
                .with_fix("run the command by hand; it may want a login to be renewed."),
        }
    }
}

/// What it wrote to its standard error.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr.bytes);
    if text.trim().is_empty() {
        return String::new();
    }
    format!("; on its standard error: {}", redacted_end(&text, output.stderr.cut, STDERR_SHOWN))
}

// They look at processes through /proc.
#[cfg(all(test, target_os = "linux"))]
#[path = "tests.rs"]
mod tests;
