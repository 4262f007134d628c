//! `man`: the pages, as groff reads them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Home, Program};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const PAGES: [&str; 13] = [
    "multiserver-address.1",
    "multiserver-bench.1",
    "multiserver-bridge.1",
    "multiserver-completions.1",
    "multiserver-connect.1",
    "multiserver-forward.1",
    "multiserver-invite.1",
    "multiserver-join.1",
    "multiserver-keygen.1",
    "multiserver-man.1",
    "multiserver-ping.1",
    "multiserver-serve.1",
    "multiserver.1",
];

/// Prints a page as plain text, and fails on whatever groff warns of.
fn read(page: &Path) -> String {
    let has_groff = Command::new("groff").arg("--version").output().is_ok();
    assert!(
        has_groff,
        "this test needs groff. Debian, Ubuntu: `sudo apt-get install groff-base`; macOS: `brew install groff`"
    );
    let mut command = Command::new("groff");
    command.args(["-man", "-ww", "-Tascii", "-P-cbou"]).arg(page);
    let finished = Program::start(command).end();
    assert_eq!((finished.status, finished.errors.as_str()), (0, ""), "{}", page.display());
    String::from_utf8(finished.output).unwrap()
}

#[test]
fn each_subcommand_has_a_page_that_groff_can_read() {
    let home = Home::new();
    let directory = home.path("share/man1");
    // A second time over the first, as an update does.
    for _ in 0..2 {
        let printed = home.run(&["man", directory.to_str().unwrap()], b"");
        assert_eq!((printed.status, printed.errors.as_str(), printed.output.as_slice()), (0, "", &[][..]));
    }
    let names = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.collect::<BTreeSet<_>>(), PAGES.map(str::to_owned).into());
    for name in PAGES {
        let text = read(&directory.join(name));
        for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"] {
            assert!(text.lines().any(|line| line == heading), "{name}: {text}");
        }
        let command = name.trim_end_matches(".1").replacen('-', " ", 1);
        let words: Vec<_> = text.split_whitespace().collect();
        assert!(words.join(" ").contains(&format!("SYNOPSIS {command} [")), "{name}: {text}");
    }
}

#[test]
fn the_page_of_the_program_leads_to_the_others() {
    let home = Home::new();
    let printed = home.run(&["man"], b"");
    assert_eq!((printed.status, printed.errors.as_str()), (0, ""));
    fs::write(home.path("page"), printed.output).unwrap();
    let text = read(&home.path("page"));
    let entries = text.lines().filter_map(|line| line.trim().strip_suffix("(1)"));
    let named: BTreeSet<_> = entries.filter(|name| !name.contains(' ')).collect();
    let others = PAGES.iter().map(|page| page.trim_end_matches(".1")).filter(|&page| page != "multiserver");
    assert_eq!(named, others.collect());
    assert!(text.contains("Exit status: 0 all went well") && text.contains("multiserver serve --echo"), "{text}");
}

#[test]
fn a_directory_that_cannot_be_is_an_error() {
    let home = Home::new();
    fs::write(home.path("file"), "").unwrap();
    let path = home.path("file/man1");
    let printed = home.run(&["man", path.to_str().unwrap()], b"");
    assert!(printed.failure(1).starts_with(&format!("cannot write the pages into {}: ", path.display())));
}
