//! `multiserver man`.

use crate::command_line::CommandLine;
use crate::exit::{self, Failure};
use clap::{Args, Command, CommandFactory, ValueHint};
use clap_mangen::{Man, generate_to};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Print the manual page of this program, or write the pages of all its subcommands.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    multiserver man | man -l -                    read the page\n  \
    multiserver man ~/.local/share/man/man1       have all pages: man multiserver-serve")]
pub(crate) struct Options {
    /// Write multiserver.1, multiserver-serve.1 and so on into this directory, which is made when missing; pages of
    /// these names are replaced.
    #[arg(value_hint = ValueHint::DirPath)]
    directory: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    match &options.directory {
        Some(directory) => write_pages(directory).map_err(|error| {
            Failure::failed(format_args!("cannot write the pages into {}: {error}", directory.display()))
        }),
        None => exit::print(page().map_err(Failure::failed)?.trim_end()),
    }
}

fn write_pages(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    generate_to(command(), directory)
}

/// The page of the program itself.
fn page() -> io::Result<String> {
    let mut page = Vec::new();
    Man::new(command()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// The command line without the subcommand `help`, which has no page.
fn command() -> Command {
    CommandLine::command().disable_help_subcommand(true)
}
