//! Processes under test.

use anyhow::{Context, Result};
use std::process::Stdio;
use tokio::process::{Child, Command};

/// Starts a command with these arguments besides, whose standard input and output are the connection.
pub(super) fn start(command: &[String], arguments: &[&str]) -> Result<Child> {
    let mut process = prepare(command)?;
    process.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    spawn(process, command)
}

/// Starts a client that connects by itself.
pub(super) fn start_client(command: &[String]) -> Result<Child> {
    let mut process = prepare(command)?;
    process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    spawn(process, command)
}

/// Starts a server, which tells its address on standard output and serves until its standard input ends.
pub(super) fn start_server(command: &[String]) -> Result<Child> {
    let mut process = prepare(command)?;
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(process, command)
}

fn prepare(command: &[String]) -> Result<Command> {
    let (program, arguments) = command.split_first().context("the command is empty")?;
    let mut process = Command::new(program);
    // A Rust program that refuses may collect a backtrace, which takes far longer than a handshake.
    process.args(arguments).env("RUST_BACKTRACE", "0").kill_on_drop(true);
    Ok(process)
}

fn spawn(mut process: Command, command: &[String]) -> Result<Child> {
    process.spawn().with_context(|| format!("cannot start {}", command.join(" ")))
}
