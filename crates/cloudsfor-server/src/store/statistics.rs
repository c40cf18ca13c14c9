//! How much of everything there is, for whoever runs the service.

use rusqlite::Connection;

use super::StoreError;

/// Counts, over all accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// VMs by status.
    pub vms: Vec<(String, i64)>,
    /// Accounts.
    pub accounts: i64,
    /// Operations that have not ended.
    pub pending: i64,
    /// When the oldest of them was accepted, in milliseconds.
    pub oldest_pending_ms: Option<i64>,
}

/// Counts everything; looks at every VM.
pub fn read(connection: &Connection) -> Result<Statistics, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT status, count(*) FROM vms WHERE deleted_at IS NULL GROUP BY status",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let vms = rows.collect::<Result<_, _>>()?;
    let accounts = connection
        .prepare_cached("SELECT count(*) FROM accounts")?
        .query_row([], |row| row.get(0))?;
    let (pending, oldest_pending_ms) = connection
        .prepare_cached(
            "SELECT count(*), min(started_at_ms) FROM operations WHERE due_at_ms IS NOT NULL",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Statistics {
        vms,
        accounts,
        pending,
        oldest_pending_ms,
    })
}
