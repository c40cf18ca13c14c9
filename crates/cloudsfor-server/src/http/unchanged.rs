//! Answers that are given again for as long as nothing is committed: reads of one
//! thing by its id, of which there are many where clients ask again and again.
//!
//! Such an answer depends on who asks, on the path and on the store's state alone.
//! Whether that is still the same is looked up for each request, so what is given is
//! never old: not after a change by another process, nor after one of a password.

use std::collections::HashMap;
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http_body_util::BodyExt;
use parking_lot::Mutex;

use super::call::json;
use super::error;
use crate::cloud::REMEMBERED;
use crate::digest::{Digest, Digests};
use crate::store::accounts::AccountId;
use crate::store::{Commits, Version};

/// How many bytes of answers are kept at most.
const CAPACITY: usize = 4 << 20;

/// What keeping an answer takes beside its body, about.
const OVERHEAD: usize = 128;

/// The largest body that is kept, in bytes.
const LARGEST: usize = CAPACITY / 64;

/// Keeps them.
pub(super) struct Unchanged {
    commits: Commits,
    digests: Digests,
    kept: Mutex<Kept>,
}

struct Kept {
    /// The state of the store that they hold for.
    version: Option<Version>,
    /// No longer than it is remembered who knows a password.
    until: Instant,
    answers: HashMap<Digest, Given>,
    size: usize,
}

impl Kept {
    fn none_at(version: Option<Version>) -> Self {
        Self {
            version,
            until: Instant::now() + REMEMBERED,
            answers: HashMap::new(),
            size: 0,
        }
    }
}

/// An answer, and whose it is.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) account: AccountId,
    body: Bytes,
}

impl Given {
    pub(super) fn into_response(self) -> Response {
        json(self.body)
    }
}

/// Who asks for what, at which state of the store.
pub(super) struct Question {
    version: Version,
    digest: Digest,
}

impl Unchanged {
    pub(super) fn new(commits: Commits) -> Self {
        Self {
            commits,
            digests: Digests::new(),
            kept: Mutex::new(Kept::none_at(None)),
        }
    }

    /// What a request asks now: to be asked before anything is read for it.
    pub(super) fn question(&self, head: &Parts) -> Option<Question> {
        let credentials = head.headers.get(AUTHORIZATION)?;
        let path = head.uri.path();
        Some(Question {
            version: self.commits.version()?,
            digest: self.digests.of([credentials.as_bytes(), path.as_bytes()]),
        })
    }

    /// What was answered, if it still holds.
    pub(super) fn answer(&self, question: &Question) -> Option<Given> {
        let mut kept = self.kept.lock();
        if kept.version != Some(question.version) || kept.until <= Instant::now() {
            *kept = Kept::none_at(Some(question.version));
        }
        kept.answers.get(&question.digest).cloned()
    }

    /// Keeps what is answered, if it is what was asked for.
    pub(super) async fn keep(
        &self,
        question: Question,
        account: AccountId,
        answer: Response,
    ) -> Response {
        let length = answer.body().size_hint().exact();
        let is_kept = answer.status() == StatusCode::OK
            && length.is_some_and(|length| length <= LARGEST as u64);
        if !is_kept {
            return answer;
        }
        let (head, body) = answer.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                tracing::error!(%error, "an answer can't be read");
                return error::fault();
            }
        };
        let size = body.len() + OVERHEAD;
        let mut kept = self.kept.lock();
        // Something was committed since it was asked.
        if kept.version == Some(question.version) {
            if kept.size + size > CAPACITY {
                *kept = Kept::none_at(kept.version);
            }
            kept.size += size;
            let body = body.clone();
            kept.answers
                .insert(question.digest, Given { account, body });
        }
        Response::from_parts(head, Body::from(body))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use http::Request;
    use rusqlite::Connection;

    use super::*;

    const OURS: AccountId = AccountId(1);

    fn head(credentials: &str, path: &str) -> Parts {
        let request = Request::get(path).header(AUTHORIZATION, credentials);
        request.body(()).unwrap().into_parts().0
    }

    fn store() -> (tempfile::TempDir, Connection, Unchanged) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let connection = Connection::open(&path).unwrap();
        let create = "PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER)";
        connection.execute_batch(create).unwrap();
        let unchanged = Unchanged::new(Commits::of(&path).unwrap());
        (dir, connection, unchanged)
    }

    fn commit(connection: &Connection) {
        let sql = "INSERT INTO t VALUES (1)";
        connection.execute_batch(sql).unwrap();
    }

    fn given(unchanged: &Unchanged, head: &Parts) -> Option<Given> {
        unchanged.answer(&unchanged.question(head).unwrap())
    }

    /// Asks, and answers as a handler would.
    async fn ask(unchanged: &Unchanged, head: &Parts, answer: Response) {
        let question = unchanged.question(head).unwrap();
        assert!(unchanged.answer(&question).is_none());
        let status = answer.status();
        let answered = unchanged.keep(question, OURS, answer).await;
        assert_eq!(answered.status(), status);
    }

    #[tokio::test]
    async fn an_answer_is_given_again_to_the_same_question_until_something_is_committed() {
        let (_dir, connection, unchanged) = store();
        let asked = head("me", "/one");
        ask(&unchanged, &asked, json("a body")).await;
        let again = given(&unchanged, &asked).unwrap();
        assert_eq!((again.account, &again.body[..]), (OURS, &b"a body"[..]));
        assert!(given(&unchanged, &head("me", "/other")).is_none());
        assert!(given(&unchanged, &head("you", "/one")).is_none());
        commit(&connection);
        assert!(given(&unchanged, &asked).is_none());
    }

    #[tokio::test]
    async fn what_was_read_before_a_commit_is_not_kept_after_it() {
        let (_dir, connection, unchanged) = store();
        let asked = head("me", "/one");
        let question = unchanged.question(&asked).unwrap();
        assert!(unchanged.answer(&question).is_none());
        commit(&connection);
        // Somebody else asks meanwhile, or nobody does.
        assert!(given(&unchanged, &head("me", "/other")).is_none());
        unchanged.keep(question, OURS, json("old")).await;
        assert!(given(&unchanged, &asked).is_none());
        let question = unchanged.question(&asked).unwrap();
        commit(&connection);
        unchanged.keep(question, OURS, json("old")).await;
        assert!(given(&unchanged, &asked).is_none());
    }

    #[tokio::test]
    async fn neither_errors_nor_large_answers_are_kept_and_memory_is_bounded() {
        let (_dir, _connection, unchanged) = store();
        let asked = head("me", "/one");
        let mut error = json("no");
        *error.status_mut() = StatusCode::NOT_FOUND;
        ask(&unchanged, &asked, error).await;
        ask(&unchanged, &asked, json(vec![0; LARGEST + 1])).await;
        assert!(given(&unchanged, &asked).is_none());
        for number in 0..200 {
            let path = format!("/{number}");
            ask(&unchanged, &head("me", &path), json(vec![0; LARGEST])).await;
            assert!(unchanged.kept.lock().size <= CAPACITY);
            assert!(given(&unchanged, &head("me", &path)).is_some());
        }
    }
}
