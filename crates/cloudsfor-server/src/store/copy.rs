//! Copies of a whole store: made while it is in use, and put back.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::lock::Alone;
use super::{Store, StoreError, make_private, schema};

/// What a copy says of itself.
const NOTE: &str = "The state of a CloudsFor cloud: accounts, VMs, actions, keys, networks, \
    domains and usage. The disks, images and snapshots of real VMs are not in it: they are in \
    the folder qemu of the data directory.";

/// Writes the store as it is at one moment to `file`, which must not exist.
pub(crate) fn save(store: &Store, file: &Path) -> Result<(), StoreError> {
    let failed = at(file);
    if file.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let new = beside(file, "new");
    let _ = fs::remove_file(&new);
    // For its owner alone: it has the hashes of passwords.
    make_private(&new)?;
    let written = store
        .read(|c| -> Result<(), StoreError> {
            c.execute("VACUUM INTO ?", [new.to_string_lossy()])?;
            let copy = Connection::open(&new)?;
            copy.execute("INSERT INTO backup_note (text) VALUES (?)", [NOTE])?;
            copy.close().map_err(|(_, error)| error)?;
            Ok(())
        })
        .and_then(|()| {
            File::open(&new)
                .and_then(|file| file.sync_all())
                .and_then(|()| fs::hard_link(&new, file))
                .map_err(&failed)
        });
    let _ = fs::remove_file(&new);
    written?;
    sync_directory(file).map_err(failed)
}

/// Puts the copy `file` in the place of the store at `path`. What was there is
/// kept beside it, and its name is in the answer; `None` if the store is in use.
#[expect(clippy::option_option, reason = "in use, or whether there was one")]
pub(crate) fn load(file: &Path, path: &Path) -> Result<Option<Option<PathBuf>>, StoreError> {
    check(file)?;
    let failed = at(path);
    if let Some(dir) = path.parent() {
        super::make_private_dir(dir).map_err(&failed)?;
    }
    let Some(_alone) = Alone::with(path).map_err(&failed)? else {
        return Ok(None);
    };
    let new = beside(path, "new");
    let _ = fs::remove_file(&new);
    make_private(&new)?;
    fs::copy(file, &new).map_err(&failed)?;
    {
        let copy = Connection::open(&new)?;
        schema::migrate(&copy, &new)?;
        copy.execute("DELETE FROM backup_note", [])?;
        // One file, as it came.
        copy.pragma_update(None, "journal_mode", "DELETE")?;
    }
    File::options()
        .write(true)
        .open(&new)
        .and_then(|file| file.sync_all())
        .map_err(&failed)?;
    let replaced = if path.exists() {
        Some(set_aside(path)?)
    } else {
        None
    };
    // From here on it is the new one, whatever happens.
    fs::rename(&new, path).map_err(&failed)?;
    sync_directory(path).map_err(&failed)?;
    Ok(Some(replaced))
}

/// The tables that stay when a cloud is emptied: who may use it, and what it was.
const STAYING: [&str; 4] = ["accounts", "passwords", "audit", "name_service"];

/// Empties the cloud: accounts and their passwords stay, and what was watched by
/// cursor is known to be gone.
pub(crate) fn clear(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    for table in tables(connection)? {
        if !STAYING.contains(&table.as_str()) {
            connection.execute_batch(&format!("DELETE FROM \"{table}\""))?;
        }
    }
    Ok(connection.execute_batch("UPDATE accounts SET vm_count = 0")?)
}

/// Puts everything that the store `file` has in the place of what is there.
pub(crate) fn replace(connection: &Connection, file: &Path) -> Result<(), StoreError> {
    let source = Connection::open(file)?;
    schema::check(&source, file)?;
    schema::migrate(&source, file)?;
    connection.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    for table in tables(connection)? {
        // That is of the running service, not of its state.
        if table == "name_service" {
            continue;
        }
        connection.execute_batch(&format!("DELETE FROM \"{table}\""))?;
        // The columns are this store's own: nothing of the file gets into a statement.
        let own = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns = own.column_names().collect::<Vec<_>>().join("\", \"");
        let count = own.column_count();
        let mut rows = source.prepare(&format!("SELECT \"{columns}\" FROM \"{table}\""))?;
        let places = vec!["?"; count].join(", ");
        let mut insert = connection.prepare(&format!(
            "INSERT INTO \"{table}\" (\"{columns}\") VALUES ({places})"
        ))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let values: Result<Vec<Value>, _> = (0..count).map(|column| row.get(column)).collect();
            insert.execute(params_from_iter(values?))?;
        }
    }
    Ok(())
}

fn tables(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Keeps a store under another name, whole in one file. Its own name stays until
/// it is taken over.
fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let failed = at(path);
    // One that is broken can't be made whole; it is kept as it is.
    let made_whole = Connection::open(path).and_then(|c| {
        c.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;")
    });
    let mut number = 1;
    let aside = loop {
        let aside = beside(path, &format!("replaced-{number}"));
        if !aside.exists() {
            break aside;
        }
        number += 1;
    };
    fs::hard_link(path, &aside).map_err(&failed)?;
    for end in ["wal", "shm"] {
        let part = beside_with(path, &format!("-{end}"));
        if !part.exists() {
            continue;
        }
        if made_whole.is_ok() {
            fs::remove_file(&part).map_err(&failed)?;
        } else {
            fs::rename(&part, beside_with(&aside, &format!("-{end}"))).map_err(&failed)?;
        }
    }
    Ok(aside)
}

/// Whether a file is a whole store of a version that this program knows.
pub(crate) fn check(file: &Path) -> Result<(), StoreError> {
    let unusable = |source| StoreError::Open {
        path: file.to_owned(),
        source,
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(unusable)?;
    schema::check(&connection, file)?;
    let found: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(unusable)?;
    if found != "ok" {
        return Err(StoreError::Damaged {
            path: file.to_owned(),
            found,
        });
    }
    Ok(())
}

fn beside(path: &Path, what: &str) -> PathBuf {
    beside_with(path, &format!(".{what}"))
}

fn beside_with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn at(path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::File {
        path: path.to_owned(),
        source,
    }
}

/// A name is durable when its directory is.
fn sync_directory(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(dir) = path.parent() {
        let dir = if dir.as_os_str().is_empty() {
            Path::new(".")
        } else {
            dir
        };
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}
