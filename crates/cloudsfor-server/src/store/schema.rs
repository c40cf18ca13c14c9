//! The tables, by version. A version that was released is never changed; the
//! next one is added behind it.

use std::path::Path;

use rusqlite::Connection;

use super::StoreError;

const VERSIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
    include_str!("schema/8.sql"),
    include_str!("schema/9.sql"),
];

/// Brings the store to the newest version, in one transaction, whichever of
/// several processes comes first. One that is there already waits for nobody.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    if version(connection, path)? == VERSIONS.len() as i64 {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let result = migrate_in_transaction(connection, path);
    connection.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    result
}

/// Whether a file that is to be put in a store's place is one: with the tables of its
/// version, and nothing beside them. A trigger of its own, say, would run with each
/// change.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let version = usize::try_from(version(connection, path)?).unwrap_or_default();
    if version == 0 {
        return Err(StoreError::NoStore {
            path: path.to_owned(),
        });
    }
    let own = Connection::open_in_memory()?;
    for version in &VERSIONS[..version] {
        own.execute_batch(version)?;
    }
    let (found, own) = (objects(connection)?, objects(&own)?);
    match found.iter().find(|object| !own.contains(object)) {
        Some((kind, name, _)) => Err(StoreError::Damaged {
            path: path.to_owned(),
            found: format!("it has a {kind} {name} that no store has"),
        }),
        None if found.len() < own.len() => Err(StoreError::Damaged {
            path: path.to_owned(),
            found: "it lacks tables of its version".into(),
        }),
        None => Ok(()),
    }
}

/// All tables, indexes, views and triggers of a store, with the statements that made
/// them.
fn objects(connection: &Connection) -> Result<Vec<(String, String, Option<String>)>, StoreError> {
    let mut statement = connection
        .prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The store's version: 0 if it is empty.
fn version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let found = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|source| StoreError::Open {
            path: path.to_owned(),
            source,
        })?;
    let known = VERSIONS.len() as i64;
    if found > known {
        return Err(StoreError::TooNew {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(found)
}

fn migrate_in_transaction(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = version(connection, path)?;
    let known = VERSIONS.len() as i64;
    for version in &VERSIONS[found as usize..] {
        connection.execute_batch(version)?;
    }
    connection.pragma_update(None, "user_version", known)?;
    Ok(())
}

/// The newest tables in memory, for the tests of one table without the others.
#[cfg(test)]
pub(super) fn in_memory() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    migrate(&connection, Path::new(":memory:")).unwrap();
    connection
        .pragma_update(None, "foreign_keys", false)
        .unwrap();
    connection
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_store_is_refused_and_left_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&connection, Path::new("cloud.db")).unwrap_err();
        assert!(
            matches!(error, StoreError::TooNew { found: 99, .. }),
            "{error}"
        );
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn migrating_twice_is_migrating_once() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection, Path::new("cloud.db")).unwrap();
        migrate(&connection, Path::new("cloud.db")).unwrap();
    }

    /// A store of the version before names had paths.
    fn of_version_6() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for version in &VERSIONS[..6] {
            connection.execute_batch(version).unwrap();
        }
        connection.pragma_update(None, "user_version", 6).unwrap();
        connection
            .execute_batch(
                r#"
            INSERT INTO accounts (id, email, uuid, vm_limit, created_at)
                VALUES (1, 'a@example.com', 'u', 9, 0);
            INSERT INTO domains (id, account_id, name, ttl, serial, created_at)
                VALUES (1, 1, 'Example.com', 1800, 1, 0);
            INSERT INTO vms (id, account_id, name, region, distro, image_id, image_name, memory,
                    vcpus, disk, plan, status, locked, features, labels, ssh_keys, protected,
                    public_host, created_at)
                VALUES ('v1', 1, 'Www.Example.com', 'r', 'd', 'i', 'n', 1, 1, 1, 'p', 'running', 0,
                        '["simulated"]', '{}', '[]', 0, 0, 0),
                    ('v2', 1, 'web', 'r', 'd', 'i', 'n', 1, 1, 1, 'p', 'running', 0,
                        '["ipv6","simulated"]', '{}', '[]', 0, 254, 0),
                    ('v3', 1, 'real', 'r', 'd', 'i', 'n', 1, 1, 1, 'p', 'running', 0,
                        '[]', '{}', '[]', 0, 0, 0);
            INSERT INTO records (domain_id, type, name, data, priority, vm_id, created_at) VALUES
                (1, 'CNAME', 'a', 'b', NULL, NULL, 0),
                (1, 'CNAME', 'c', 'b.example.com', NULL, NULL, 0),
                (1, 'CNAME', 'd', 'b.example.com.', NULL, NULL, 0),
                (1, 'MX', '@', '@', 5, NULL, 0),
                (1, 'TXT', 'www.Example.com', '@', NULL, NULL, 0),
                (1, 'TXT', 'notexample.com', 'text.', NULL, NULL, 0),
                (1, 'A', '*.x', '192.0.2.1', NULL, NULL, 0),
                (1, 'A', 'Www', '100.64.0.2', NULL, 'v1', 0),
                (1, 'PTR', '2.0.64.100.in-addr.arpa.', 'Www.Example.com.', NULL, 'v1', 0);
            "#,
            )
            .unwrap();
        connection
    }

    fn rows(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn stored_names_keep_their_meaning_when_names_get_paths() {
        let connection = of_version_6();
        migrate(&connection, Path::new("cloud.db")).unwrap();
        assert_eq!(
            rows(
                &connection,
                "SELECT name || ' ' || data || ' ' || coalesce(path, 'NULL') FROM records ORDER BY id"
            ),
            [
                "a b.Example.com. a.",
                "c b.example.com.Example.com. c.",
                "d b.example.com. d.",
                "@ Example.com. ",
                "www.Example.com.Example.com. @ com.example.www.",
                "notexample.com text. com.notexample.",
                "*.x 192.0.2.1 x.*.",
                "Www 100.64.0.2 www.",
                "2.0.64.100.in-addr.arpa. Www.Example.com. NULL",
            ]
        );
        assert_eq!(
            rows(&connection, "SELECT path FROM domains"),
            ["com.example."]
        );
        assert_eq!(
            rows(&connection, "SELECT path FROM vms ORDER BY id"),
            ["com.example.www.", "web.", "real."]
        );
        let nibbles = "arpa.ip6.f.d.6.3.6.c.6.f.7.5.6.4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.";
        assert_eq!(
            rows(
                &connection,
                "SELECT path || ' ' || coalesce(name, 'NULL') FROM address_names ORDER BY vm_id, path"
            ),
            [
                "arpa.in-addr.100.64.0.2. Www.Example.com.".to_owned(),
                "arpa.in-addr.100.64.1.0. NULL".to_owned(),
                format!("{nibbles} NULL"),
                "arpa.in-addr.127.64.0.2. NULL".to_owned(),
            ]
        );
    }
}
