//! An error as the user meets it: what happened, why, and what to do next.

use std::time::Duration;
use std::{fmt, io};

use cloudsfor_core::{Error, ErrorKind, TransportErrorKind};
use cloudsfor_types::{ActionId, FieldFault, VmId};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::exit::Exit;
use crate::kinds::Findable;
use crate::output::Resource;
use crate::vm::list::Vms;

/// What stopped a command. [`crate::output::failure`] shows it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What happened, to what.
    pub(crate) what: String,
    pub(crate) why: String,
    /// What to do, a line each.
    pub(crate) next: Vec<String>,
    pub(crate) facts: Box<Facts>,
}

/// What else is known, for people and programs.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Facts {
    /// The faults of a rejected request, named as the user knows them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) faults: Vec<FieldFault>,
    /// What an ambiguous name may mean.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) candidates: Vec<Candidate>,
    /// The VM that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vm_id: Option<VmId>,
    /// The action that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action_id: Option<ActionId>,
    /// The key under which a create can be repeated safely.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
}

/// One of several things that may be meant.
pub(crate) struct Candidate {
    /// It in a line for people, who read it at this time.
    pub(crate) line: Box<dyn Fn(jiff::Timestamp) -> String + Send + Sync>,
    /// The server's object, for programs.
    object: Value,
}

impl Candidate {
    pub(crate) fn of<C: Findable<Item: 'static>>(item: C::Item) -> Self {
        Self {
            object: serde_json::to_value(&item).unwrap_or_default(),
            line: Box::new(move |now| format!("id:{}  {}", item.id(), C::told_apart(&item, now))),
        }
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(f)
    }
}

impl Serialize for Candidate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.object.serialize(serializer)
    }
}

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            why: why.into(),
            next: Vec::new(),
            facts: Box::default(),
        }
    }

    /// An error of the SDK: `what` says what the command couldn't do.
    pub(crate) fn of(error: &Error, what: impl Into<String>) -> Self {
        let mut failure = Self::new(Exit::of(error.kind()), what, why(error));
        failure.facts.faults = error.fields().to_vec();
        failure.facts.request_id = error.request_id().map(str::to_owned);
        if let ErrorKind::SeveralMatch { candidates } | ErrorKind::Ambiguous { candidates, .. } =
            error.kind()
        {
            failure.facts.candidates = candidates
                .iter()
                .cloned()
                .map(Candidate::of::<Vms>)
                .collect();
        }
        failure.next(next(error.kind()))
    }

    /// An error of a request that was to make `thing`; `look` is the command that
    /// lists what there is.
    pub(crate) fn of_creation(error: &Error, thing: &str, look: &str) -> Self {
        if error.may_have_been_applied() {
            Self::of(error, format!("it is unknown whether {thing} was created"))
                .instead(format!("to see whether it was: {look}"))
        } else {
            Self::of(error, format!("{thing} was not created"))
        }
    }

    /// A request that was not sent, as it breaks rules.
    pub(crate) fn breaking_rules(what: impl Into<String>, faults: Vec<FieldFault>) -> Self {
        let mut failure = Self::new(Exit::Usage, what, "the request breaks rules:")
            .next("correct it and repeat the command");
        failure.facts.faults = faults;
        failure
    }

    pub(crate) fn about(mut self, vm: &VmId) -> Self {
        self.facts.vm_id = Some(vm.clone());
        self
    }

    /// Adds a line that says what to do.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next.push(next.into());
        self
    }

    /// Replaces what there is to do.
    pub(crate) fn instead(mut self, next: impl Into<String>) -> Self {
        self.next = vec![next.into()];
        self
    }

    /// Names the faults as the user knows them: by flags, not by attributes.
    pub(crate) fn naming(mut self, name: impl Fn(&str) -> String) -> Self {
        for fault in &mut self.facts.faults {
            fault.name = name(&fault.name);
        }
        self
    }
}

impl From<io::Error> for Failure {
    /// What is written to a stream that nobody reads any more is no error (see
    /// the terminal); a full disk is.
    fn from(error: io::Error) -> Self {
        Self::new(
            Exit::Error,
            "the output could not be written",
            error.to_string(),
        )
        .next("make room, or send it elsewhere; what was asked for may have been done")
    }
}

fn why(error: &Error) -> String {
    // The message repeats the faults, which are told one by one below it.
    let has_faults = !error.fields().is_empty();
    let mut why = match has_faults {
        true => "the request breaks rules".to_owned(),
        false => error.message().to_owned(),
    };
    if let Some(excerpt) = error.excerpt() {
        why.push_str(&format!("; the answer was: {excerpt}"));
    }
    if let Some(request_id) = error.request_id() {
        why.push_str(&format!(" (request {request_id})"));
    }
    if has_faults {
        why.push(':');
    }
    why
}

fn next(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::Unauthorized => {
            "check the e-mail (--email) and the password (CLOUDSFOR_PASSWORD)".into()
        }
        ErrorKind::Forbidden => "use an account that is allowed to do that".into(),
        ErrorKind::NotFound => "list them to see what there is".into(),
        ErrorKind::Invalid { .. } => "correct it and repeat the command".into(),
        ErrorKind::Locked => "repeat the command when the operation on it has ended".into(),
        ErrorKind::State => {
            "bring it into a state that allows this, then repeat the command".into()
        }
        ErrorKind::Protected => {
            "take its protection off first, if it may really go: by `vm update --unprotect`".into()
        }
        ErrorKind::Quota => {
            "delete a VM that is no longer needed, or ask for a higher limit".into()
        }
        ErrorKind::Capacity => "try another region or a smaller VM, or try again later".into(),
        ErrorKind::KeyReused => "leave --idempotency-key out, or use another key".into(),
        ErrorKind::RateLimited { retry_after } | ErrorKind::Server { retry_after } => {
            format!("try again {}", after(*retry_after))
        }
        ErrorKind::Conflict => "use what exists, or another name".into(),
        ErrorKind::SeveralMatch { .. } => "say which one by its id, as in `id:ID`".into(),
        ErrorKind::Transport(TransportErrorKind::Connect) => {
            "check --endpoint, and that the server runs".into()
        }
        ErrorKind::Transport(TransportErrorKind::Tls) => {
            "name the certificate's authority, or the certificate, by --ca-file; or check that \
             --endpoint names the certificate's host"
                .into()
        }
        ErrorKind::Transport(TransportErrorKind::Protocol)
        | ErrorKind::Unexpected
        | ErrorKind::Decode { .. } => "check that --endpoint names a CloudsFor API".into(),
        ErrorKind::Transport(TransportErrorKind::TooLarge) => "ask for less at once".into(),
        ErrorKind::Transport(_) => "try again".into(),
        ErrorKind::Deadline => "try again, or give it more time with --request-timeout".into(),
        ErrorKind::Configuration => "correct the flag or the environment variable".into(),
        _ => "see `cloudsfor --help`".into(),
    }
}

fn after(delay: Option<Duration>) -> String {
    match delay {
        Some(delay) => format!("after {} s", delay.as_secs_f64().ceil()),
        None => "in a while".into(),
    }
}
