//! `multiserver completions`.

use crate::command_line::CommandLine;
use crate::report::exit::{self, Failure};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_complete::aot::generate;

/// Print a script with which a shell completes our subcommands, options and files.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "for this bash only":
        "source <(multiserver completions bash)",
    "for every bash from now on":
        "multiserver completions bash > ~/.local/share/bash-completion/completions/multiserver",
    "for every fish":
        "multiserver completions fish > ~/.config/fish/completions/multiserver.fish",
    "for zsh, in a directory that fpath names":
        "multiserver completions zsh > _multiserver"
))]
pub(crate) struct Options {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut command = CommandLine::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(options.shell, &mut command, name, &mut script);
    exit::print(String::from_utf8_lossy(&script).trim_end())
}
