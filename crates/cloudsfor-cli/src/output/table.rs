//! Tables: aligned columns without borders.
//!
//! In a pipe a table has all its columns at their full width. On a terminal it
//! is made to fit: the elastic column is shortened, then columns are left out by
//! rank, and which ones is said.

use std::io::{self, Write};

use super::cell::{Cell, Times};
use super::style::Paint;

const GAP: usize = 2;

/// The least that an elastic column is shortened to while others can be left
/// out.
const ELASTIC_MIN: usize = 20;

/// A column of a table of `T`.
pub(crate) struct Column<T> {
    pub(crate) header: &'static str,
    write: fn(&T, &mut Cell<'_>),
    kind: Kind,
    rank: Option<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Elastic,
    Right,
    Status,
}

impl<T> Column<T> {
    pub(crate) const fn new(header: &'static str, write: fn(&T, &mut Cell<'_>)) -> Self {
        Self {
            header,
            write,
            kind: Kind::Text,
            rank: None,
        }
    }

    /// May be shortened to fit a terminal.
    pub(crate) const fn elastic(mut self) -> Self {
        self.kind = Kind::Elastic;
        self
    }

    /// Aligned to the right: numbers with units.
    pub(crate) const fn right(mut self) -> Self {
        self.kind = Kind::Right;
        self
    }

    /// Words for a state, which get a colour.
    pub(crate) const fn status(mut self) -> Self {
        self.kind = Kind::Status;
        self
    }

    /// Left out on a narrow terminal; lower ranks go first.
    pub(crate) const fn rank(mut self, rank: u8) -> Self {
        self.rank = Some(rank);
        self
    }
}

/// The text of all cells, one after the other, so that a row costs little more
/// than its text however many there are.
pub(crate) struct Table<'c, T> {
    columns: &'c [Column<T>],
    text: String,
    ends: Vec<usize>,
    widths: Vec<usize>,
}

/// Which columns are shown, and how wide.
struct Layout {
    shown: Vec<(usize, usize)>,
    left_out: Vec<&'static str>,
}

impl<'c, T> Table<'c, T> {
    pub(crate) fn new(columns: &'c [Column<T>], rows: &[T], times: Times) -> Self {
        let mut table = Self {
            columns,
            text: String::new(),
            ends: Vec::with_capacity(rows.len() * columns.len()),
            widths: columns.iter().map(|c| width(c.header)).collect(),
        };
        for row in rows {
            for (column, widest) in columns.iter().zip(&mut table.widths) {
                let start = table.text.len();
                (column.write)(row, &mut Cell::new(&mut table.text, times));
                table.ends.push(table.text.len());
                *widest = (*widest).max(width(&table.text[start..]));
            }
        }
        table
    }

    /// Writes the table, made to fit the terminal's width if there is one.
    /// Returns the headers of the columns that were left out.
    pub(crate) fn write(
        &self,
        out: &mut dyn Write,
        terminal_width: Option<usize>,
        paint: Paint,
    ) -> io::Result<Vec<&'static str>> {
        let layout = self.layout(terminal_width);
        self.write_row(out, &layout, |i| self.columns[i].header, Paint::none())?;
        let mut start = 0;
        for ends in self.ends.chunks(self.columns.len()) {
            let row_start = start;
            let cell = |i: usize| {
                let begin = if i == 0 { row_start } else { ends[i - 1] };
                &self.text[begin..ends[i]]
            };
            self.write_row(out, &layout, cell, paint)?;
            start = ends[self.columns.len() - 1];
        }
        Ok(layout.left_out)
    }

    fn write_row<'t>(
        &self,
        out: &mut dyn Write,
        layout: &Layout,
        cell: impl Fn(usize) -> &'t str,
        paint: Paint,
    ) -> io::Result<()> {
        let last = layout.shown.len() - 1;
        for (position, &(i, column_width)) in layout.shown.iter().enumerate() {
            let full = cell(i);
            let shortened;
            let (text, text_width) = match width(full) {
                fits if fits <= column_width => (full, fits),
                _ => {
                    shortened = shorten(full, column_width);
                    (shortened.as_str(), width(&shortened))
                }
            };
            let padding = column_width - text_width;
            let kind = self.columns[i].kind;
            if kind == Kind::Right {
                pad(out, padding)?;
            }
            if kind == Kind::Status {
                paint.status(out, text)?;
            } else {
                out.write_all(text.as_bytes())?;
            }
            if position < last {
                pad(out, GAP + if kind == Kind::Right { 0 } else { padding })?;
            }
        }
        out.write_all(b"\n")
    }

    fn layout(&self, terminal_width: Option<usize>) -> Layout {
        let mut shown: Vec<_> = self.widths.iter().copied().enumerate().collect();
        let mut left_out = Vec::new();
        let Some(available) = terminal_width else {
            return Layout { shown, left_out };
        };
        let elastic = |i: usize| self.columns[i].kind == Kind::Elastic;
        let least = |shown: &[(usize, usize)]| -> usize {
            let cells = shown.iter().map(|&(i, w)| match elastic(i) {
                true => w.min(ELASTIC_MIN),
                false => w,
            });
            cells.sum::<usize>() + GAP * (shown.len() - 1)
        };
        while least(&shown) > available {
            let ranked = shown
                .iter()
                .enumerate()
                .filter_map(|(position, &(i, _))| Some((self.columns[i].rank?, position)));
            let Some((_, position)) = ranked.min() else {
                break;
            };
            left_out.push(self.columns[shown.remove(position).0].header);
        }
        let spare = available.saturating_sub(least(&shown));
        for (i, column_width) in &mut shown {
            if elastic(*i) {
                *column_width = (*column_width).min(ELASTIC_MIN + spare);
            }
        }
        Layout { shown, left_out }
    }
}

fn pad(out: &mut dyn Write, mut count: usize) -> io::Result<()> {
    const SPACES: [u8; 64] = [b' '; 64];
    while count > 0 {
        let now = count.min(SPACES.len());
        out.write_all(&SPACES[..now])?;
        count -= now;
    }
    Ok(())
}

/// How many columns of a terminal the text takes.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        console::measure_text_width(text)
    }
}

/// The beginning of the text, with an ellipsis, in at most `most` columns.
fn shorten(text: &str, most: usize) -> String {
    let mut short = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += width(c.encode_utf8(&mut [0; 4]));
        if taken > most {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (&'static str, u64);

    const COLUMNS: &[Column<Row>] = &[
        Column::new("NAME", |row: &Row, cell| cell.text(row.0)).elastic(),
        Column::new("SIZE", |row: &Row, cell| cell.number(row.1)).right(),
        Column::new("NOTE", |_, cell| cell.text("something")).rank(1),
        Column::new("MORE", |_, cell| cell.text("else")).rank(0),
    ];

    fn table(rows: &[Row], width: Option<usize>) -> (String, Vec<&'static str>) {
        let mut out = Vec::new();
        let left_out = Table::new(COLUMNS, rows, Times::Exact)
            .write(&mut out, width, Paint::none())
            .unwrap();
        (String::from_utf8(out).unwrap(), left_out)
    }

    #[test]
    fn in_a_pipe_nothing_is_cut() {
        let long = "a-name-that-is-quite-long.example.com";
        let (text, left_out) = table(&[(long, 7), ("名前", 1234)], None);
        assert_eq!(
            text,
            "NAME                                   SIZE  NOTE       MORE\n\
             a-name-that-is-quite-long.example.com     7  something  else\n\
             名前                                   1234  something  else\n"
        );
        assert!(left_out.is_empty());
    }

    #[test]
    fn a_narrow_terminal_shortens_names_then_leaves_columns_out_by_rank() {
        let long = "a-name-that-is-quite-long.example.com";
        let (text, left_out) = table(&[(long, 7)], Some(50));
        assert_eq!(
            text,
            "NAME                         SIZE  NOTE       MORE\n\
             a-name-that-is-quite-long.…     7  something  else\n"
        );
        assert!(left_out.is_empty());

        let (text, left_out) = table(&[(long, 7)], Some(26));
        assert_eq!(
            text,
            "NAME                  SIZE\na-name-that-is-quit…     7\n"
        );
        assert_eq!(left_out, ["MORE", "NOTE"]);

        let (text, _) = table(&[("a", 7)], Some(1));
        assert_eq!(text, "NAME  SIZE\na        7\n");
    }

    #[test]
    fn no_rows_leave_the_headers() {
        assert_eq!(table(&[], None).0, "NAME  SIZE  NOTE  MORE\n");
    }
}
