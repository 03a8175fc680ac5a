//! How a command ends badly: one sentence, and an exit code.

use std::process::ExitCode;

use profile_store::{AdminError, ExportError, Fault};

/// Why a command did not do what it was asked. The text says what happened and what to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit 1.
    Failed(String),
    /// The command, a setting or a file was not usable: exit 2.
    Misuse(String),
}

impl Failure {
    /// For a command that failed while doing `what`.
    pub(crate) fn while_doing<E: std::fmt::Display>(what: &str) -> impl Fn(E) -> Self + '_ {
        move |error| Self::Failed(format!("{what}: {error}"))
    }

    /// Says it on stderr; the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let (code, reason) = match self {
            Self::Failed(reason) => (1, reason),
            Self::Misuse(reason) => (2, reason),
        };
        crate::output::complain(reason);
        ExitCode::from(code)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.to_string())
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Fault(fault) => fault.into(),
            AdminError::BadAddress(_) | AdminError::BadName | AdminError::TooManyBuckets(_) => {
                Self::Misuse(error.to_string())
            }
            refused => Self::Failed(refused.to_string()),
        }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Request { message, .. } => Self::Misuse(message),
            ExportError::Fault(fault) => fault.into(),
        }
    }
}
