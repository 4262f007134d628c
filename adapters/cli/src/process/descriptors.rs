//! The limit of files and sockets that the program may have open.

/// The descriptors that the program needs in addition to its peers': standard streams, files that it reads, those of
/// the runtime.
#[cfg(unix)]
const RESERVE: u64 = 64;

/// Raises the limit of open files to the highest that the system allows the program (`RLIMIT_NOFILE`, `getrlimit(2)`),
/// and warns when that is too low for this many sockets, since then some peers would not be accepted.
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

/// This platform has no such limit.
#[cfg(not(unix))]
pub(crate) const fn allow_for(_: usize) {}
