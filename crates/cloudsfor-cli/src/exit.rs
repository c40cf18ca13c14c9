//! Exit codes: what a script can tell from them, decided in one place.

use std::fmt::Write as _;
use std::process::{ExitCode, ExitStatus};

use cloudsfor_core::ErrorKind;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Error,
    Usage,
    NotFound,
    Auth,
    Conflict,
    Limited,
    Unavailable,
    StillRunning,
    Partial,
    /// Nothing had to be done, and the user asked to be told.
    Unchanged,
    Interrupted,
    /// As the program ended that was run: `vm ssh`.
    Child(u8),
}

impl Exit {
    const MEANINGS: [(Self, &str); 12] = [
        (Self::Done, "done"),
        (Self::Error, "error"),
        (Self::Usage, "usage, or a request that breaks rules"),
        (Self::NotFound, "not found"),
        (Self::Auth, "wrong credentials, or not allowed"),
        (Self::Conflict, "conflict, ambiguous, locked or protected"),
        (Self::Limited, "rate limit, quota or capacity"),
        (Self::Unavailable, "network or server"),
        (
            Self::StillRunning,
            "still running when the waiting time was up",
        ),
        (Self::Partial, "done for some, failed for others"),
        (
            Self::Unchanged,
            "nothing had to be done (with --detailed-exit-code only)",
        ),
        (Self::Interrupted, "interrupted"),
    ];

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Auth => 4,
            Self::Conflict => 5,
            Self::Limited => 6,
            Self::Unavailable => 7,
            Self::StillRunning => 8,
            Self::Partial => 9,
            Self::Unchanged => 10,
            Self::Interrupted => 130,
            Self::Child(code) => code,
        }
    }

    /// As a program ended; one that a signal ended counts as failed.
    pub(crate) fn of_child(status: ExitStatus) -> Self {
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        code.map_or(Self::Error, Self::Child)
    }

    /// The exit code of an error of the SDK.
    pub(crate) fn of(kind: &ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid { .. } | ErrorKind::Configuration => Self::Usage,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Unauthorized | ErrorKind::Forbidden => Self::Auth,
            ErrorKind::Conflict
            | ErrorKind::Locked
            | ErrorKind::State
            | ErrorKind::Protected
            | ErrorKind::KeyReused
            | ErrorKind::SeveralMatch { .. }
            | ErrorKind::Ambiguous { .. } => Self::Conflict,
            ErrorKind::Quota | ErrorKind::Capacity | ErrorKind::RateLimited { .. } => Self::Limited,
            ErrorKind::Server { .. }
            | ErrorKind::Transport(_)
            | ErrorKind::Unexpected
            | ErrorKind::Decode { .. }
            | ErrorKind::Deadline => Self::Unavailable,
            // `Unsupported`, and kinds that later versions of the SDK add.
            _ => Self::Error,
        }
    }

    /// The exit code of a command for several things, of which some failed.
    pub(crate) fn of_several(ends: &[Result<(), Self>]) -> Self {
        let mut failures = ends.iter().filter_map(|end| end.err());
        match failures.next() {
            None => Self::Done,
            Some(first) if failures.count() + 1 == ends.len() => first,
            Some(_) => Self::Partial,
        }
    }

    /// The table of codes, for `help exit-codes`.
    pub(crate) fn help() -> String {
        let mut help = String::from("Exit codes:\n");
        for (exit, meaning) in Self::MEANINGS {
            let _ = writeln!(help, "  {:>3}  {meaning}", exit.code());
        }
        help
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use cloudsfor_core::{IdempotencyKey, TransportErrorKind};

    use super::*;

    #[test]
    fn every_kind_of_error_has_its_exit_code() {
        let transport = ErrorKind::Transport;
        for (kind, code) in [
            (ErrorKind::Unauthorized, 4),
            (ErrorKind::Forbidden, 4),
            (ErrorKind::NotFound, 3),
            (ErrorKind::Invalid { fields: Vec::new() }, 2),
            (ErrorKind::Conflict, 5),
            (ErrorKind::Locked, 5),
            (ErrorKind::State, 5),
            (ErrorKind::Protected, 5),
            (ErrorKind::Quota, 6),
            (ErrorKind::Capacity, 6),
            (ErrorKind::KeyReused, 5),
            (ErrorKind::RateLimited { retry_after: None }, 6),
            (ErrorKind::Server { retry_after: None }, 7),
            (ErrorKind::Unexpected, 7),
            (transport(TransportErrorKind::Connect), 7),
            (transport(TransportErrorKind::Tls), 7),
            (transport(TransportErrorKind::Timeout), 7),
            (transport(TransportErrorKind::Cut), 7),
            (transport(TransportErrorKind::Protocol), 7),
            (transport(TransportErrorKind::TooLarge), 7),
            (
                ErrorKind::Decode {
                    location: String::new(),
                },
                7,
            ),
            (ErrorKind::Deadline, 7),
            (
                ErrorKind::SeveralMatch {
                    candidates: Vec::new(),
                },
                5,
            ),
            (
                ErrorKind::Ambiguous {
                    key: IdempotencyKey::random(),
                    candidates: Vec::new(),
                },
                5,
            ),
            (ErrorKind::Configuration, 2),
            (ErrorKind::Unsupported, 1),
        ] {
            assert_eq!(Exit::of(&kind).code(), code, "{kind:?}");
        }
    }

    #[test]
    fn several_end_as_all_of_them_did_or_partly_done() {
        let (done, failed) = (Ok(()), Err(Exit::NotFound));
        for (ends, exit) in [
            (&[][..], Exit::Done),
            (&[done, done], Exit::Done),
            (&[done, failed], Exit::Partial),
            (&[failed, Err(Exit::Auth)], Exit::NotFound),
        ] {
            assert_eq!(Exit::of_several(ends), exit);
        }
    }

    #[test]
    fn the_help_names_every_code_once() {
        let help = Exit::help();
        for (exit, meaning) in Exit::MEANINGS {
            let line = format!("{:>3}  {meaning}\n", exit.code());
            assert_eq!(help.matches(&line).count(), 1, "{exit:?}");
        }
    }
}
