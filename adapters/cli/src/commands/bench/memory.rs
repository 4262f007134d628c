//! How much memory a process has.

use crate::report::exit::Failure;
use std::fs;

/// How many bytes of memory the process has in the machine's, `VmRSS` of `/proc/PID/status` (proc_pid_status(5)).
///
/// # Errors
/// The process is gone, or the system has no such file.
pub(super) fn resident(process: u32) -> Result<u64, Failure> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).map_err(|error| {
        Failure::failed(format_args!("only Linux tells how much memory a process has: {path}: {error}"))
    })?;
    kibibytes(&status)
        .map(|kibibytes| kibibytes.saturating_mul(1024))
        .ok_or_else(|| Failure::failed(format_args!("{path} does not tell how much memory the process has")))
}

fn kibibytes(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    value.trim().strip_suffix("kB")?.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_stands_in_a_line_of_its_own() {
        assert_eq!(kibibytes("VmHWM:\t    4096 kB\nVmRSS:\t    2048 kB\nRssAnon:\t 1 kB\n"), Some(2048));
        assert_eq!(kibibytes("VmHWM:\t    4096 kB\n"), None);
    }
}
