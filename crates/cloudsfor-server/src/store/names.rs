//! Names in the order of a zone: by their paths, which are the labels from the
//! last to the first, in lower case, each followed by a dot (`com.example.www.`).
//!
//! Whatever is below a name is one range of an index, so no look-up reads more
//! than what it finds. Each names its index: a look-up that can't use it fails in
//! the tests instead of reading a whole domain.

use cloudsfor_types::{RecordSpec, RecordType, VmId};
use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use super::domains::{RECORD, RecordRow, record};

/// The path of a name without a final dot.
pub fn path(name: &str) -> String {
    let mut path = String::with_capacity(name.len() + 1);
    for label in name.rsplit('.') {
        path.push_str(label);
        path.push('.');
    }
    path.make_ascii_lowercase();
    path
}

/// The path of a record's relative name within its domain.
pub fn relative_path(relative: &str) -> String {
    match relative {
        "@" => String::new(),
        _ => path(relative),
    }
}

/// Where the range ends that begins with `path` and has all that is at or below
/// it: `/` is the character after `.`.
pub(super) fn end_of(path: &str) -> String {
    match path.strip_suffix('.') {
        Some(start) => format!("{start}/"),
        // After every path.
        None => "~".into(),
    }
}

/// Whether a domain has a record at or below a path. The names of addresses are
/// of another zone.
pub fn exists(connection: &Connection, domain_id: i64, path: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM records INDEXED BY records_by_path
             WHERE domain_id = ? AND path >= ? AND path < ? LIMIT 1",
        )?
        .exists(params![domain_id, path, end_of(path)])?)
}

/// A record of this type at a path, but for one.
pub fn of_type(
    connection: &Connection,
    domain_id: i64,
    path: &str,
    kind: &RecordType,
    but: Option<u32>,
) -> Result<Option<u32>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT id FROM records INDEXED BY records_by_path
             WHERE domain_id = ? AND path = ? AND type = ? AND id IS NOT ? LIMIT 1",
        )?
        .query_row(params![domain_id, path, kind.as_str(), but], |row| {
            row.get(0)
        })
        .optional()?)
}

/// Any record at a path, but for one.
pub fn any(
    connection: &Connection,
    domain_id: i64,
    path: &str,
    but: Option<u32>,
) -> Result<Option<u32>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT id FROM records INDEXED BY records_by_path
             WHERE domain_id = ? AND path = ? AND id IS NOT ? LIMIT 1",
        )?
        .query_row(params![domain_id, path, but], |row| row.get(0))
        .optional()?)
}

/// At most `limit` records of one type at a path, oldest first.
pub fn set(
    connection: &Connection,
    domain_id: i64,
    path: &str,
    kind: &RecordType,
    limit: u32,
) -> Result<Vec<RecordRow>, StoreError> {
    let sql = format!(
        "SELECT {RECORD} FROM records INDEXED BY records_by_path
         WHERE domain_id = ? AND path = ? AND type = ? ORDER BY created_at, id LIMIT ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![domain_id, path, kind.as_str(), limit], record)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The record at a path that says the same: all its fields are. Host names are
/// compared without the case of their letters, texts byte by byte.
pub fn same(
    connection: &Connection,
    domain_id: i64,
    path: &str,
    spec: &RecordSpec,
    but: Option<u32>,
) -> Result<Option<u32>, StoreError> {
    let collation = if spec.r#type.has_target() {
        "NOCASE"
    } else {
        "BINARY"
    };
    let sql = format!(
        "SELECT id FROM records INDEXED BY records_by_path
         WHERE domain_id = ? AND path = ? AND type = ? AND data = ? COLLATE {collation}
             AND priority IS ? AND port IS ? AND weight IS ? AND id IS NOT ? LIMIT 1"
    );
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(
            params![
                domain_id,
                path,
                spec.r#type.as_str(),
                spec.data,
                spec.priority,
                spec.port,
                spec.weight,
                but,
            ],
            |row| row.get(0),
        )
        .optional()?)
}

/// How many records of one type are at a path but for one of them, and how many
/// characters their data have together.
pub fn size_of_set(
    connection: &Connection,
    domain_id: i64,
    path: &str,
    kind: &RecordType,
    but: Option<u32>,
) -> Result<(usize, usize), StoreError> {
    let (count, length): (i64, i64) = connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(length(data)), 0) FROM records INDEXED BY records_by_path
             WHERE domain_id = ? AND path = ? AND type = ? AND id IS NOT ?",
        )?
        .query_row(params![domain_id, path, kind.as_str(), but], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok((count as usize, length as usize))
}

/// Notes the name of a VM's address: `None` for a VM whose name can be in no
/// domain.
pub fn name_address(
    connection: &Connection,
    path: &str,
    vm_id: &VmId,
    name: Option<&str>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO address_names (path, vm_id, name) VALUES (?, ?, ?)",
        )?
        .execute(params![path, vm_id.as_str(), name])?;
    Ok(())
}

/// The names of the address at a path; `None` stands for the name that the
/// service gives it.
pub fn names_of_address(
    connection: &Connection,
    path: &str,
    limit: u32,
) -> Result<Vec<Option<String>>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT name FROM address_names WHERE path = ? ORDER BY vm_id LIMIT ?")?;
    let names = statement.query_map(params![path, limit], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Whether an address at or below a path has a name.
pub fn address_exists(connection: &Connection, path: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM address_names WHERE path >= ? AND path < ? LIMIT 1")?
        .exists(params![path, end_of(path)])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_name_is_within_its_range() {
        let range = |name: &str| path(name)..end_of(&path(name));
        let example = range("Example.com");
        for within in [
            "example.com",
            "a.example.com",
            "*.b.example.com",
            "_x.EXAMPLE.com",
        ] {
            assert!(example.contains(&path(within)), "{within}");
        }
        for beside in [
            "com",
            "example.org",
            "an-example.com",
            "example-a.com",
            "examplea.com",
        ] {
            assert!(!example.contains(&path(beside)), "{beside}");
        }
        assert!(end_of("") > path("zzz"));
        assert_eq!(relative_path("@"), "");
    }
}
