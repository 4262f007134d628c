//! `multiserver address`.

mod form;
mod layer;

use crate::options::AddressOptions;
use crate::options::address::{ascii_host, has_usable_keys};
use crate::report::exit::{self, Class, Failure};
use crate::report::mask::masked;
use clap::Args;
use form::{FormRead, FormWritten};
use layer::ExplainedLayer;
use multiserver_tokio::core::address::{Address, MultiAddress, ParseError};
use serde::Serialize;
use zeroize::Zeroizing;

/// Explain an address, layer by layer, without its seed; or write it in another form.
///
/// An error points at the byte that is wrong.
#[derive(Args)]
#[command(after_help = examples!(
    "explain an address":
        "multiserver address 'net:example.com:8008~shs:KEY'",
    "the same for a program, without its seed":
        "multiserver address --json --address-file for-alice",
    "write a legacy address as one of ours":
        "multiserver address --to canonical 'example.com:8008:@KEY.ed25519'",
    "write an address as an ssb URI":
        "multiserver address --to uri 'net:example.com:8008~shs:KEY'",
    "see whether there is a legacy invite in a file":
        "multiserver address --check --from invite --address-file invite.txt";
    "Exit status with --check: 0 it is an address, 1 it is none."
))]
pub(crate) struct Options {
    #[command(flatten)]
    address: AddressOptions,
    /// The form that the address is in.
    #[arg(long, value_enum, value_name = "FORM", default_value = "auto")]
    from: FormRead,
    /// Print the address in this form, with any seed in it, and do not explain it.
    #[arg(long, value_enum, value_name = "FORM")]
    to: Option<FormWritten>,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
    /// Print nothing: the exit status says whether it is an address, and one that can be written in the form of --to.
    #[arg(long, conflicts_with = "json")]
    check: bool,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    // A text to be checked is not looked up as a name in the configuration file.
    let text = if options.check { options.address.given() } else { options.address.text() }?;
    match (answer(options, &text), options.check) {
        (Ok(_), true) => {
            let multi = options.from.of(&text).read(&text).map_err(|_| Failure::no())?;
            if has_usable_keys(&multi) { Ok(()) } else { Err(Failure::no()) }
        }
        (Ok(answer), false) => exit::print(&*answer),
        (Err(failure), true) if failure.class() == Class::Usage => Err(Failure::no()),
        (Err(failure), _) => Err(failure),
    }
}

/// The output for this text.
fn answer(options: &Options, text: &str) -> Result<Zeroizing<String>, Failure> {
    let form = options.from.of(text);
    let multi = form.read(text).map_err(|error| {
        let failure = Failure::usage(pointing_at(&error, form, text));
        match ascii_host::hint(text, &error) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    let Some(to) = options.to else {
        let explained = explain(&multi);
        return if options.json { json(&explained) } else { Ok(explained.to_text().into()) };
    };
    let address = Zeroizing::new(to.write(&multi).map_err(Failure::usage)?);
    if options.json { json(&Written { address: &address }) } else { Ok(address) }
}

fn json(value: &impl Serialize) -> Result<Zeroizing<String>, Failure> {
    serde_json::to_string_pretty(value).map(Into::into).map_err(Failure::failed)
}

/// An address in the form that was asked for.
#[derive(Serialize)]
struct Written<'a> {
    address: &'a str,
}

/// The explanation of a multi-address, to be printed.
#[derive(Debug, Serialize)]
struct Explained {
    addresses: Vec<ExplainedAddress>,
}

#[derive(Debug, Serialize)]
struct ExplainedAddress {
    /// The canonical text, with `<seed>` instead of a seed.
    address: String,
    layers: Vec<ExplainedLayer>,
}

fn explain(multi: &MultiAddress) -> Explained {
    let address = |address: &Address| ExplainedAddress {
        address: address.redacted().to_string(),
        layers: address.layers().map(layer::explain).collect(),
    };
    Explained { addresses: multi.addresses().map(address).collect() }
}

impl Explained {
    /// The addresses, each with the meaning of its layers, separated by blank lines.
    fn to_text(&self) -> String {
        let width = self.addresses.iter().flat_map(|address| &address.layers).map(|layer| layer.name.len()).max();
        let width = width.unwrap_or_default();
        let texts = self.addresses.iter().map(|address| {
            let layers = address.layers.iter().map(|layer| {
                let separator = format!("\n  {:width$}  ", "");
                format!("\n  {:width$}  {}", layer.name, layer.meaning().join(&separator))
            });
            format!("{}{}", address.address, layers.collect::<String>())
        });
        texts.collect::<Vec<_>>().join("\n\n")
    }
}

/// How many characters are shown before and after the one that is wrong.
const SHOWN_BEFORE: usize = 50;
const SHOWN_AFTER: usize = 20;

/// The error, and below it the text as far as it can be shown, with a caret at the error.
fn pointing_at(error: &ParseError, form: FormRead, text: &str) -> String {
    let shown = masked(text);
    let start = error.offset().saturating_sub(SHOWN_BEFORE);
    let (before, after) = if start > 0 { ("...", start) } else { ("", 0) };
    let length = error.offset() - after + SHOWN_AFTER;
    let window: String = shown.chars().skip(after).take(length).collect();
    let end = if shown.len() > after + length { "..." } else { "" };
    let column = before.len() + error.offset() - after;
    format!("this is not {form}, {error}\n  {before}{window}{end}\n  {:column$}^", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_byte_that_is_wrong() {
        let long = format!("net:{}:8008~", "abcdefgh.".repeat(20));
        for text in ["net:localhost:80o8", "net:é", "", "net:localhost:8008~shs:", &long] {
            let error = text.parse::<MultiAddress>().unwrap_err();
            let message = pointing_at(&error, FormRead::Address, text);
            let lines: Vec<_> = message.lines().collect();
            let column = lines[2].find('^').unwrap();
            let under = lines[1].chars().nth(column);
            assert_eq!(under, masked(text).chars().nth(error.offset()), "{message}");
            assert!(lines[1].len() <= 80, "{message}");
        }
    }
}
