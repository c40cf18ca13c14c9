//! What goes wrong, and when.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use cloudsfor_types::operations::{OPERATIONS, Operation};
use http::StatusCode;

/// A fault, and the requests that meet it. Begins with the requests
/// ([`Rule::on`], [`Rule::on_every_request`]), may choose among them
/// ([`Requests::nth`], [`Requests::percent`]), and ends with the fault:
///
/// ```
/// use std::time::Duration;
///
/// use cloudsfor_server::faults::Rule;
/// use cloudsfor_types::operations::{CREATE_VM, LIST_VMS};
/// use http::StatusCode;
///
/// // The third create is carried out, but its answer is lost.
/// let a = Rule::on(CREATE_VM).nth(3).lose_answer();
/// // Every list answers 503.
/// let b = Rule::on(LIST_VMS).answer(StatusCode::SERVICE_UNAVAILABLE);
/// // 10 % of all requests are too many.
/// let c = Rule::on_every_request().percent(10).limit_rate(Duration::from_secs(2));
///
/// // The same as text.
/// assert_eq!("create_vm nth=3 lose-answer".parse(), Ok(a));
/// assert_eq!(b.to_string(), "list_vms answer=503");
/// assert_eq!(c.to_string(), "* percent=10 limit=2");
/// ```
///
/// A request here is one attempt: what a client sends again counts again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(super) requests: Requests,
    pub(super) fault: Fault,
}

/// The requests that a [`Rule`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requests {
    operation: Option<Operation>,
    choice: Choice,
}

/// Which of its requests a rule applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    All,
    Nth(u64),
    Percent(u8),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no connection.
    RefuseConnection,
    /// The request is lost on its way.
    LoseRequest,
    /// The request is carried out, and its answer is lost.
    LoseAnswer,
    /// The request is carried out, and half of its answer arrives.
    CutAnswer,
    /// The request is carried out that much later.
    Delay(Duration),
    /// The request is lost, and nobody says so.
    Hang,
    /// The request isn't carried out, and this is the answer.
    Answer(StatusCode),
    /// The request isn't carried out; it may be sent again after this time.
    LimitRate(Duration),
}

impl Rule {
    /// A rule about the requests of one [operation](cloudsfor_types::operations).
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

    /// The request is never answered, and isn't carried out.
    pub fn hang(self) -> Rule {
        self.with(Fault::Hang)
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
    pub(super) fn include(&self, operation: Option<&Operation>) -> bool {
        self.operation.is_none() || self.operation.as_ref() == operation
    }

    /// Whether the `n`th of them is chosen, with this number for chance.
    pub(super) fn choose(&self, n: u64, chance: u64) -> bool {
        match self.choice {
            Choice::All => true,
            Choice::Nth(chosen) => n == chosen,
            Choice::Percent(percent) => chance % 100 < u64::from(percent),
        }
    }
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no fault rule: {why}; write an operation or '*', perhaps 'nth=N' or 'percent=N', \
     and 'refuse-connection', 'lose-request', 'lose-answer', 'cut-answer', 'hang', \
     'delay=SECONDS', 'answer=STATUS' or 'limit=SECONDS'"
)]
pub struct InvalidRule {
    text: String,
    why: String,
}

impl FromStr for Rule {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        parse(text).map_err(|why| InvalidRule {
            text: text.to_owned(),
            why,
        })
    }
}

fn parse(text: &str) -> Result<Rule, String> {
    let mut words = text.split_whitespace();
    let about = words.next().ok_or("it is empty")?;
    let mut requests = match about {
        "*" => Rule::on_every_request(),
        name => {
            let found = OPERATIONS.iter().find(|operation| operation.name == name);
            Rule::on(*found.ok_or_else(|| format!("there is no operation {name:?}"))?)
        }
    };
    let mut fault = None;
    for word in words {
        if fault.is_some() {
            return Err(format!("{word:?} follows the fault"));
        }
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "nth" => requests = requests.nth(number(value, 1, u64::MAX)?),
            "percent" => requests = requests.percent(number(value, 0, 100)? as u8),
            _ => fault = Some(parse_fault(key, value)?),
        }
    }
    let fault = fault.ok_or("it says nothing that goes wrong")?;
    Ok(Rule { requests, fault })
}

fn parse_fault(key: &str, value: &str) -> Result<Fault, String> {
    const DAY: u64 = 24 * 60 * 60;
    let seconds = || number(value, 0, DAY).map(Duration::from_secs);
    Ok(match key {
        "delay" => {
            let seconds = value
                .parse()
                .ok()
                .and_then(|s| Duration::try_from_secs_f64(s).ok());
            let within_a_day = seconds.filter(|time| time.as_secs() < DAY);
            Fault::Delay(within_a_day.ok_or_else(|| format!("{value:?} is no number of seconds"))?)
        }
        "limit" => Fault::LimitRate(seconds()?),
        "answer" => {
            let status = number(value, 400, 599)? as u16;
            Fault::Answer(StatusCode::from_u16(status).map_err(|error| error.to_string())?)
        }
        _ if !value.is_empty() => return Err(format!("there is no {key:?}")),
        "refuse-connection" => Fault::RefuseConnection,
        "lose-request" => Fault::LoseRequest,
        "lose-answer" => Fault::LoseAnswer,
        "cut-answer" => Fault::CutAnswer,
        "hang" => Fault::Hang,
        _ => return Err(format!("there is no {key:?}")),
    })
}

fn number(text: &str, min: u64, max: u64) -> Result<u64, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| format!("{text:?} is no number of {min} to {max}"))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self
            .requests
            .operation
            .map_or("*", |operation| operation.name);
        f.write_str(operation)?;
        match self.requests.choice {
            Choice::All => {}
            Choice::Nth(n) => write!(f, " nth={n}")?,
            Choice::Percent(percent) => write!(f, " percent={percent}")?,
        }
        match &self.fault {
            Fault::RefuseConnection => f.write_str(" refuse-connection"),
            Fault::LoseRequest => f.write_str(" lose-request"),
            Fault::LoseAnswer => f.write_str(" lose-answer"),
            Fault::CutAnswer => f.write_str(" cut-answer"),
            Fault::Hang => f.write_str(" hang"),
            Fault::Delay(by) => write!(f, " delay={}", by.as_secs_f64()),
            Fault::Answer(status) => write!(f, " answer={}", status.as_u16()),
            Fault::LimitRate(after) => write!(f, " limit={}", after.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_the_same_when_it_is_read_again() {
        for text in [
            "* refuse-connection",
            "create_vm nth=2 lose-request",
            "list_vms percent=10 lose-answer",
            "* cut-answer",
            "get_vm hang",
            "get_vm delay=0.25",
            "delete_vm answer=503",
            "* percent=0 limit=7",
        ] {
            let rule: Rule = text.parse().unwrap();
            assert_eq!(rule.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_rule_says_why() {
        for text in [
            "",
            "*",
            "make_vm hang",
            "* nth=0 hang",
            "* percent=101 hang",
            "* answer=200",
            "* delay=-1",
            "* delay=1e300",
            "* hang hang",
            "* hang=1",
            "* explode",
        ] {
            let error = text.parse::<Rule>().unwrap_err();
            assert!(error.to_string().contains("lose-answer"), "{error}");
        }
    }
}
