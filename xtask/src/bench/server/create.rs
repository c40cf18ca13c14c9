//! Durable creations, against the same statements alone.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::load::Clients;
use super::{CONNECTIONS, Error, Service, request};
use crate::bench::Report;
use crate::bench::measure::{Pair, paired};

const ROUNDS: usize = 7;

/// Creations in a round, by one client and by many.
const BY_ONE: usize = 200;
const BY_MANY: usize = 1_920;

/// Creations that share a commit when many clients wait.
const GROUP: usize = 16;

const BODY: &str = r#"{"name":"example.com","region":"moscow_01","image":"fedora-19","size":1,"cpu":1,"disk_size":10}"#;

pub(super) fn measure(report: &mut Report) -> Result<(), Error> {
    let by_one = one_client()?;
    show(
        report,
        "create, 1 client, against one commit each",
        &by_one,
        BY_ONE,
        1.0 / 0.5,
    );
    let by_many = many_clients(0)?;
    let what = format!("create, {CONNECTIONS} clients, against groups of {GROUP}");
    show(report, &what, &by_many, BY_MANY, 1.0 / 0.6);

    let one = by_one.first.as_secs_f64() / BY_ONE as f64;
    let many = by_many.first.as_secs_f64() / BY_MANY as f64;
    let what = format!("create, {CONNECTIONS} clients against 1, time for each");
    report.at_most(what, many / one, 0.5, "x", "");

    let crowded = many_clients(10_000)?;
    let many_more = crowded.first.as_secs_f64() / BY_MANY as f64;
    report.at_most(
        "create, with 10,000 VMs against none",
        many_more / many,
        1.2,
        "x",
        "",
    );
    Ok(())
}

fn show(report: &mut Report, what: &str, pair: &Pair, number: usize, limit: f64) {
    let each_second = |time: Duration| number as f64 / time.as_secs_f64();
    let notes = format!(
        "{:.0}/s against {:.0}/s",
        each_second(pair.first),
        each_second(pair.second)
    );
    report.at_most(what, pair.ratio, limit, "x", notes);
}

fn one_client() -> Result<Pair, Error> {
    let service = Service::start()?;
    let mut client = Clients::connect(service.address, 1, request("POST", "/vms", BODY))?;
    let alone = Statements::new()?;
    Ok(paired(
        ROUNDS,
        || client.send(BY_ONE),
        || alone.run(BY_ONE, 1),
    ))
}

fn many_clients(vms: usize) -> Result<Pair, Error> {
    let service = Service::start()?;
    service.add(vms)?;
    let mut clients =
        Clients::connect(service.address, CONNECTIONS, request("POST", "/vms", BODY))?;
    let alone = Statements::new()?;
    Ok(paired(
        ROUNDS,
        || clients.send(BY_MANY),
        || alone.run(BY_MANY, GROUP),
    ))
}

/// The statements of a creation, as the service has them, on tables of its own.
struct Statements {
    connection: Connection,
    next: Cell<u32>,
    _service: Service,
}

impl Statements {
    fn new() -> Result<Self, Error> {
        // The tables and the account are the service's; nobody else uses them.
        let service = Service::start()?;
        let connection = open(&service.store())?;
        Ok(Self {
            connection,
            next: Cell::new(0),
            _service: service,
        })
    }

    fn run(&self, number: usize, group: usize) {
        for _ in 0..number / group {
            self.connection
                .execute_batch("BEGIN IMMEDIATE")
                .expect("nobody else writes");
            for _ in 0..group {
                self.create().expect("the statements are right");
            }
            self.connection
                .execute_batch("COMMIT")
                .expect("nobody else writes");
        }
    }

    fn create(&self) -> rusqlite::Result<()> {
        let number = self.next.replace(self.next.get() + 1);
        let id = format!("{number:032x}");
        let c = &self.connection;
        c.execute_batch("SAVEPOINT job")?;
        c.prepare_cached(
            "UPDATE accounts SET vm_count = vm_count + 1 WHERE id = 1 AND vm_count < vm_limit",
        )?
        .execute([])?;
        c.prepare_cached(
            "INSERT INTO address_pools (pool, last_host) VALUES ('public', ?1)
             ON CONFLICT (pool) DO UPDATE SET last_host = ?1",
        )?
        .execute([number])?;
        c.prepare_cached("INSERT INTO addresses (pool, host, vm_id) VALUES ('public', ?, ?)")?
            .execute(params![number, id])?;
        c.prepare_cached(
            "INSERT INTO vms (id, account_id, name, region, distro, memory, vcpus, disk, plan,
                 status, locked, features, labels, ssh_keys, protected, public_host, created_at,
                 image_id, image_name)
             VALUES (?1, 1, 'example.com', 'moscow_01', 'fedora-19', 1.0, 1, 10, 'PLAN_ID_FIX', 'new', 1,
                 '[\"simulated\"]', '{}', '[]', 0, ?2, 1, 'x', 'Fedora 19')",
        )?.execute(params![id, number])?;
        c.prepare_cached(
            "INSERT INTO usage (vm_id, account_id, plan, memory, vcpus, disk, running, started_at)
             VALUES (?, 1, 'PLAN_ID_FIX', 1.0, 1, 10, 0, 1)",
        )?
        .execute([&id])?;
        c.prepare_cached(
            "INSERT INTO operations (id, account_id, vm_id, kind, arguments, region, status,
                 started_at, started_at_ms, due_at_ms)
             VALUES (?1, 1, ?1, 'create', '{}', 'moscow_01', 'in-progress', 1, 1, 9000000000000)",
        )?
        .execute([&id])?;
        for kind in ["action", "vm"] {
            c.prepare_cached(
                "INSERT INTO events (account_id, kind, data, created_at) VALUES (1, ?, ?, 1)",
            )?
            .execute(params![kind, "x".repeat(500)])?;
        }
        c.prepare_cached(
            "INSERT INTO audit (at_ms, account_id, login, address, operation, target, request_id)
             VALUES (1, 1, 'default', '127.0.0.1', 'create_vm', ?1, ?1)",
        )?
        .execute([&id])?;
        c.execute_batch("RELEASE job")
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    Ok(connection)
}
