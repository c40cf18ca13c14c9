//! How the operator set the name service up.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use super::operations::unreadable;

/// The operator's settings, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameServiceRow {
    /// The service's own name.
    pub name: String,
    /// The addresses of its name server.
    pub addresses: Vec<String>,
    /// Suffixes that no account may have.
    pub reserved: Vec<String>,
}

/// What a service wrote down when it started; `None` if none did.
pub fn get(connection: &Connection) -> Result<Option<NameServiceRow>, StoreError> {
    let list = |row: &rusqlite::Row<'_>, column: usize| {
        let text = row.get_ref(column)?.as_str()?;
        serde_json::from_str(text).map_err(|_| unreadable(column, text))
    };
    Ok(connection
        .prepare_cached("SELECT name, addresses, reserved FROM name_service WHERE id = 1")?
        .query_row([], |row| {
            Ok(NameServiceRow {
                name: row.get(0)?,
                addresses: list(row, 1)?,
                reserved: list(row, 2)?,
            })
        })
        .optional()?)
}

/// Puts these settings in the place of any others.
pub fn set(connection: &Connection, row: &NameServiceRow) -> Result<(), StoreError> {
    let json = |list: &[String]| serde_json::to_string(list).expect("a list of strings is JSON");
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO name_service (id, name, addresses, reserved)
             VALUES (1, ?, ?, ?)",
        )?
        .execute(params![row.name, json(&row.addresses), json(&row.reserved)])?;
    Ok(())
}
