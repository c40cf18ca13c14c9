//! How long a VM ran, as far as its actions prove it.

use cloudsfor_types::{Action, ActionStatus, ActionType, Vm, VmStatus};
use jiff::{SignedDuration, Timestamp};

/// What a VM's actions prove until a point in time.
#[derive(Debug, PartialEq)]
pub(super) struct History {
    /// How long it ran at least.
    pub(super) ran: SignedDuration,
    /// How long it may have run or not: before the first action that is still told
    /// of, after one that failed, and where it stopped by itself.
    pub(super) unknown: SignedDuration,
    /// Since when it has the size that it has now.
    pub(super) sized_since: Timestamp,
}

/// What is known of a VM's power.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Power {
    On,
    Off,
    /// Off, as it was never made.
    Errored,
    Unknown,
}

impl Power {
    fn of(status: &VmStatus) -> Self {
        match status {
            VmStatus::Running => Self::On,
            VmStatus::Stopped | VmStatus::New => Self::Off,
            VmStatus::Errored => Self::Errored,
            _ => Self::Unknown,
        }
    }

    /// What it must have been for this action to be allowed, and what it is after it.
    fn around(action: &ActionType, before: Self) -> Option<(Self, Self)> {
        match action {
            ActionType::Create | ActionType::PowerOn => Some((Self::Off, Self::On)),
            ActionType::PowerOff | ActionType::Shutdown => Some((Self::On, Self::Off)),
            ActionType::Reboot | ActionType::PowerCycle => Some((Self::On, Self::On)),
            ActionType::Rebuild if before == Self::Errored => Some((before, Self::On)),
            _ => None,
        }
    }
}

/// Adds up intervals, each from the end of the last one.
struct Sum {
    since: Timestamp,
    ran: SignedDuration,
    unknown: SignedDuration,
}

impl Sum {
    /// Adds the time until `end`, in which the power was this.
    fn until(&mut self, end: Timestamp, power: Power) {
        let end = end.max(self.since);
        let time = end.duration_since(self.since);
        match power {
            Power::On => self.ran += time,
            Power::Unknown => self.unknown += time,
            Power::Off | Power::Errored => {}
        }
        self.since = end;
    }
}

impl History {
    /// Reads a VM's actions, oldest first.
    pub(super) fn of(vm: &Vm, created: Timestamp, actions: &[Action], now: Timestamp) -> Self {
        let is_whole = actions
            .first()
            .is_some_and(|action| action.r#type == ActionType::Create);
        let mut power = if is_whole { Power::Off } else { Power::Unknown };
        let first = actions
            .first()
            .and_then(|action| action.started_at.instant());
        let mut sized_since = match is_whole {
            true => created,
            false => first.unwrap_or(now),
        };
        let mut sum = Sum {
            since: created,
            ran: SignedDuration::ZERO,
            unknown: SignedDuration::ZERO,
        };
        for action in actions {
            let started = action.started_at.instant();
            let ended = action.completed_at.as_ref().and_then(|at| at.instant());
            let (Some(started), Some(ended)) = (started, ended) else {
                continue;
            };
            let is_done = action.status == ActionStatus::Completed;
            if is_done && action.r#type == ActionType::Resize {
                sized_since = ended;
            }
            let Some((before, after)) = Power::around(&action.r#type, power) else {
                continue;
            };
            let meanwhile = if power == before {
                power
            } else {
                Power::Unknown
            };
            if is_done {
                sum.until(ended, meanwhile);
                power = after;
            } else if action.r#type == ActionType::Create {
                sum.until(ended, meanwhile);
                power = Power::Errored;
            } else {
                sum.until(started, meanwhile);
                power = Power::Unknown;
            }
        }
        let is_as_told = power == Power::of(&vm.status);
        sum.until(now, if is_as_told { power } else { Power::Unknown });
        Self {
            ran: sum.ran,
            unknown: sum.unknown,
            sized_since,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{a_vm, an_action};

    /// A minute of the first hour.
    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    /// An action that took the minute before this one.
    fn action(kind: &str, ended: i64, status: &str) -> Action {
        an_action(
            json!({"type": kind, "status": status, "started_at": at(ended - 1).to_string(),
                         "completed_at": at(ended).to_string()}),
        )
    }

    /// Minutes that a VM ran, that are unknown, and since when it has its size, at the
    /// end of its first hour.
    fn history(status: &str, actions: &[(&str, i64)]) -> (i64, i64, i64) {
        let actions: Vec<_> = actions
            .iter()
            .map(|(kind, ended)| match kind.strip_prefix('!') {
                Some(failed) => action(failed, *ended, "errored"),
                None => action(kind, *ended, "completed"),
            })
            .collect();
        let vm = a_vm(json!({"status": status}));
        let told = History::of(&vm, at(0), &actions, at(60));
        let minutes = |time: SignedDuration| time.as_mins();
        (
            minutes(told.ran),
            minutes(told.unknown),
            told.sized_since.as_second() / 60,
        )
    }

    #[test]
    fn a_whole_history_proves_all() {
        assert_eq!(history("running", &[("create", 1)]), (59, 0, 0));
        let stopped = [("create", 1), ("reboot", 5), ("power_off", 11)];
        assert_eq!(history("stopped", &stopped), (10, 0, 0));
        let resized = [&stopped[..], &[("resize", 20), ("power_on", 30)]].concat();
        assert_eq!(history("running", &resized), (40, 0, 20));
        assert_eq!(history("errored", &[("!create", 1)]), (0, 0, 0));
        assert_eq!(
            history("running", &[("!create", 1), ("rebuild", 10)]),
            (50, 0, 0)
        );
        let untouched = [
            ("create", 1),
            ("rebuild", 10),
            ("snapshot", 20),
            ("rename", 30),
        ];
        assert_eq!(history("running", &untouched), (59, 0, 0));
    }

    #[test]
    fn what_no_action_says_is_unknown() {
        // It went off by itself, which nobody knows the time of.
        assert_eq!(history("stopped", &[("create", 1)]), (0, 59, 0));
        assert_eq!(
            history("running", &[("create", 1), ("power_on", 31)]),
            (29, 30, 0)
        );
        // What was before the history that is kept.
        assert_eq!(history("running", &[]), (0, 60, 60));
        assert_eq!(history("running", &[("power_on", 40)]), (20, 40, 39));
        // An action that failed may have done half of its work.
        assert_eq!(
            history("running", &[("create", 1), ("!power_off", 11)]),
            (9, 50, 0)
        );
    }
}
