//! Tables for people, on standard output.

use crate::report::terminal;
use clap::builder::styling::AnsiColor;
use comfy_table::presets::{NOTHING, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Width};
use std::fmt;
use std::io::{self, IsTerminal};

/// The marks before an outcome on a terminal. They are coloured after the layout, since the codes for colours would
/// count as text.
const MARKS: [(char, AnsiColor); 2] = [(GOOD, AnsiColor::Green), (BAD, AnsiColor::Red)];
const GOOD: char = '✓';
const BAD: char = '✗';

/// A column of text is not made narrower than this to fit a terminal.
const NARROWEST: u16 = 12;

/// Rows below titles: with borders and colours on a terminal, and otherwise plain text in columns.
///
/// Print it with a line end after it.
#[derive(Debug)]
pub(crate) struct Table {
    table: comfy_table::Table,
    look: Look,
}

/// A column and its title.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    /// Numbers, aligned to the right.
    Number(&'static str),
    /// Words that stay on one line.
    Word(&'static str),
    /// Text that may be wrapped when the terminal is narrow.
    Text(&'static str),
}

/// The content of a column in a row.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    /// Plain text.
    Plain(String),
    /// A good outcome, which is marked.
    Good(String),
    /// A bad outcome, which is marked.
    Bad(String),
}

/// The capabilities of the output.
#[derive(Debug, Clone, Copy)]
struct Look {
    is_terminal: bool,
    has_colors: bool,
    /// The number of characters in a line; `None` if there is no bound.
    width: Option<u16>,
}

impl Table {
    /// A table of these columns, for standard output.
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        let output = io::stdout();
        let (is_terminal, has_colors) = (output.is_terminal(), terminal::has_colors(&output));
        Self::with_look(columns, Look { is_terminal, has_colors, width: terminal::output_width() })
    }

    /// Adds a row with a cell for each column.
    pub(crate) fn add(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let is_terminal = self.look.is_terminal;
        self.table.add_row(cells.into_iter().map(|cell| match cell {
            Cell::Good(text) if is_terminal => format!("{GOOD} {text}"),
            Cell::Bad(text) if is_terminal => format!("{BAD} {text}"),
            Cell::Plain(text) | Cell::Good(text) | Cell::Bad(text) => text,
        }));
    }

    fn with_look(columns: impl IntoIterator<Item = Column>, look: Look) -> Self {
        let columns: Vec<_> = columns.into_iter().collect();
        let mut table = comfy_table::Table::new();
        table.set_header(
            columns.iter().map(|(Column::Number(title) | Column::Word(title) | Column::Text(title))| title),
        );
        if look.is_terminal {
            table.load_style(UTF8_FULL_CONDENSED.with_rounded_corners());
        } else {
            table.load_style(NOTHING);
        }
        if let Some(width) = look.width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        for (column, layout) in columns.iter().zip(table.column_iter_mut()) {
            if !look.is_terminal {
                layout.set_padding((0, 2));
            }
            layout.set_constraint(match column {
                Column::Number(_) | Column::Word(_) => ColumnConstraint::ContentWidth,
                Column::Text(_) => ColumnConstraint::LowerBoundary(Width::Fixed(NARROWEST)),
            });
            if matches!(column, Column::Number(_)) {
                layout.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self { table, look }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.table.trim_fmt();
        if !self.look.has_colors {
            return f.write_str(&text);
        }
        let colored = MARKS.iter().fold(text, |text, (mark, color)| {
            let style = color.on_default();
            text.replace(*mark, &format!("{style}{mark}{style:#}"))
        });
        f.write_str(&colored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { is_terminal: false, has_colors: false, width: None };
    const TERMINAL: Look = Look { is_terminal: true, has_colors: true, width: None };

    fn table(look: Look) -> String {
        let mut table = Table::with_look([Column::Word("name"), Column::Number("ms"), Column::Text("outcome")], look);
        table.add([Cell::Plain("a".to_owned()), Cell::Plain("1.5".to_owned()), Cell::Good("works".to_owned())]);
        let failure = "failed: nobody listens there, nor anywhere else";
        table.add([Cell::Plain("longer".to_owned()), Cell::Plain("123.0".to_owned()), Cell::Bad(failure.to_owned())]);
        table.to_string()
    }

    #[test]
    fn a_file_gets_plain_columns() {
        let lines = [
            "name       ms  outcome",
            "a         1.5  works",
            "longer  123.0  failed: nobody listens there, nor anywhere else",
        ];
        assert_eq!(table(PLAIN), lines.join("\n"));
    }

    #[test]
    fn a_terminal_gets_borders_and_colors_that_take_no_room() {
        let uncolored = table(Look { has_colors: false, ..TERMINAL });
        assert!(!uncolored.contains('\x1b') && uncolored.contains("┆ ✓ works "), "{uncolored}");
        let widths: Vec<_> = uncolored.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{uncolored}");
        let colored = table(TERMINAL);
        assert!(colored.contains("\x1b[32m✓\x1b[0m works") && colored.contains("\x1b[31m✗\x1b[0m failed"), "{colored}");
        let codes = ["\x1b[32m", "\x1b[31m", "\x1b[0m"];
        assert_eq!(codes.iter().fold(colored, |text, code| text.replace(code, "")), uncolored);
    }

    #[test]
    fn text_is_folded_where_a_terminal_is_narrow_and_numbers_are_not() {
        let narrow = table(Look { width: Some(50), ..TERMINAL });
        assert!(narrow.contains(" 123.0 ") && !narrow.contains("listens there"), "{narrow}");
    }
}
