//! Tables: aligned columns without borders.
//!
//! In a pipe a table has all its columns at their full width. On a terminal it
//! is made to fit: the elastic column is shortened, then columns are left out by
//! rank, and which ones is said.

use std::io::{self, Write};

use super::Resource;
use super::cell::{Cell, Times};
use super::clean::clean;
use super::field::{Field, Row};
use super::style::Paint;

const GAP: usize = 2;

/// The least that an elastic column is shortened to while others can be left
/// out.
const ELASTIC_MIN: usize = 20;

/// A column of a table of `T`.
pub(crate) struct Column<T> {
    pub(crate) header: &'static str,
    pub(crate) write: fn(&T, &mut Cell<'_>),
    pub(crate) look: Look,
}

/// What a column looks like, and when it is left out.
#[derive(Clone, Copy, Default)]
pub(crate) struct Look {
    kind: Kind,
    rank: Option<u8>,
}

#[derive(Clone, Copy, PartialEq, Default)]
enum Kind {
    #[default]
    Text,
    Elastic,
    Right,
    Status,
}

impl Look {
    /// Whether the column's values are numbers, with a unit or without.
    pub(crate) fn is_number(self) -> bool {
        self.kind == Kind::Right
    }
}

impl<T> Column<T> {
    pub(crate) const fn new(header: &'static str, write: fn(&T, &mut Cell<'_>)) -> Self {
        Self {
            header,
            write,
            look: Look {
                kind: Kind::Text,
                rank: None,
            },
        }
    }

    /// May be shortened to fit a terminal.
    pub(crate) const fn elastic(mut self) -> Self {
        self.look.kind = Kind::Elastic;
        self
    }

    /// Aligned to the right: numbers with units.
    pub(crate) const fn right(mut self) -> Self {
        self.look.kind = Kind::Right;
        self
    }

    /// Words for a state, which get a colour.
    pub(crate) const fn status(mut self) -> Self {
        self.look.kind = Kind::Status;
        self
    }

    /// Left out on a narrow terminal; lower ranks go first.
    pub(crate) const fn rank(mut self, rank: u8) -> Self {
        self.look.rank = Some(rank);
        self
    }
}

/// The text of all cells, one after the other, so that a row costs little more
/// than its text however many there are.
pub(crate) struct Table {
    headers: Vec<(String, Look)>,
    text: String,
    ends: Vec<usize>,
    widths: Vec<usize>,
    times: Times,
}

/// Which columns are shown, and how wide.
struct Layout {
    shown: Vec<(usize, usize)>,
    left_out: Vec<String>,
}

impl Table {
    /// A table of these fields, without rows.
    pub(crate) fn new<T: Resource>(fields: &[Field<T>], times: Times) -> Self {
        let headers = fields
            .iter()
            .map(|field| (clean(&field.header()).into_owned(), field.look()));
        let headers: Vec<_> = headers.collect();
        Self {
            widths: headers.iter().map(|(header, _)| width(header)).collect(),
            text: String::new(),
            ends: Vec::new(),
            headers,
            times,
        }
    }

    /// Adds a row, of the fields that the table was made for.
    pub(crate) fn add<T: Resource>(&mut self, fields: &[Field<T>], row: &Row<'_, T>) {
        for (field, widest) in fields.iter().zip(&mut self.widths) {
            let start = self.text.len();
            field.write(row, &mut Cell::new(&mut self.text, self.times));
            self.ends.push(self.text.len());
            *widest = (*widest).max(width(&self.text[start..]));
        }
    }

    /// Writes the table, made to fit the terminal's width if there is one.
    /// Returns the headers of the columns that were left out.
    pub(crate) fn write(
        &self,
        out: &mut dyn Write,
        terminal_width: Option<usize>,
        paint: Paint,
        with_headers: bool,
    ) -> io::Result<Vec<String>> {
        let layout = self.layout(terminal_width);
        if with_headers {
            self.write_row(out, &layout, |i| &self.headers[i].0, Paint::none())?;
        }
        let mut start = 0;
        for ends in self.ends.chunks(self.headers.len()) {
            let row_start = start;
            let cell = |i: usize| {
                let begin = if i == 0 { row_start } else { ends[i - 1] };
                &self.text[begin..ends[i]]
            };
            self.write_row(out, &layout, cell, paint)?;
            start = ends[self.headers.len() - 1];
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
            let kind = self.headers[i].1.kind;
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
        let elastic = |i: usize| self.headers[i].1.kind == Kind::Elastic;
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
                .filter_map(|(position, &(i, _))| Some((self.headers[i].1.rank?, position)));
            let Some((_, position)) = ranked.min() else {
                break;
            };
            left_out.push(self.headers[shown.remove(position).0].0.clone());
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
    use std::borrow::Cow;

    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    struct Sized(&'static str, u64);

    impl Resource for Sized {
        const NOUN: &'static str = "thing";

        const ATTRIBUTES: &'static [&'static str] = &[];

        const COLUMNS: &'static [Column<Self>] = &[
            Column::new("NAME", |row: &Self, cell| cell.text(row.0)).elastic(),
            Column::new("SIZE", |row: &Self, cell| cell.number(row.1)).right(),
            Column::new("NOTE", |_, cell| cell.text("something")).rank(1),
            Column::new("MORE", |_, cell| cell.text("else")).rank(0),
        ];

        fn id(&self) -> Cow<'_, str> {
            self.0.into()
        }

        fn name(&self) -> &str {
            self.0
        }
    }

    fn table(rows: &[(&'static str, u64)], width: Option<usize>) -> (String, Vec<String>) {
        let rows: Vec<_> = rows.iter().map(|(name, size)| Sized(name, *size)).collect();
        let mut out = Vec::new();
        let fields = Field::<Sized>::all();
        let mut table = Table::new(&fields, Times::Exact);
        rows.iter()
            .for_each(|row| table.add(&fields, &Row::bare(row)));
        let left_out = table.write(&mut out, width, Paint::none(), true).unwrap();
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
