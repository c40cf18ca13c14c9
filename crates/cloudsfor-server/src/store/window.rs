//! Parts of lists that are ordered by time, then id.

use rusqlite::types::Value;

/// A place in a list, between items.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The time of the item that it is beside, in seconds.
    pub time: i64,
    /// That item's id.
    pub id: String,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// All of it.
    All,
    /// `limit` items after the first `offset`.
    Offset {
        /// Items to pass over.
        offset: u64,
        /// Items to return at most.
        limit: u32,
    },
    /// The so many items that follow a position.
    After(Position, u32),
    /// The so many items before a position.
    Before(Position, u32),
}

impl Window {
    /// What follows a query's conditions: further ones, the order by the column
    /// `time` and by `id`, and the limit. Items before a position come in
    /// reverse: see [`Window::in_order`].
    pub(super) fn sql(&self, time: &str, values: &mut Vec<Value>) -> String {
        let beside =
            |position: &Position, limit: u32, comparison: &str, values: &mut Vec<Value>| {
                let id = position.id.clone();
                values.extend([position.time.into(), id.into(), i64::from(limit).into()]);
                format!(" AND ({time}, id) {comparison} (?, ?)")
            };
        match self {
            Self::All => format!(" ORDER BY {time}, id"),
            Self::Offset { offset, limit } => {
                let offset = i64::try_from(*offset).unwrap_or(i64::MAX);
                values.extend([i64::from(*limit).into(), offset.into()]);
                format!(" ORDER BY {time}, id LIMIT ? OFFSET ?")
            }
            Self::After(position, limit) => {
                let condition = beside(position, *limit, ">", values);
                format!("{condition} ORDER BY {time}, id LIMIT ?")
            }
            Self::Before(position, limit) => {
                let condition = beside(position, *limit, "<", values);
                format!("{condition} ORDER BY {time} DESC, id DESC LIMIT ?")
            }
        }
    }

    /// The items that a query found, in the list's own order.
    pub(super) fn in_order<T>(&self, mut items: Vec<T>) -> Vec<T> {
        if matches!(self, Self::Before(..)) {
            items.reverse();
        }
        items
    }

    /// This part of a list that is in memory as a whole.
    pub fn of<T>(&self, mut items: Vec<(Position, T)>) -> Vec<(Position, T)> {
        let keep = |limit: &u32| *limit as usize;
        match self {
            Self::All => items,
            Self::Offset { offset, limit } => {
                let offset = usize::try_from(*offset).unwrap_or(usize::MAX);
                items.into_iter().skip(offset).take(keep(limit)).collect()
            }
            Self::After(position, limit) => {
                items.retain(|(at, _)| at > position);
                items.truncate(keep(limit));
                items
            }
            Self::Before(position, limit) => {
                items.retain(|(at, _)| at < position);
                let surplus = items.len().saturating_sub(keep(limit));
                items.split_off(surplus)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(time: i64, id: &str) -> Position {
        Position {
            time,
            id: id.into(),
        }
    }

    #[test]
    fn a_window_cuts_the_same_part_of_any_list() {
        let items: Vec<_> = [(1, "a"), (1, "b"), (2, "a"), (3, "c")]
            .map(|(t, id)| (position(t, id), id))
            .into();
        let ids = |window: &Window| -> Vec<_> {
            window
                .of(items.clone())
                .into_iter()
                .map(|(at, _)| (at.time, at.id))
                .collect()
        };
        let of = |pairs: &[(i64, &str)]| -> Vec<_> {
            pairs.iter().map(|(t, id)| (*t, (*id).to_owned())).collect()
        };
        assert_eq!(ids(&Window::All).len(), 4);
        assert_eq!(
            ids(&Window::Offset {
                offset: 1,
                limit: 2
            }),
            of(&[(1, "b"), (2, "a")])
        );
        assert_eq!(
            ids(&Window::Offset {
                offset: 9,
                limit: 2
            }),
            of(&[])
        );
        assert_eq!(
            ids(&Window::After(position(1, "a"), 2)),
            of(&[(1, "b"), (2, "a")])
        );
        // What the position names may be gone.
        assert_eq!(
            ids(&Window::After(position(1, "aa"), 9)),
            of(&[(1, "b"), (2, "a"), (3, "c")])
        );
        assert_eq!(
            ids(&Window::Before(position(3, "c"), 2)),
            of(&[(1, "b"), (2, "a")])
        );
        assert_eq!(ids(&Window::Before(position(0, ""), 2)), of(&[]));
    }
}
