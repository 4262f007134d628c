//! The `multiserver` program.
//!
//! One module a subcommand; what several of them need stands in modules of its own. The exit statuses are
//! those of [`exit::Class`].
#![forbid(unsafe_code)]

#[macro_use]
mod examples;

mod activation;
mod address;
mod bench;
mod bridge;
mod command_line;
mod completions;
mod config;
mod connect;
mod dial;
mod durable;
mod duration;
mod exit;
mod failure_words;
mod forward;
mod identity;
mod invite;
mod invite_file;
mod join;
mod keygen;
mod limits;
mod listening;
mod log;
mod man;
mod mask;
mod options;
mod origin;
mod ping;
mod pipe;
mod place;
mod progress;
mod runtime;

mod seeds;
mod serve;
mod serving;
mod table;
mod terminal;
mod text_file;

use command_line::{Command, CommandLine};
use exit::Failure;
use std::process::ExitCode;

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
