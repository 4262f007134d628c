//! The configuration file: addresses by their names, and options of `serve`.
//!
//! ```toml
//! [names]
//! home = "net:example.com:8008~shs:KEY"
//! work = { file = "work.address" }
//!
//! [serve]
//! net = ["[::]:8008"]
//! to = "localhost:22"
//! allow-file = "friends"
//! ```
//!
//! Files are looked for beside the configuration file.

use crate::exit::Failure;
use crate::options::read_secret_file;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, ValueHint};
use etcetera::BaseStrategy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use zeroize::Zeroizing;

/// Where the configuration is.
#[derive(Debug, Default, Args)]
pub(crate) struct ConfigOptions {
    /// Read this configuration file: addresses by their names, and options of `serve`. By default it is
    /// multiserver/config.toml in the platform's directory for configuration, where there is one.
    #[arg(long = "config", value_name = "FILE", value_hint = ValueHint::FilePath)]
    config_file: Option<PathBuf>,
}

/// What the file says; without `Debug`, since an address may have a seed.
pub(crate) struct Config {
    path: PathBuf,
    content: Content,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default)]
    names: BTreeMap<String, Named>,
    #[serde(default)]
    serve: Table,
}

/// What a name stands for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Address(Zeroizing<String>),
    File(InFile),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InFile {
    file: PathBuf,
}

impl ConfigOptions {
    /// The configuration; an empty one where none is named and there is none at its default place.
    pub(crate) fn read(&self) -> Result<Config, Failure> {
        let path = match (&self.config_file, default_path()) {
            (Some(path), _) => path.clone(),
            (None, Some(path)) if path.exists() => path,
            (None, path) => {
                return Ok(Config { path: path.unwrap_or("config.toml".into()), content: Content::default() });
            }
        };
        let text = read_secret_file(&path)?;
        // What the error shows of the text stays out, since it may hold a secret.
        let content = toml::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            Failure::usage(format_args!("{}, line {line}: {}", path.display(), error.message()))
        })?;
        Ok(Config { path, content })
    }
}

impl Config {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The text of the address with this name.
    pub(crate) fn address(&self, name: &str) -> Result<Zeroizing<String>, Failure> {
        let text = match self.content.names.get(name) {
            Some(Named::Address(text)) => text.clone(),
            Some(Named::File(InFile { file })) => read_secret_file(&self.beside(file))?,
            None => return Err(self.no_such_name(name)),
        };
        Ok(Zeroizing::new(text.trim().to_owned()))
    }

    /// The section `[serve]` as arguments, without the options that are given and those that go against one given.
    ///
    /// An option's key is its name on the command line without `--`, and one that may be given several times has an array.
    pub(crate) fn serve_arguments(&self, serve: &Command, given: &ArgMatches) -> Result<Vec<OsString>, Failure> {
        let is_given = |arg: &Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
        let is_overridden = |arg: &Arg| {
            is_given(arg) || serve.get_arguments().any(|other| is_given(other) && are_in_conflict(serve, arg, other))
        };
        let (mut arguments, mut last) = (Vec::new(), Vec::new());
        for (key, value) in &self.content.serve {
            let arg = serve.get_arguments().find(|arg| arg.get_long() == Some(key)).filter(|arg| is_configurable(arg));
            let arg = arg.ok_or_else(|| self.wrong(key, "there is no such option"))?;
            if is_overridden(arg) {
                continue;
            }
            let takes_the_rest = arg.get_num_args().is_some_and(|range| range.max_values() > 1);
            let arguments = if takes_the_rest { &mut last } else { &mut arguments };
            arguments.extend(self.arguments(arg, key, value, takes_the_rest)?);
        }
        arguments.append(&mut last);
        Ok(arguments)
    }

    /// One option with its values, behind one `--key` or each behind its own.
    fn arguments(&self, arg: &Arg, key: &str, value: &Value, in_one: bool) -> Result<Vec<OsString>, Failure> {
        let option = OsString::from(format!("--{key}"));
        if !takes_values(arg) {
            let is_set = value.as_bool().ok_or_else(|| self.wrong(key, "expected true or false"))?;
            return Ok(if is_set { vec![option] } else { Vec::new() });
        }
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let texts = values.iter().map(|value| {
            let text = self.text(arg, value);
            text.ok_or_else(|| self.wrong(key, "expected a text or a number, or an array of these"))
        });
        let mut texts = texts.collect::<Result<Vec<_>, _>>()?;
        if in_one {
            texts.insert(0, option);
            return Ok(texts);
        }
        let behind_option = |text: OsString| [option.as_os_str(), "=".as_ref(), &text].into_iter().collect();
        Ok(texts.into_iter().map(behind_option).collect())
    }

    fn text(&self, arg: &Arg, value: &Value) -> Option<OsString> {
        let number = value.as_integer().map(|number| number.to_string().into());
        match value.as_str() {
            Some(path) if arg.get_value_hint() == ValueHint::FilePath => Some(self.beside(Path::new(path)).into()),
            Some(text) => Some(text.into()),
            None => number.or_else(|| value.as_float().map(|number| number.to_string().into())),
        }
    }

    fn beside(&self, path: &Path) -> PathBuf {
        self.path.parent().map_or_else(|| path.to_owned(), |directory| directory.join(path))
    }

    fn wrong(&self, key: &str, what: &str) -> Failure {
        Failure::usage(format_args!("{}, `{key}` in [serve]: {what}", self.path.display()))
    }

    fn no_such_name(&self, name: &str) -> Failure {
        let failure = Failure::usage(format_args!("there is no address named `{name}` in {}", self.path.display()));
        let names: Vec<_> = self.content.names.keys().map(String::as_str).collect();
        if names.is_empty() {
            failure.hint("names and their addresses stand there below a line [names]")
        } else {
            failure.hint(format_args!("the names there are {}", names.join(", ")))
        }
    }
}

/// None where the platform has no such directory, as for a user without a home.
fn default_path() -> Option<PathBuf> {
    let directories = etcetera::base_strategy::choose_native_strategy().ok()?;
    Some(directories.config_dir().join("multiserver").join("config.toml"))
}

fn are_in_conflict(command: &Command, one: &Arg, other: &Arg) -> bool {
    let excludes = |one, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|excluded: &&Arg| excluded.get_id() == other.get_id())
    };
    excludes(one, other) || excludes(other, one)
}

/// Whether it is an option of `serve` itself and no matter of how the command line is read.
fn is_configurable(arg: &Arg) -> bool {
    !["config_file", "help", "version"].contains(&arg.get_id().as_str())
}

fn takes_values(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}
