//! Which addresses are in use. A pool is a range of numbers; what address a
//! number stands for is the network's business.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;

/// Takes the next free host of `pool` for a VM, going round from the one that
/// was taken last; `None` if all `hosts` are in use.
pub fn take(
    connection: &Connection,
    pool: &str,
    hosts: Range<u32>,
    vm_id: &str,
) -> Result<Option<u32>, StoreError> {
    let last: Option<u32> = connection
        .prepare_cached("SELECT last_host FROM address_pools WHERE pool = ?")?
        .query_row([pool], |row| row.get(0))
        .optional()?;
    let next = last.map_or(hosts.start, |last| last.wrapping_add(1));
    let Some(host) = first_free(connection, pool, next, hosts)? else {
        return Ok(None);
    };
    connection
        .prepare_cached("INSERT INTO addresses (pool, host, vm_id) VALUES (?, ?, ?)")?
        .execute(params![pool, host, vm_id])?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO address_pools (pool, last_host) VALUES (?, ?)")?
        .execute(params![pool, host])?;
    Ok(Some(host))
}

/// The first free host at or after `from`, or else before it.
fn first_free(
    connection: &Connection,
    pool: &str,
    from: u32,
    hosts: Range<u32>,
) -> Result<Option<u32>, StoreError> {
    let from = from.clamp(hosts.start, hosts.end);
    for (start, end) in [(from, hosts.end), (hosts.start, from)] {
        let mut taken = connection.prepare_cached(
            "SELECT host FROM addresses WHERE pool = ? AND host >= ? AND host < ? ORDER BY host",
        )?;
        let mut taken = taken.query(params![pool, start, end])?;
        let mut candidate = start;
        while let Some(row) = taken.next()? {
            if row.get::<_, u32>(0)? != candidate {
                break;
            }
            candidate += 1;
        }
        if candidate < end {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

/// Frees all addresses of a VM.
pub fn release(connection: &Connection, vm_id: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM addresses WHERE vm_id = ?")?
        .execute([vm_id])?;
    Ok(())
}

/// Frees a VM's address of one pool.
pub fn release_of_pool(connection: &Connection, pool: &str, vm_id: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM addresses WHERE pool = ? AND vm_id = ?")?
        .execute([pool, vm_id])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema::in_memory;

    #[test]
    fn hosts_go_round_and_none_is_given_twice() {
        let connection = in_memory();
        let take = |vm: &str| take(&connection, "public", 0..3, vm).unwrap();
        assert_eq!(
            (take("a"), take("b"), take("c")),
            (Some(0), Some(1), Some(2))
        );
        assert_eq!(take("d"), None);
        release(&connection, "b").unwrap();
        assert_eq!(take("d"), Some(1));
        release(&connection, "a").unwrap();
        release(&connection, "d").unwrap();
        // The one just freed comes last.
        assert_eq!((take("e"), take("f")), (Some(0), Some(1)));
    }

    #[test]
    fn pools_are_apart() {
        let connection = in_memory();
        assert_eq!(take(&connection, "public", 0..1, "a").unwrap(), Some(0));
        assert_eq!(take(&connection, "private-1", 0..1, "a").unwrap(), Some(0));
    }

    #[test]
    fn a_pool_can_get_other_hosts() {
        let connection = in_memory();
        let take = |hosts, vm: &str| take(&connection, "bridged", hosts, vm).unwrap();
        assert_eq!(take(100..102, "a"), Some(100));
        assert_eq!(take(200..202, "b"), Some(200));
        assert_eq!(take(100..102, "c"), Some(101));
        assert_eq!(take(100..102, "d"), None);
    }
}
