//! How many files and sockets the program may have open at the same time.

/// Descriptors that the program needs beside its peers': standard streams, files that it reads, the runtime's own.
#[cfg(unix)]
const RESERVE: u64 = 64;

/// Raises the limit of open files to the highest that the system allows the program (`RLIMIT_NOFILE`, `getrlimit(2)`), and
/// warns when that is too low for the sockets of this many peers: then some who should get in would not.
#[cfg(unix)]
pub(crate) fn allow_for(sockets: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::debug!("cannot raise the limit of open files: {error}");
            current
        }
    };
    let needed = u64::try_from(sockets).unwrap_or(u64::MAX).saturating_add(RESERVE);
    if let Some(raised) = raised
        && raised < needed
    {
        tracing::warn!(
            "as many peers as the limits allow would need {needed} open files, and the system allows {raised}: lower \
             --max-peers or --max-pending, or raise the limit with `ulimit -Hn`"
        );
    }
}

/// There is no such limit to raise.
#[cfg(not(unix))]
pub(crate) const fn allow_for(_: usize) {}
