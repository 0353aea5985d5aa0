//! Columns as wide as their widest value, two spaces apart, no borders: easy on the eye, on `awk` and on a
//! clipboard. Lines are never wrapped; a terminal does that better.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Cell;
use super::csv;

/// A table to be printed.
#[derive(Debug)]
pub(crate) struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(titles: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            titles: titles.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a line, with a cell for each column.
    pub(crate) fn add(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table for people, without the last line end.
    pub(crate) fn text(&self, colour: bool) -> String {
        let mut widths: Vec<usize> = self.titles.iter().map(|title| title.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(printable(&cell.text).width());
            }
        }
        let titles: Vec<Cell> = self.titles.iter().map(|title| Cell::new(*title)).collect();
        let lines = std::iter::once(&titles).chain(&self.rows).map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| padded(cell, *width, colour))
                .collect();
            cells.join("  ").trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The table for programs, without the last line end.
    pub(crate) fn csv(&self) -> String {
        let titles = csv::line(
            self.titles
                .iter()
                .map(|title| title.to_lowercase().replace([' ', '/'], "_")),
        );
        let rows = self
            .rows
            .iter()
            .map(|row| csv::line(row.iter().map(|cell| &cell.plain)));
        std::iter::once(titles).chain(rows).collect::<Vec<_>>().join("\n")
    }
}

/// A cell filled up to `width` columns of the terminal.
pub(super) fn padded(cell: &Cell, width: usize, colour: bool) -> String {
    let text = if cell.text.is_empty() {
        "-".to_owned()
    } else {
        printable(&cell.text)
    };
    let fill = " ".repeat(width.saturating_sub(text.width()));
    let text = if colour { cell.tone.paint(&text) } else { text };
    text + &fill
}

/// The text without anything that a terminal would obey: what a guest or a stranger wrote must not move
/// the cursor.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// As much of the text as fits into `width` columns. Escape sequences take no room and are kept.
pub(super) fn clipped(text: &str, width: usize) -> String {
    let mut room = width;
    let mut escape = false;
    text.chars()
        .take_while(|c| {
            if escape || *c == '\x1b' {
                escape = *c != 'm';
                return true;
            }
            let needs = c.width().unwrap_or(0);
            let fits = needs <= room;
            room = if fits { room - needs } else { 0 };
            fits
        })
        .collect()
}
