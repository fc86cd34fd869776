//! Printing: tables for people, JSON for programs. The only writer to standard output.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde::Serialize;

/// How a read is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
}

/// Prints one line.
pub(crate) fn line(text: impl AsRef<str>) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{}", text.as_ref())
}

/// Says something beside what is printed, for people.
#[allow(clippy::print_stderr, reason = "not part of the output")]
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// Writes over the line that the terminal shows.
#[allow(clippy::print_stderr, reason = "not part of the output")]
pub(crate) fn rewrite(text: &str) {
    eprint!("\r\x1b[K{text}");
}

/// In red where it is cause for alarm and a terminal shows it.
pub(crate) fn alarmed(text: &str, alarm: bool) -> String {
    if alarm && io::stdout().is_terminal() { format!("\x1b[31m{text}\x1b[0m") } else { text.to_owned() }
}

/// Prints text that ends its own lines.
pub(crate) fn text(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Prints one document.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    line(serde_json::to_string_pretty(value)?)
}

/// Prints one document on one line, for endless lists.
pub(crate) fn json_line(value: &impl Serialize) -> io::Result<()> {
    line(serde_json::to_string(value)?)
}

/// Prints rows under a header; an empty table is its header alone.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    line(trim_ends(&table.to_string()))
}

fn trim_ends(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
