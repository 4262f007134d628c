//! The configuration file: named addresses, and options of `serve`.
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
//! Relative paths in it start from the directory of the configuration file.

mod serve_arguments;

use crate::options::given::FileText;
use crate::report::exit::Failure;
use crate::report::mask::{masked, shown_path};
use crate::seeds::has_seed;
use clap::{Args, ValueHint};
use etcetera::BaseStrategy;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use zeroize::Zeroizing;

/// The option that names the configuration file.
#[derive(Debug, Default, Args)]
pub(crate) struct ConfigOptions {
    /// Read this configuration file, with named addresses and options of `serve`. By default it is
    /// multiserver/config.toml in the platform's directory for configuration, if that file exists.
    #[arg(long = "config", value_name = "FILE", value_hint = ValueHint::FilePath)]
    config_file: Option<PathBuf>,
}

/// The content of the file; without `Debug`, since an address may have a seed.
pub(crate) struct Config {
    path: PathBuf,
    content: Content,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default)]
    names: Table,
    #[serde(default)]
    serve: Table,
}

impl ConfigOptions {
    /// Reads the configuration; an empty one when no file is named and there is none at the default path.
    pub(crate) fn read(&self) -> Result<Config, Failure> {
        let path = match (&self.config_file, default_path()) {
            (Some(path), _) => path.clone(),
            (None, Some(path)) if path.exists() => path,
            (None, path) => {
                return Ok(Config { path: path.unwrap_or("config.toml".into()), content: Content::default() });
            }
        };
        let text = FileText::read(&path)?.into_text(may_have_secret)?;
        let content = toml::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            // The text that the message repeats may be an address at the wrong position.
            let message: Vec<_> = error.message().split(' ').map(masked).collect();
            Failure::usage(format_args!("{}, line {line}: {}", shown_path(&path), message.join(" ")))
        })?;
        Ok(Config { path, content })
    }
}

/// Whether there is a seed in an address, or a network key, in the text of a configuration.
fn may_have_secret(text: &str) -> bool {
    let Ok(Content { names, serve }) = toml::from_str(text) else { return false };
    names.values().filter_map(Value::as_str).any(has_seed) || serve.contains_key("network-key")
}

impl Config {
    /// The text of the address with this name.
    pub(crate) fn address(&self, name: &str) -> Result<Zeroizing<String>, Failure> {
        let named = self.content.names.get(name).ok_or_else(|| self.no_such_name(name))?;
        let text = match (named, file_of(named)) {
            (_, Some(file)) => FileText::read(&self.beside(Path::new(file)))?.into_text(has_seed)?,
            (Value::String(text), None) => Zeroizing::new(text.clone()),
            (_, None) => return Err(self.wrong("names", name, "expected the text of an address, or { file = \"…\" }")),
        };
        Ok(Zeroizing::new(text.trim().to_owned()))
    }

    fn beside(&self, path: &Path) -> PathBuf {
        self.path.parent().map_or_else(|| path.to_owned(), |directory| directory.join(path))
    }

    fn wrong(&self, section: &str, key: &str, what: &str) -> Failure {
        Failure::usage(format_args!("{}, `{}` in [{section}]: {what}", shown_path(&self.path), masked(key)))
    }

    fn no_such_name(&self, name: &str) -> Failure {
        let message = format!("there is no address named `{}` in {}", masked(name), shown_path(&self.path));
        let failure = Failure::usage(message);
        let names: Vec<_> = self.content.names.keys().map(String::as_str).collect();
        if names.is_empty() {
            failure.hint("names and their addresses stand there below a line [names]")
        } else {
            failure.hint(format_args!("the names there are {}", names.join(", ")))
        }
    }
}

/// The file that `{ file = "…" }` names.
fn file_of(named: &Value) -> Option<&str> {
    let table = named.as_table().filter(|table| table.len() == 1)?;
    table.get("file")?.as_str()
}

/// `None` if the platform has no such directory, as for a user without a home directory.
fn default_path() -> Option<PathBuf> {
    let directories = etcetera::base_strategy::choose_native_strategy().ok()?;
    Some(directories.config_dir().join("multiserver").join("config.toml"))
}
