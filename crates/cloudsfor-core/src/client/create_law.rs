//! The law of creating once, proved against a [model](network) of the server and of
//! the network between: thousands of schedules of faults, on a clock that takes no
//! time.

mod cases;
mod network;

use cloudsfor_types::{CreateKey, CreateNetwork, VmAction};
use http::Method;
use proptest::prelude::*;

use self::network::{Fate, Network, *};
use super::Client;
use super::operations::create_vm;
use crate::api::{Actions, CreatedVm, Keys, Networks, Vms};
use crate::call::{CallOptions, IdempotencyKey};
use crate::error::{Error, ErrorKind, Result};

/// Runs on a clock that takes no time.
fn without_waiting<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

fn named(key: &str) -> IdempotencyKey {
    IdempotencyKey::new(key).unwrap()
}

async fn create(client: &Client, key: &str) -> Result<CreatedVm> {
    let call = CallOptions::default().with_idempotency_key(named(key));
    client.create_vm(&create_vm(), &call).await
}

/// Takes a create up again in another process.
async fn resume(network: &Network, key: &str) -> Result<CreatedVm> {
    let call = CallOptions::default();
    let client = network.client();
    client
        .resume_create_vm(&create_vm(), &named(key), &call)
        .await
}

const KEYS: [&str; 3] = ["a", "b", "c"];

/// Several clients create a VM of the same name at once.
async fn create_at_once(
    network: &Network,
    clients: usize,
) -> Vec<(&'static str, Result<CreatedVm>)> {
    let tasks: Vec<_> = KEYS[..clients]
        .iter()
        .map(|key| {
            let client = network.client();
            (
                *key,
                tokio::spawn(async move { create(&client, key).await }),
            )
        })
        .collect();
    let mut results = Vec::new();
    for (key, task) in tasks {
        results.push((key, task.await.unwrap()));
    }
    results
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Answered),
        1 => Just(NotSent),
        1 => Just(RequestLost),
        2 => Just(ResponseLost),
        1 => Just(ResponseCut),
        1 => Just(Garbled),
        1 => Just(FailedAfter),
        1 => Just(Unavailable),
        1 => Just(Limited),
        1 => Just(Twice),
        1 => (0_u64..100).prop_map(Delayed),
        1 => (0_u64..100).prop_map(Late),
        1 => (0_u64..20).prop_map(Restart),
    ]
}

/// Faults that pass within a second.
fn passing_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(NotSent),
        Just(RequestLost),
        Just(ResponseLost),
        Just(ResponseCut),
        Just(FailedAfter),
        Just(Unavailable),
        Just(Limited),
        Just(Late(1)),
    ]
}

/// Whether a request of this fate can't have been carried out, as far as the
/// client can tell.
fn certainly_not_applied(fate: Fate) -> bool {
    matches!(fate, NotSent | Limited)
}

fn thousands() -> ProptestConfig {
    ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(thousands())]

    /// With keys: never two VMs for one create, never a VM that the caller isn't
    /// told of, and what is taken up again is completed.
    #[test]
    fn with_keys_a_create_is_carried_out_once(
        fates in prop::collection::vec(fate(), 0..16),
        clients in 1..=3_usize,
    ) {
        without_waiting(async {
            let network = Network::new(true, fates);
            let results = create_at_once(&network, clients).await;
            network.settle().await;
            for (key, result) in &results {
                let state = network.0.state.lock().unwrap();
                let made = state.created_under(key);
                prop_assert!(made.len() <= 1, "{key}: {made:?}");
                match result {
                    Ok(created) => prop_assert_eq!(made, [&created.vm]),
                    Err(error) => {
                        prop_assert_eq!(error.idempotency_key(), Some(&named(key)));
                        prop_assert!(made.is_empty() || error.may_have_been_applied(), "{error}");
                    }
                }
            }
            for (key, _) in &results {
                let vm = resume(&network, key).await.unwrap().vm;
                let state = network.0.state.lock().unwrap();
                prop_assert_eq!(state.created_under(key), [&vm]);
            }
            Ok(())
        })?;
    }

    /// With keys: as many faults as there are attempts but one, if they pass.
    #[test]
    fn with_keys_a_create_succeeds_when_the_server_can_be_reached(
        fates in prop::collection::vec(passing_fate(), 0..=3),
    ) {
        without_waiting(async {
            let network = Network::new(true, fates);
            let created = create(&network.client(), "a").await;
            prop_assert!(created.is_ok(), "{created:?}");
            network.settle().await;
            prop_assert_eq!(network.0.state.lock().unwrap().vms.len(), 1);
            Ok(())
        })?;
    }

    /// Without keys: never two requests that could both have been applied, and
    /// every doubt is an `Ambiguous`.
    #[test]
    fn without_keys_nothing_is_sent_again_in_doubt(
        fates in prop::collection::vec(fate(), 0..16),
        clients in 1..=3_usize,
    ) {
        without_waiting(async {
            let network = Network::new(false, fates);
            let results = create_at_once(&network, clients).await;
            network.settle().await;
            let state = network.0.state.lock().unwrap();
            for (key, result) in &results {
                let sent = state.log.iter().filter(|(_, _, under)| under.as_deref() == Some(key));
                let fates: Vec<_> = sent.map(|(_, fate, _)| *fate).collect();
                let (last, before) = fates.split_last().unwrap();
                prop_assert!(before.iter().all(|fate| certainly_not_applied(*fate)), "{fates:?}");
                let made = state.created_under(key);
                match result {
                    Ok(created) => prop_assert!(made.contains(&&created.vm)),
                    Err(error) => {
                        let in_doubt = !certainly_not_applied(*last);
                        prop_assert_eq!(error.may_have_been_applied(), in_doubt, "{:?}", error);
                        prop_assert_eq!(is_ambiguous(error, key), in_doubt, "{:?}", error);
                        prop_assert!(in_doubt || made.is_empty());
                    }
                }
            }
            Ok(())
        })?;
    }

    /// The first thing that is sent is the create: nothing is listed before it.
    #[test]
    fn a_create_begins_with_the_create(
        fates in prop::collection::vec(fate(), 0..6),
        honours_keys: bool,
    ) {
        without_waiting(async {
            let network = Network::new(honours_keys, fates);
            drop(create(&network.client(), "a").await);
            let state = network.0.state.lock().unwrap();
            prop_assert_eq!(&state.log[0].0, Method::POST);
            Ok(())
        })?;
    }

    /// What is true of a VM's creation is true of actions, keys and networks.
    #[test]
    fn whatever_is_made_is_made_once(
        fates in prop::collection::vec(fate(), 0..8),
        honours_keys: bool,
        kind in 0..3_usize,
    ) {
        without_waiting(async {
            let network = Network::new(honours_keys, fates);
            let result = make(&network.client(), kind).await;
            network.settle().await;
            let state = network.0.state.lock().unwrap();
            let posts = state.log.iter().filter(|(method, ..)| *method == Method::POST);
            let fates: Vec<_> = posts.map(|(_, fate, _)| *fate).collect();
            let (last, before) = fates.split_last().unwrap();
            if honours_keys {
                prop_assert!(state.made.len() <= 1, "{:?}", state.made);
            } else {
                prop_assert!(before.iter().all(|fate| certainly_not_applied(*fate)), "{fates:?}");
            }
            match result {
                Ok(()) => prop_assert!(!state.made.is_empty()),
                Err(error) if error.may_have_been_applied() => {
                    prop_assert_eq!(error.idempotency_key(), Some(&named("a")));
                    prop_assert!(honours_keys || is_ambiguous(&error, "a"), "{error:?}");
                }
                Err(error) => {
                    prop_assert!(state.made.is_empty(), "{error}");
                    prop_assert!(honours_keys || certainly_not_applied(*last));
                }
            }
            Ok(())
        })?;
    }

    /// A deletion that succeeds has deleted; one that fails without a doubt hasn't.
    #[test]
    fn a_deletion_says_what_it_did(
        fates in prop::collection::vec(fate(), 0..8),
        honours_keys: bool,
    ) {
        without_waiting(async {
            let network = Network::new(honours_keys, fates);
            let id = "7".parse().unwrap();
            let result = network.client().delete_vm(&id, &CallOptions::default()).await;
            network.settle().await;
            let state = network.0.state.lock().unwrap();
            // Delivered twice by the network, the second answer is all that is seen.
            let twice = state.log.iter().any(|(_, fate, _)| *fate == Twice);
            match result {
                Ok(()) => prop_assert!(state.gone),
                Err(error) if !twice => {
                    // Its own first attempt may have done it.
                    prop_assert!(*error.kind() != ErrorKind::NotFound, "{error}");
                    prop_assert!(!state.gone || error.may_have_been_applied(), "{error}");
                }
                Err(_) => {}
            }
            Ok(())
        })?;
    }
}

/// Makes an action, a key or a network.
async fn make(client: &Client, kind: usize) -> Result<()> {
    let call = CallOptions::default().with_idempotency_key(named("a"));
    match kind {
        0 => {
            let id = "7".parse().unwrap();
            client
                .create_vm_action(&id, &VmAction::Reboot, &call)
                .await
                .map(drop)
        }
        1 => {
            let request = CreateKey {
                name: "a".into(),
                public_key: "ssh-ed25519 AAAA me".into(),
            };
            client.create_key(&request, &call).await.map(drop)
        }
        _ => {
            let request = CreateNetwork { name: "a".into() };
            client.create_network(&request, &call).await.map(drop)
        }
    }
}

fn is_ambiguous(error: &Error, under: &str) -> bool {
    matches!(error.kind(), ErrorKind::Ambiguous { key, .. } if *key == named(under))
}
