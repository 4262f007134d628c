//! The command line, to which the configuration file adds options.

use crate::commands::{address, bench, bridge, completions, connect, forward, invite, join, keygen, man, ping, serve};
use crate::options::config::ConfigOptions;
use crate::report::exit::Failure;
use crate::report::log::Verbosity;
use crate::report::mask::masked;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::env;
use std::ffi::OsString;

/// Reach a peer, or be reached, by an address that says how to get there and who must be there.
#[derive(Parser)]
#[command(name = "multiserver", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = examples!(
    "serve whoever has the address that is printed":
        "multiserver serve --echo",
    "talk to it":
        "multiserver connect ADDRESS",
    "let who has this key reach the SSH server":
        "multiserver serve --to localhost:22 --allow KEY",
    "reach it by a local port from now on":
        "multiserver forward --listen 127.0.0.1:2222 ADDRESS",
    "let somebody in whose key is not known yet":
        "multiserver invite --invites invites ADDRESS",
    "let browsers reach a TCP server":
        "multiserver bridge --ws '[::]:8009' ADDRESS",
    "see which ways to a peer work, and how fast":
        "multiserver ping ADDRESS",
    "say what an address means":
        "multiserver address ADDRESS";
    "Exit status: 0 all went well, 1 it did not, 2 the command line or what it names is wrong,\n\
    3 nobody could be reached, 4 the peer refused us or speaks something else,\n\
    5 the peer is not who the address says. Of several addresses the highest counts.\n\n\
    The log goes to standard error; RUST_LOG chooses what is in it, unless -v or -q is given."
))]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) verbosity: Verbosity,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Serve(Box<serve::Options>),
    Connect(connect::Options),
    Forward(forward::Options),
    Bridge(Box<bridge::Options>),
    Invite(invite::Options),
    Join(join::Options),
    Ping(ping::Options),
    Address(address::Options),
    Keygen(keygen::Options),
    Bench(bench::Options),
    #[command(hide = true)]
    BenchServer(bench::ServerOptions),
    Completions(completions::Options),
    Man(man::Options),
}

impl CommandLine {
    /// Reads the program's arguments. If they are wrong or ask for help, the program ends here.
    ///
    /// `serve` also takes options from the configuration file: if there are any, the arguments are parsed again with
    /// these added.
    ///
    /// # Errors
    /// The configuration file is wrong.
    pub(crate) fn read() -> Result<Self, Failure> {
        let mut arguments: Vec<_> = env::args_os().collect();
        let mut command = Self::command();
        command.build();
        let mut read = command.clone().try_get_matches_from(&arguments);
        let configured = match &read {
            Ok(given) => configured(&command, given)?,
            // A missing argument may be in the configuration file; other errors are reported when all arguments are
            // read.
            Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => {
                let given = command.clone().ignore_errors(true).try_get_matches_from(&arguments);
                given.map_or_else(|_| Ok(Vec::new()), |given| configured(&command, &given))?
            }
            Err(_) => Vec::new(),
        };
        if !configured.is_empty() {
            add(&mut arguments, configured);
            read = command.try_get_matches_from(arguments);
        }
        let matches = read.unwrap_or_else(|error| without_secrets(error).exit());
        Ok(Self::from_arg_matches(&matches).unwrap_or_else(|error| without_secrets(error).exit()))
    }
}

/// The options of `serve` in the configuration file, without those that are given on the command line or conflict with
/// one that is.
fn configured(command: &clap::Command, given: &clap::ArgMatches) -> Result<Vec<OsString>, Failure> {
    let (Some(("serve", given)), Some(serve)) = (given.subcommand(), command.find_subcommand("serve")) else {
        return Ok(Vec::new());
    };
    let config = ConfigOptions::from_arg_matches(given).unwrap_or_default().read()?;
    config.serve_arguments(serve, given)
}

/// Adds these arguments before --exec, since everything after it belongs to the program that it runs.
fn add(arguments: &mut Vec<OsString>, configured: Vec<OsString>) {
    let is_exec = |argument: &OsString| argument.to_str().is_some_and(|text| text.split('=').next() == Some("--exec"));
    let place = arguments.iter().position(is_exec).unwrap_or(arguments.len());
    arguments.splice(place..place, configured);
}

/// Masks the arguments that an error repeats: one in the wrong place may be an address with a seed.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    // Only an unknown argument can be a text of the user's; the others are names of our own options.
    let argument = (error.kind() == ErrorKind::UnknownArgument).then_some(ContextKind::InvalidArg);
    for kind in [ContextKind::InvalidSubcommand, ContextKind::InvalidValue].into_iter().chain(argument) {
        if let Some(ContextValue::String(text)) = error.get(kind) {
            let text = masked(text);
            error.insert(kind, ContextValue::String(text));
        }
    }
    // Hints repeat the argument too.
    error.remove(ContextKind::Suggested);
    error
}
