//! How many files this process may open, and how many of them are for connections.
//!
//! Most systems give a service a soft limit of 1,024 and a hard one that is far above:
//! the process may raise the one to the other itself (setrlimit(2)).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are kept for the store (its readers, the log), name service, children,
/// certificates and backups.
const RESERVE: u64 = 320;

/// Raises the limit of open files as far as this process may.
pub(crate) fn raise_limit() {
    let limits = getrlimit(Resource::Nofile);
    if limits.current == limits.maximum {
        return;
    }
    let raised = Rlimit {
        current: limits.maximum,
        maximum: limits.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "can't raise the limit of open files");
    }
}

/// How many connections there may be, so that the rest of the service has files too.
pub(super) fn for_connections() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    of_limit(limit)
}

fn of_limit(limit: Option<u64>) -> usize {
    let Some(limit) = limit else {
        return usize::MAX;
    };
    // With a low limit, half of it is better than nothing.
    let left = limit.saturating_sub(RESERVE).max(limit / 2).max(1);
    usize::try_from(left).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        assert_eq!(of_limit(None), usize::MAX);
        assert_eq!(of_limit(Some(1024)), 1024 - RESERVE as usize);
        assert_eq!(of_limit(Some(256)), 128);
        assert_eq!(of_limit(Some(0)), 1);
    }
}
