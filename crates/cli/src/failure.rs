//! How a command ends when it does not succeed: one exit code, one `error:` line, one `hint:` line.

use std::fmt::Display;
use std::process::ExitCode;

/// The exit codes other programs rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It was tried and did not work.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Something must be put right first.
    Precondition = 3,
    /// Something that is needed does not answer.
    Unavailable = 4,
    /// A comparison found a difference.
    Mismatch = 5,
    /// Somebody pressed ctrl-c.
    Interrupted = 130,
}

/// The reason a command ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
    hint: Option<String>,
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, error: anyhow::anyhow!("{message}"), hint: None }
    }

    /// Puts what was being done before what went wrong.
    pub(crate) fn context(mut self, doing: impl Display) -> Self {
        self.error = self.error.context(doing.to_string());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Ends the command with another exit code.
    pub(crate) fn or_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    pub(crate) fn into_hint(self) -> Option<String> {
        self.hint
    }

    /// Prints itself, once, to standard error.
    pub(crate) fn report(&self) -> ExitCode {
        if self.is_broken_pipe() {
            return ExitCode::SUCCESS;
        }
        use std::io::Write;
        let mut stderr = std::io::stderr().lock();
        // nobody is left to tell when standard error itself is closed
        let _ = writeln!(stderr, "error: {self}");
        if let Some(hint) = &self.hint {
            let _ = writeln!(stderr, "hint: {hint}");
        }
        ExitCode::from(self.exit as u8)
    }

    /// The reader of our output has seen enough (`| head`): that is no failure of ours.
    fn is_broken_pipe(&self) -> bool {
        let broken = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
        self.exit == Exit::Failed && self.error.downcast_ref().is_some_and(broken)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // some foreign errors repeat their source: what was said already is not said again
        let join = |text: String, cause: String| if text.ends_with(&cause) { text } else { format!("{text}: {cause}") };
        let chain = self.error.chain().map(ToString::to_string).reduce(join).unwrap_or_default();
        f.write_str(chain.trim_end())
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { exit: Exit::Failed, error: error.into(), hint: None }
    }
}

/// Says with which exit code an error ends the command.
pub(crate) trait OrExit<T> {
    fn or_exit(self, exit: Exit) -> Outcome<T>;
}

impl<T, E: Into<Failure>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Outcome<T> {
        self.map_err(|e| e.into().or_exit(exit))
    }
}
