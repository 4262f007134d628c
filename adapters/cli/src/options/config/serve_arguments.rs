//! Converts the section `[serve]` to arguments of the command line.

use super::Config;
use crate::files::text::is_standard_input;
use crate::options::given::NETWORK_KEY_VARIABLE;
use crate::options::listening::is_systemd;
use crate::report::exit::Failure;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};
use std::env;
use std::ffi::OsString;
use std::path::Path;
use toml::Value;

/// Options that an environment variable can give as well; it has precedence over the file unless it is empty.
const IN_ENVIRONMENT: [(&str, &str); 2] =
    [("network-key", NETWORK_KEY_VARIABLE), ("network-key-file", NETWORK_KEY_VARIABLE)];

/// Options that the file cannot have.
const NOT_IN_FILE: [&str; 2] = ["config", "help"];

impl Config {
    /// The section `[serve]` as arguments, without the options that are given on the command line or conflict with one
    /// that is.
    ///
    /// An option's key is its name on the command line without `--`; an option that may be given several times has an
    /// array.
    pub(crate) fn serve_arguments(&self, serve: &Command, given: &ArgMatches) -> Result<Vec<OsString>, Failure> {
        let is_given = |arg: &Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
        let is_overridden = |arg: &Arg| {
            is_given(arg)
                || is_in_environment(arg)
                || serve.get_arguments().any(|other| is_given(other) && are_in_conflict(serve, arg, other))
        };
        let (mut arguments, mut last) = (Vec::new(), Vec::new());
        for (key, value) in &self.content.serve {
            let mut options = serve.get_arguments().filter(|_| !NOT_IN_FILE.contains(&key.as_str()));
            let arg = options.find(|arg| arg.get_long() == Some(key));
            let arg = arg.ok_or_else(|| self.wrong("serve", key, "there is no such option"))?;
            let takes_the_rest = arg.get_num_args().is_some_and(|range| range.max_values() > 1);
            let values = self.arguments(arg, key, value, takes_the_rest)?;
            if !is_overridden(arg) {
                (if takes_the_rest { &mut last } else { &mut arguments }).extend(values);
            }
        }
        arguments.append(&mut last);
        Ok(arguments)
    }

    /// One option with its values, all after one `--key` or each after its own.
    fn arguments(&self, arg: &Arg, key: &str, value: &Value, in_one: bool) -> Result<Vec<OsString>, Failure> {
        let option = OsString::from(format!("--{key}"));
        if !takes_values(arg) {
            let is_set = value.as_bool().ok_or_else(|| self.wrong("serve", key, "expected true or false"))?;
            return Ok(if is_set { vec![option] } else { Vec::new() });
        }
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        if values.is_empty() {
            // An empty array is refused: `allow = []` would let in everyone, as if it were left out, which its author
            // cannot mean.
            return Err(self.wrong("serve", key, "expected one value at least"));
        }
        let texts = values.iter().map(|value| {
            let text = self.text(arg, value);
            text.ok_or_else(|| self.wrong("serve", key, "expected a text or a number, or an array of these"))
        });
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        if in_one {
            let mut words = texts.into_iter();
            let program = words.next().map(|program| self.with_program_beside(program));
            return Ok([Some(option), program].into_iter().flatten().chain(words).collect());
        }
        let behind_option = |text: OsString| [option.as_os_str(), "=".as_ref(), &text].into_iter().collect();
        Ok(texts.into_iter().map(behind_option).collect())
    }

    fn text(&self, arg: &Arg, value: &Value) -> Option<OsString> {
        let number = value.as_integer().map(|number| number.to_string().into());
        match value.as_str() {
            Some(text) => Some(self.with_files_beside(arg, text)),
            None => number.or_else(|| value.as_float().map(|number| number.to_string().into())),
        }
    }

    /// The value, with a relative path made relative to the directory of the configuration file.
    fn with_files_beside(&self, arg: &Arg, text: &str) -> OsString {
        let is_path = matches!(arg.get_value_hint(), ValueHint::FilePath | ValueHint::DirPath);
        let is_systemd = arg.get_long() == Some("unix") && is_systemd(text);
        match text.strip_prefix("unix:") {
            Some(path) if arg.get_long() == Some("to") => {
                ["unix:".as_ref(), self.beside(Path::new(path)).as_os_str()].into_iter().collect()
            }
            _ if is_path && !is_systemd && !is_standard_input(Path::new(text)) => self.beside(Path::new(text)).into(),
            _ => text.into(),
        }
    }

    /// The program, if it is given as a path and not as a name that is looked up in PATH.
    fn with_program_beside(&self, program: OsString) -> OsString {
        let is_path = Path::new(&program).components().count() > 1;
        if is_path { self.beside(Path::new(&program)).into() } else { program }
    }
}

fn is_in_environment(arg: &Arg) -> bool {
    let variables = IN_ENVIRONMENT.iter().filter(|(option, _)| arg.get_long() == Some(option));
    variables.into_iter().any(|(_, variable)| env::var_os(variable).is_some_and(|value| !value.is_empty()))
}

fn are_in_conflict(command: &Command, one: &Arg, other: &Arg) -> bool {
    let excludes = |one, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|excluded: &&Arg| excluded.get_id() == other.get_id())
    };
    excludes(one, other) || excludes(other, one)
}

fn takes_values(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}
