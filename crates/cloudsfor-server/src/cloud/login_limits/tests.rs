use futures_util::FutureExt;

use super::*;
use crate::digest::Digests;

fn origin(digests: &Digests, account: &str, host: u16) -> Origin {
    let [high, low] = host.to_be_bytes();
    let address = IpAddr::from([127, 0, high, low]);
    Origin::new(digests.of([account.as_bytes()]), Some(address))
}

/// One whose turn comes at once.
fn at_once(limits: &LoginLimits, origin: Origin) -> Option<Turn> {
    limits.turn(origin).now_or_never()?.ok()
}

#[tokio::test]
async fn guesses_at_an_account_are_slowed_over_all_addresses() {
    let (limits, digests) = (LoginLimits::default(), Digests::new());
    let at = |account: &str, host| origin(&digests, account, host);
    limits.succeeded(at("a", 1000));
    for guess in 0..FREE as u16 {
        let turn = at_once(&limits, at("a", guess));
        assert!(turn.is_some(), "{guess}");
        limits.failed(at("a", guess));
    }
    assert!(at_once(&limits, at("a", 500)).is_none());
    // Other accounts are not, and neither are addresses that are known.
    assert!(at_once(&limits, at("b", 1)).is_some());
    assert!(at_once(&limits, at("a", 1000)).is_some());
    // The slowing has an end.
    let start = Instant::now();
    assert!(limits.turn(at("a", 500)).await.is_ok());
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn those_who_are_known_go_first_then_those_who_failed_least() {
    let (limits, digests) = (LoginLimits::default(), Digests::new());
    let at = |account: &str, host| origin(&digests, account, host);
    limits.succeeded(at("a", 1));
    limits.failed(at("a", 2));
    limits.failed(at("a", 3));
    limits.failed(at("a", 3));
    let running: Vec<_> = (0..AT_ONCE_OF_KNOWN)
        .map(|_| at_once(&limits, at("a", 1)).unwrap())
        .collect();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for (name, host) in [("3", 3), ("2", 2), ("old", 4), ("new", 4), ("known", 1)] {
        let (limits, order, origin) = (limits.clone(), order.clone(), at("a", host));
        waiting.push(tokio::spawn(async move {
            let turn = limits.turn(origin).await.unwrap();
            order.lock().push(name);
            drop(turn);
        }));
        tokio::task::yield_now().await;
    }
    drop(running);
    for waiting in waiting {
        waiting.await.unwrap();
    }
    let order = order.lock().clone();
    assert_eq!(order, ["known", "new", "old", "2", "3"]);
}

#[tokio::test]
async fn a_flood_turns_its_own_guesses_away() {
    let (limits, digests) = (LoginLimits::default(), Digests::new());
    let at = |host| origin(&digests, "a", host);
    let _running: Vec<_> = (0..AT_ONCE).map(|_| at_once(&limits, at(0))).collect();
    for guess in 0..2 * WAITING as u16 {
        // From one address, then from many.
        let origin = at(if guess < 100 { 1 } else { guess });
        limits.failed(origin);
        let limits = limits.clone();
        tokio::spawn(async move { limits.turn(origin).await });
        tokio::task::yield_now().await;
    }
    assert!(limits.0.lock().waiting.len() <= WAITING);
    let of_one = Some(IpAddr::from([127, 0, 0, 1]));
    let from_one = |state: &State| {
        let waiting = state.waiting.iter();
        waiting.filter(|w| w.origin.address == of_one).count()
    };
    assert!(from_one(&limits.0.lock()) <= WAITING_OF_ADDRESS);
    // One that has not failed yet is not turned away.
    let (fresh, origin) = (limits.clone(), at(9999));
    let last = tokio::spawn(async move { fresh.turn(origin).await });
    tokio::task::yield_now().await;
    assert!(!last.is_finished());
}

#[test]
fn what_is_remembered_is_bounded_and_keeps_those_who_are_known() {
    let (limits, digests) = (LoginLimits::default(), Digests::new());
    limits.succeeded(origin(&digests, "a", 7));
    for guess in 0..2 * CAPACITY {
        let account = guess.to_string();
        limits.failed(origin(&digests, &account, 8));
    }
    let state = limits.0.lock();
    assert!(state.remembered.len() <= CAPACITY);
    assert!(state.is_known(origin(&digests, "a", 7), Instant::now()));
}
