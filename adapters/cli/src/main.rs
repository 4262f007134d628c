//! The `multiserver` program.
//!
//! Each subcommand is a module of `commands`; the other modules hold what several of them use. The exit statuses are
//! those of [`report::exit::Class`].
#![forbid(unsafe_code)]

#[macro_use]
mod examples;

mod command_line;
mod commands;
mod files;
mod options;
mod process;
mod report;
mod seeds;
mod streams;

use command_line::{Command, CommandLine};
use commands::{address, bench, bridge, completions, connect, forward, invite, join, keygen, man, ping, serve};
use report::exit::Failure;
use report::log;
use std::process::ExitCode;

/// Gives memory back to the system some seconds after connections are gone; glibc's allocator keeps what is below anything
/// that is still in use.
#[cfg(all(target_os = "linux", feature = "jemalloc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let command_line = CommandLine::read();
    match command_line.and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(CommandLine { command, verbosity }: CommandLine) -> Result<(), Failure> {
    log::start(&verbosity);
    match command {
        Command::Serve(options) => serve::run(*options),
        Command::Connect(options) => connect::run(&options),
        Command::Forward(options) => forward::run(&options),
        Command::Bridge(options) => bridge::run(&options),
        Command::Invite(options) => invite::run(&options),
        Command::Join(options) => join::run(&options),
        Command::Ping(options) => ping::run(&options),
        Command::Address(options) => address::run(&options),
        Command::Keygen(options) => keygen::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::BenchServer(options) => bench::serve(&options),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(&options),
    }
}
