//! `multiserver man`.

use crate::command_line::CommandLine;
use crate::report::exit::{self, Failure};
use clap::builder::Resettable;
use clap::{Args, Command, CommandFactory, ValueHint};
use clap_mangen::Man;
use roff::{Roff, roman};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Print the manual page of this program, or write the pages of all its subcommands.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "read the page of the program":
        "multiserver man | man -l -",
    "have all pages: man multiserver-serve":
        "multiserver man ~/.local/share/man/man1"
))]
pub(crate) struct Options {
    /// Write multiserver.1, multiserver-serve.1 and so on to this directory, which is created when it is missing; pages
    /// of these names are replaced.
    #[arg(value_hint = ValueHint::DirPath)]
    directory: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut program = CommandLine::command().disable_help_subcommand(true);
    program.build();
    match &options.directory {
        Some(directory) => write_pages(&program, directory).map_err(|error| {
            Failure::failed(format_args!("cannot write the pages into {}: {error}", directory.display()))
        }),
        None => exit::print(String::from_utf8_lossy(&page(&program).map_err(Failure::failed)?).trim_end()),
    }
}

fn write_pages(program: &Command, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let subcommands = program.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    for command in std::iter::once(program).chain(subcommands) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        fs::write(directory.join(format!("{name}.1")), page(command)?)?;
    }
    Ok(())
}

/// A page, in which the text below the options in the help becomes sections of its own.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone().after_help(Resettable::Reset)).render(&mut page)?;
    let below = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut sections = Roff::new();
    for paragraph in below.split("\n\n") {
        if let Some(examples) = paragraph.strip_prefix("Examples:\n") {
            sections.control("SH", ["EXAMPLES"]).control("nf", []);
            for line in examples.lines() {
                sections.text([roman(line.trim_start())]);
            }
            sections.control("fi", []);
        } else if !paragraph.is_empty() {
            let heading = if paragraph.starts_with("Exit status") { "EXIT STATUS" } else { "NOTES" };
            sections.control("SH", [heading]).text([roman(paragraph)]);
        }
    }
    sections.to_writer(&mut page)?;
    Ok(page)
}
