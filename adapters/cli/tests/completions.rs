//! `completions`: what shells are given, and that bash completes by it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, Program};
use std::process::Command;

const SUBCOMMANDS: [&str; 8] = ["address", "completions", "connect", "forward", "keygen", "man", "ping", "serve"];

/// Completes the last word of its arguments as bash does when TAB is pressed: by the function for the first word, and
/// by file names where that has no answer, as the completion asks for with `-o default`. How files are shown (`compopt`)
/// can only be told to a bash that is typed into.
const PRESS_TAB: &str = r#"
script=$1; shift
compopt() { :; }
source "$script"
[[ $(complete -p "$1") =~ -F\ ([^ ]+) ]] && [[ $(complete -p "$1") == *"-o default"* ]] || exit 3
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
"${BASH_REMATCH[1]}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
if ((${#COMPREPLY[@]})); then printf '%s\n' "${COMPREPLY[@]}"; else compgen -f -- "${COMP_WORDS[COMP_CWORD]}"; fi
"#;

fn script(home: &Home, shell: &str) -> String {
    let printed = home.run(&["completions", shell], b"");
    assert_eq!((printed.status, printed.errors.as_str()), (0, ""));
    String::from_utf8(printed.output).unwrap()
}

#[test]
fn bash_completes_subcommands_options_values_and_files() {
    let home = Home::new();
    std::fs::write(home.path("completion"), script(&home, "bash")).unwrap();
    std::fs::write(home.path("alice.identity"), "").unwrap();
    for (words, completed) in [
        (&["ser"][..], &["serve"][..]),
        (&["c"], &["completions", "connect"]),
        (&["serve", "--ech"], &["--echo"]),
        (&["serve", "--identity", "ali"], &["alice.identity"]),
        (&["connect", "--address-file", "ali"], &["alice.identity"]),
        (&["keygen", "ali"], &["alice.identity"]),
        (&["address", "--to", "u"], &["uri"]),
        (&["completions", "power"], &["powershell"]),
    ] {
        let mut command = Command::new("bash");
        command.args(["--norc", "-c", PRESS_TAB, "bash", "completion", "multiserver"]).args(words);
        command.current_dir(home.path(""));
        let finished = Program::start(command).end();
        assert_eq!((finished.status, finished.errors.as_str()), (0, ""), "{words:?}");
        let mut offered: Vec<_> = str::from_utf8(&finished.output).unwrap().lines().collect();
        offered.sort_unstable();
        assert_eq!(offered, completed, "{words:?}");
    }
}

#[test]
fn every_shell_is_told_of_every_subcommand() {
    let home = Home::new();
    for (shell, own_words) in [
        ("bash", "complete -F"),
        ("elvish", "edit:completion"),
        ("fish", "complete -c multiserver"),
        ("powershell", "Register-ArgumentCompleter"),
        ("zsh", "#compdef multiserver"),
    ] {
        let script = script(&home, shell);
        assert!(script.contains(own_words), "{shell}");
        for subcommand in SUBCOMMANDS {
            assert!(script.contains(subcommand), "{shell}: {subcommand}");
        }
    }
    assert_eq!(home.run(&["completions", "tcsh"], b"").status, 2);
}
