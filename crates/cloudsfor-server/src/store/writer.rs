//! The one thread that writes.
//!
//! It takes jobs from a bounded channel, runs each in a savepoint of one
//! transaction, commits for all that wait, and only then answers. So many small
//! mutations share one commit, a job that fails leaves nothing behind, and a
//! client that hangs up cancels nothing that was accepted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

use super::StoreError;
use super::account_changes::{AccountChanges, Touched};
use super::error::is_temporary;

/// Jobs that may wait; further ones wait to be accepted.
const QUEUE: usize = 1024;

/// Jobs that share one commit at most.
const BATCH: usize = 256;

/// How long to write without a pause.
const TURN: Duration = Duration::from_millis(50);

/// The pause then, in which other processes on the directory get their turn: a
/// few times as long as they wait between two tries.
const GIVE_WAY: Duration = Duration::from_millis(4);

/// Runs within the transaction if there is one, and leaves behind what answers
/// the caller once it is known whether the commit succeeded.
type Job = Box<dyn FnOnce(Option<&Connection>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

/// Why nothing of a batch was kept.
#[derive(Debug, Clone)]
struct CommitError {
    message: String,
    is_temporary: bool,
}

#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    changes: watch::Receiver<u64>,
    by_account: Arc<AccountChanges>,
}

impl Writer {
    pub(super) fn start(mut connection: Connection) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (changed, changes) = watch::channel(0);
        let by_account = Arc::new(AccountChanges::default());
        let announce = Announce {
            touched: Touched::of(&mut connection)?,
            changed,
            by_account: by_account.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(&connection, queue, &announce))
            .map_err(|error| StoreError::Commit {
                message: format!("can't start the writer: {error}"),
                is_temporary: true,
            })?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
            changes,
            by_account,
        })
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    pub(super) fn by_account(&self) -> &AccountChanges {
        &self.by_account
    }

    pub(super) async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let jobs = self.jobs.lock().clone();
        let jobs = jobs.ok_or(StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let result = transaction.map(|connection| in_savepoint(connection, job));
            Box::new(move |commit| {
                let result = match (commit, result) {
                    (Ok(()), Some(result)) => result,
                    (Ok(()), None) => Err(StoreError::Closed.into()),
                    // What the job saw of the others in the batch never happened
                    // either, so a refusal of its own counts no more.
                    (
                        Err(CommitError {
                            message,
                            is_temporary,
                        }),
                        _,
                    ) => Err(StoreError::Commit {
                        message,
                        is_temporary,
                    }
                    .into()),
                };
                // A caller that is gone no longer wants to know.
                let _ = answer.send(result);
            })
        });
        jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered
            .await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    pub(super) async fn close(&self) {
        let jobs = self.jobs.lock().take();
        let thread = self.thread.lock().take();
        drop(jobs);
        if let Some(thread) = thread {
            // The thread ends when the last accepted job is answered.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// Tells those who wait of a commit.
struct Announce {
    touched: Touched,
    changed: watch::Sender<u64>,
    by_account: Arc<AccountChanges>,
}

fn run(connection: &Connection, mut queue: mpsc::Receiver<Job>, announce: &Announce) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut turn_began = Instant::now();
    // Where others got their turn meanwhile, bit by bit.
    let mut idle = Duration::ZERO;
    loop {
        let idle_from = Instant::now();
        if queue.blocking_recv_many(&mut batch, BATCH) == 0 {
            return;
        }
        idle += idle_from.elapsed();
        if idle >= GIVE_WAY {
            (turn_began, idle) = (Instant::now(), Duration::ZERO);
        }
        let mut answers = Vec::with_capacity(batch.len());
        let outcome = run_batch(connection, &mut batch, &mut answers);
        let touched = announce.touched.take();
        if let Err(error) = &outcome {
            tracing::error!(message = %error.message, "the store could not commit");
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            answers.extend(batch.drain(..).map(|job| job(None)));
        } else {
            announce.changed.send_modify(|number| *number += 1);
            announce.by_account.announce(&touched);
        }
        for answer in answers {
            answer(outcome.clone());
        }
        if turn_began.elapsed() > TURN {
            std::thread::sleep(GIVE_WAY);
            (turn_began, idle) = (Instant::now(), Duration::ZERO);
        }
    }
}

/// Runs the jobs and commits. After an error the jobs that were not run are
/// still in the batch.
fn run_batch(
    connection: &Connection,
    batch: &mut Vec<Job>,
    answers: &mut Vec<Answer>,
) -> Result<(), CommitError> {
    let failed = |error: rusqlite::Error| CommitError {
        is_temporary: is_temporary(&error),
        message: error.to_string(),
    };
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(failed)?;
    let mut jobs = std::mem::take(batch).into_iter();
    for job in jobs.by_ref() {
        answers.push(job(Some(connection)));
        // A full disk or a failing one makes SQLite end the whole transaction:
        // what ran so far is gone, and nothing may run outside of one.
        if connection.is_autocommit() {
            *batch = jobs.collect();
            return Err(CommitError {
                message: "the transaction was rolled back: is the disk full?".into(),
                is_temporary: true,
            });
        }
    }
    connection.execute_batch("COMMIT").map_err(failed)
}

fn in_savepoint<T, E: From<StoreError>>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let run = |sql| -> Result<(), E> {
        connection
            .prepare_cached(sql)
            .and_then(|mut s| s.execute([]))
            .map_err(StoreError::from)?;
        Ok(())
    };
    run("SAVEPOINT job")?;
    let result = catch_unwind(AssertUnwindSafe(|| job(connection)))
        .unwrap_or_else(|_| Err(StoreError::Panicked.into()));
    match result {
        Ok(value) => run("RELEASE job").map(|()| value),
        Err(error) => {
            if !connection.is_autocommit() {
                run("ROLLBACK TO job")?;
                run("RELEASE job")?;
            }
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> (Writer, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let connection = Connection::open(dir.path().join("db")).unwrap();
        connection
            .execute_batch("CREATE TABLE t (n INTEGER UNIQUE) STRICT")
            .unwrap();
        (Writer::start(connection).unwrap(), dir)
    }

    fn insert(connection: &Connection, n: i64) -> Result<(), StoreError> {
        connection.execute("INSERT INTO t VALUES (?)", [n])?;
        Ok(())
    }

    async fn count(writer: &Writer) -> i64 {
        writer
            .write(|c| {
                Ok::<_, StoreError>(c.query_row("SELECT count(*) FROM t", [], |r| r.get(0))?)
            })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_job_that_fails_leaves_nothing_and_harms_no_other() {
        let (writer, _dir) = writer();
        let good = writer.write(|c| insert(c, 1));
        let failing = writer.write(|c| {
            insert(c, 2)?;
            insert(c, 1)
        });
        let panicking = writer.write(|c| -> Result<(), StoreError> {
            insert(c, 3)?;
            panic!("on purpose")
        });
        let last = writer.write(|c| insert(c, 4));
        let (good, failing, panicking, last) = tokio::join!(good, failing, panicking, last);
        assert!(good.is_ok() && last.is_ok());
        assert!(matches!(failing, Err(StoreError::Sqlite(_))));
        assert!(matches!(panicking, Err(StoreError::Panicked)));
        assert_eq!(count(&writer).await, 2);
    }

    #[tokio::test]
    async fn what_was_accepted_is_finished_though_the_caller_is_gone() {
        let (writer, _dir) = writer();
        {
            let write = std::pin::pin!(writer.write(|c| insert(c, 1)));
            // One poll sends the job; then the caller hangs up.
            let _ = futures_poll_once(write).await;
        }
        assert_eq!(count(&writer).await, 1);
    }

    async fn futures_poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
        std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_ready())).await
    }

    #[tokio::test]
    async fn a_closed_writer_has_finished_and_takes_no_more() {
        let (writer, dir) = writer();
        writer.write(|c| insert(c, 1)).await.unwrap();
        writer.close().await;
        assert!(matches!(
            writer.write(|c| insert(c, 2)).await,
            Err(StoreError::Closed)
        ));
        let connection = Connection::open(dir.path().join("db")).unwrap();
        let n: i64 = connection
            .query_row("SELECT count(*) FROM t", [], |r| r.get(0))
            .unwrap();
        assert_eq!(n, 1);
    }

    #[tokio::test]
    async fn each_commit_is_announced() {
        let (writer, _dir) = writer();
        let mut changes = writer.changes();
        changes.mark_unchanged();
        writer.write(|c| insert(c, 1)).await.unwrap();
        assert!(changes.has_changed().unwrap());
    }
}
