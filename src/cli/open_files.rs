//! How many files and sockets the process may have open: each connection is one of them, so the system's limit decides whether
//! `max_connections` can be reached.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process opens beside its clients' connections: listeners, databases and their pools, services, a broker, functions.
const REST: u64 = 256;

/// Raises the limit to the highest that the system lets this process have, and says so when that is too low for `max_connections`.
pub(super) fn raise(max_connections: u32) {
    let limit = getrlimit(Resource::Nofile);
    if is_below(limit.current, limit.maximum)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
    {
        tracing::debug!(%error, "cannot raise the limit of open files");
    }
    let now = getrlimit(Resource::Nofile).current;
    if let Some(fitting) = too_few(now, max_connections) {
        tracing::warn!(
            open_files = now,
            max_connections,
            fitting,
            "the system lets this process open fewer files than `max_connections` of [server] needs; further clients wait: \
             raise the limit (ulimit -n, LimitNOFILE= of systemd) or lower `max_connections`"
        );
    }
}

/// `None` is no limit.
fn is_below(current: Option<u64>, maximum: Option<u64>) -> bool {
    match (current, maximum) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(current), Some(maximum)) => current < maximum,
    }
}

/// How many connections fit, if those are fewer than wanted.
fn too_few(open_files: Option<u64>, max_connections: u32) -> Option<u64> {
    let fitting = open_files?.saturating_sub(REST);
    (fitting < u64::from(max_connections)).then_some(fitting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_when_the_rest_does_too() {
        for (open_files, max_connections, expected) in [
            (None, 1_000_000, None),
            (Some(10_256), 10_000, None),
            (Some(10_255), 10_000, Some(9_999)),
            (Some(1_024), 10_000, Some(768)),
            (Some(100), 1, Some(0)),
        ] {
            assert_eq!(too_few(open_files, max_connections), expected, "{open_files:?}");
        }
    }

    #[test]
    fn no_limit_is_above_every_limit() {
        for (current, maximum, expected) in [
            (Some(1), Some(2), true),
            (Some(2), Some(2), false),
            (Some(1), None, true),
            (None, None, false),
            (None, Some(1), false),
        ] {
            assert_eq!(is_below(current, maximum), expected, "{current:?} {maximum:?}");
        }
    }
}
