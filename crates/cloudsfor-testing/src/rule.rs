//! What goes wrong, and when.

use std::time::Duration;

use cloudsfor_types::operations::Operation;
use http::StatusCode;

/// A fault, and the requests that meet it. Begins with the requests
/// ([`Rule::on`], [`Rule::on_every_request`]), may choose among them
/// ([`Requests::nth`], [`Requests::percent`]), and ends with the fault:
///
/// ```
/// use std::time::Duration;
///
/// use cloudsfor_testing::operations::{CREATE_VM, LIST_VMS};
/// use cloudsfor_testing::{Rule, StatusCode};
///
/// // The third create is carried out, but its answer is lost.
/// let a = Rule::on(CREATE_VM).nth(3).lose_answer();
/// // Every list answers 503.
/// let b = Rule::on(LIST_VMS).answer(StatusCode::SERVICE_UNAVAILABLE);
/// // 10 % of all requests are too many.
/// let c = Rule::on_every_request().percent(10).limit_rate(Duration::from_secs(2));
/// ```
///
/// A request here is one attempt: what the SDK sends again counts again.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(crate) requests: Requests,
    pub(crate) fault: Fault,
}

/// The requests that a [`Rule`] is about.
#[derive(Debug, Clone)]
pub struct Requests {
    operation: Option<Operation>,
    choice: Choice,
}

/// Which of its requests a rule applies to.
#[derive(Debug, Clone)]
enum Choice {
    All,
    Nth(u64),
    Percent(u8),
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    RefuseConnection,
    LoseRequest,
    LoseAnswer,
    CutAnswer,
    Delay(Duration),
    Answer(StatusCode),
    LimitRate(Duration),
}

impl Rule {
    /// A rule about the requests of one [operation](crate::operations).
    pub fn on(operation: Operation) -> Requests {
        Requests {
            operation: Some(operation),
            choice: Choice::All,
        }
    }

    /// A rule about all requests.
    pub fn on_every_request() -> Requests {
        Requests {
            operation: None,
            choice: Choice::All,
        }
    }
}

impl Requests {
    /// Only the `n`th of them, counted from 1 since the rule was set.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.choice = Choice::Nth(n);
        self
    }

    /// Only so many of a hundred, by chance: with the same seed, the same ones.
    #[must_use]
    pub fn percent(mut self, percent: u8) -> Self {
        self.choice = Choice::Percent(percent);
        self
    }

    /// There is no connection: the request certainly isn't carried out, and the
    /// client knows.
    pub fn refuse_connection(self) -> Rule {
        self.with(Fault::RefuseConnection)
    }

    /// The request is lost on its way: it isn't carried out, but the client can't
    /// know.
    pub fn lose_request(self) -> Rule {
        self.with(Fault::LoseRequest)
    }

    /// The request is carried out, and nothing of the answer arrives.
    pub fn lose_answer(self) -> Rule {
        self.with(Fault::LoseAnswer)
    }

    /// The request is carried out, and the answer's head and half of its body
    /// arrive.
    pub fn cut_answer(self) -> Rule {
        self.with(Fault::CutAnswer)
    }

    /// The request arrives that much later, in real time (tokio's).
    pub fn delay(self, by: Duration) -> Rule {
        self.with(Fault::Delay(by))
    }

    /// The request isn't carried out, and this is the answer.
    pub fn answer(self, status: StatusCode) -> Rule {
        self.with(Fault::Answer(status))
    }

    /// The request isn't carried out; the answer is 429, too many requests, with
    /// a `Retry-After` in whole seconds.
    pub fn limit_rate(self, retry_after: Duration) -> Rule {
        self.with(Fault::LimitRate(retry_after))
    }

    fn with(self, fault: Fault) -> Rule {
        Rule {
            requests: self,
            fault,
        }
    }

    /// Whether a request of this operation (`None` if it is of none) is one of
    /// them.
    pub(crate) fn include(&self, operation: Option<&Operation>) -> bool {
        self.operation.is_none() || self.operation.as_ref() == operation
    }

    /// Whether the `n`th of them is chosen, with this number for chance.
    pub(crate) fn choose(&self, n: u64, chance: u64) -> bool {
        match self.choice {
            Choice::All => true,
            Choice::Nth(chosen) => n == chosen,
            Choice::Percent(percent) => chance % 100 < u64::from(percent),
        }
    }
}
