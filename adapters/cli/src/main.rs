//! The `multiserver` program.
//!
//! One module a subcommand; what several of them need stands in modules of its own. The exit status is 0 when all
//! went well, 1 when it did not, and 2 when the command line, or what it names, is wrong.
#![forbid(unsafe_code)]

mod address;
mod command_line;
mod connect;
mod dial;
mod exit;
mod failure_words;
mod forward;
mod identity;
mod keygen;
mod log;
mod mask;
mod ping;
mod pipe;
mod place;
mod runtime;
mod serve;
mod text_file;

use command_line::{Command, CommandLine};
use exit::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command_line = CommandLine::read();
    log::start(command_line.verbose);
    match run(command_line.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Keygen(options) => keygen::run(&options),
        Command::Serve(options) => serve::run(*options),
        Command::Connect(options) => connect::run(&options),
        Command::Forward(options) => forward::run(&options),
        Command::Ping(options) => ping::run(&options),
        Command::Address(options) => address::run(&options),
    }
}
