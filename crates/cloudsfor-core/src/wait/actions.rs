//! Waiting until actions have ended.

use std::collections::HashMap;

use cloudsfor_types::{Action, ActionId, ActionStatus};

use super::polling::Polling;
use crate::api::Actions;
use crate::call::CallOptions;
use crate::error::{Error, ErrorKind, Result};

/// How many actions are asked for in one request: the most that can be.
const AT_ONCE: usize = 100;

/// Waits until the action has completed, and returns it.
///
/// `progress` sees the action as often as the server tells of it. The timeout of
/// `call` is for the wait as a whole; default:
/// [`DEFAULT_WAIT`](super::DEFAULT_WAIT), 10 minutes.
///
/// # Errors
/// [`ErrorKind::ActionErrored`], with the action in it, if it failed;
/// [`ErrorKind::Deadline`] if it still runs when the time is up; and errors of
/// [`Actions::wait_action`] that don't pass.
pub async fn wait_for_action(
    api: &dyn Actions,
    id: &ActionId,
    call: &CallOptions,
    mut progress: impl FnMut(&Action) + Send,
) -> Result<Action> {
    let mut polling = Polling::new(call);
    while let Some((at_most, call)) = polling.question() {
        match api.wait_action(id, at_most, &call).await {
            Ok(action) => {
                progress(&action);
                match action.status {
                    ActionStatus::Completed => return Ok(action),
                    ActionStatus::Errored => return Err(errored(action)),
                    _ => polling.pause().await,
                }
            }
            Err(error) => polling.pause_after(error).await?,
        }
    }
    Err(polling.time_is_up("wait_action", &format!("the action {id} still runs")))
}

/// Waits until all of these actions have ended, and returns them in the order in
/// which they were named: what became of each, its status says.
///
/// A hundred at a time are asked for in one request. `progress` sees each action
/// once, when it has ended. The timeout of `call` is for the wait as a whole;
/// default: [`DEFAULT_WAIT`](super::DEFAULT_WAIT), 10 minutes.
///
/// # Errors
/// [`ErrorKind::Deadline`] if any of them still runs when the time is up, and
/// errors of [`Actions::wait_actions`] that don't pass.
pub async fn wait_for_actions(
    api: &dyn Actions,
    ids: &[ActionId],
    call: &CallOptions,
    mut progress: impl FnMut(&Action) + Send,
) -> Result<Vec<Action>> {
    let mut polling = Polling::new(call);
    let mut ended: HashMap<ActionId, Action> = HashMap::new();
    loop {
        let waiting = ids.iter().filter(|id| !ended.contains_key(*id));
        let waiting: Vec<_> = waiting.take(AT_ONCE).cloned().collect();
        if waiting.is_empty() {
            let in_order = ids.iter().filter_map(|id| ended.get(id).cloned());
            return Ok(in_order.collect());
        }
        let Some((at_most, call)) = polling.question() else {
            let what = format!(
                "{} of {} actions still run",
                ids.len() - ended.len(),
                ids.len()
            );
            return Err(polling.time_is_up("wait_actions", &what));
        };
        match api.wait_actions(&waiting, at_most, &call).await {
            Ok(actions) => {
                let before = ended.len();
                for action in actions.into_iter().filter(Action::has_ended) {
                    if let Some(id) = action.action_id.clone().filter(|id| waiting.contains(id)) {
                        progress(&action);
                        ended.insert(id, action);
                    }
                }
                if ended.len() == before {
                    polling.pause().await;
                }
            }
            Err(error) => polling.pause_after(error).await?,
        }
    }
}

fn errored(action: Action) -> Error {
    let why = action
        .error
        .as_deref()
        .unwrap_or("the server doesn't say why");
    let message = format!(
        "the action {} failed ({why}): look at the VM",
        action.r#type
    );
    let kind = ErrorKind::ActionErrored {
        action: Box::new(action),
    };
    Error::new(kind, "wait_action", message)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use async_trait::async_trait;
    use serde_json::json;
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::mock::MockApi;

    fn action(id: &str, status: &str) -> Action {
        let action = json!({"id": "7", "action_id": id, "status": status, "type": "reboot",
            "started_at": "2015-01-14T16:36:31Z", "error": "no room"});
        serde_json::from_value(action).unwrap()
    }

    fn id(number: usize) -> ActionId {
        number.to_string().parse().unwrap()
    }

    async fn wait_for(status: &'static str) -> Result<Action> {
        let mut api = MockApi::new();
        api.expect_wait_action()
            .times(1)
            .return_once(|_, _, _| Ok(action("1", "in-progress")));
        api.expect_wait_action()
            .return_once(move |_, _, _| Ok(action("1", status)));
        let mut seen = 0;
        let result = wait_for_action(&api, &id(1), &CallOptions::default(), |_| seen += 1).await;
        assert_eq!(seen, 2);
        result
    }

    #[tokio::test(start_paused = true)]
    async fn an_action_is_waited_for_until_it_has_ended() {
        let done = wait_for("completed").await.unwrap();
        assert_eq!(done.status, ActionStatus::Completed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_action_is_an_error_with_the_action_in_it() {
        let error = wait_for("errored").await.unwrap_err();
        let ErrorKind::ActionErrored { action } = error.kind() else {
            panic!("{error:?}");
        };
        assert_eq!(action.status, ActionStatus::Errored);
        assert!(error.message().contains("no room"), "{error}");
    }

    /// Ends one action a second, in their order.
    struct OneByOne {
        start: Instant,
        requests: Mutex<Vec<usize>>,
    }

    #[async_trait]
    impl Actions for OneByOne {
        async fn wait_actions(
            &self,
            ids: &[ActionId],
            _: Duration,
            _: &CallOptions,
        ) -> Result<Vec<Action>> {
            assert!(ids.len() <= 100);
            self.requests.lock().unwrap().push(ids.len());
            sleep(Duration::from_secs(1)).await;
            let ended = self.start.elapsed().as_secs() as usize;
            let status = |id: &ActionId| match id.as_str().parse::<usize>() {
                Ok(number) if number < ended => "completed",
                _ => "in-progress",
            };
            Ok(ids
                .iter()
                .map(|id| action(id.as_str(), status(id)))
                .collect())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_actions_are_waited_for_in_one_request() {
        let api = OneByOne {
            start: Instant::now(),
            requests: Mutex::default(),
        };
        let ids: Vec<_> = (0..120).map(id).collect();
        let mut seen = 0;
        let call = CallOptions::default();
        let ended = wait_for_actions(&api, &ids, &call, |_| seen += 1).await;
        let ended = ended.unwrap();
        assert_eq!((ended.len(), seen), (120, 120));
        let order: Vec<_> = ended.iter().map(|a| a.action_id.clone().unwrap()).collect();
        assert_eq!(order, ids);
        let requests = api.requests.lock().unwrap();
        assert_eq!((requests.len(), requests[0]), (120, 100));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_is_for_all_together() {
        let api = OneByOne {
            start: Instant::now(),
            requests: Mutex::default(),
        };
        let ids: Vec<_> = (0..20).map(id).collect();
        let call = CallOptions::default().with_timeout(Duration::from_secs(10));
        let error = wait_for_actions(&api, &ids, &call, |_| ())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Deadline);
        assert!(error.message().contains("10 of 20"), "{error}");
    }

    #[tokio::test]
    async fn no_actions_have_ended() {
        let none = wait_for_actions(&MockApi::new(), &[], &CallOptions::default(), |_| ()).await;
        assert_eq!(none.unwrap(), []);
    }
}
