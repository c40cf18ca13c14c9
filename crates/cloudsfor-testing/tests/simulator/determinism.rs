//! The same at each run.

use std::time::Duration;

use cloudsfor_core::ErrorKind;
use cloudsfor_core::types::Vm;
use cloudsfor_testing::operations::{CREATE_VM, GET_ACCOUNT};
use cloudsfor_testing::{Rule, START, Simulator, StatusCode};

use crate::{call, create, list};

/// What a little history leaves.
async fn history(seed: u64) -> Vec<Vm> {
    let simulator = Simulator::builder().seed(seed).build();
    assert_eq!(simulator.now(), START);
    simulator.fail(Rule::on(CREATE_VM).nth(2).lose_answer());
    let api = simulator.api();
    for name in ["a", "b", "c"] {
        create(&*api, name).await.unwrap();
        simulator.advance(Duration::from_secs(1)).await;
    }
    let first = &list(&*api).await.unwrap()[0];
    api.delete_vm(&first.id, &call()).await.unwrap();
    create(&*api, "d").await.unwrap();
    simulator.advance(Duration::from_secs(2)).await;
    list(&*api).await.unwrap()
}

#[tokio::test]
async fn a_seed_makes_one_history() {
    let vms = history(1).await;
    assert_eq!(vms.len(), 3);
    assert_eq!(vms, history(1).await);
    assert_ne!(vms, history(2).await);
}

/// Which of many requests fail.
async fn failures(seed: u64) -> Vec<bool> {
    let builder = Simulator::builder().seed(seed).without_retry();
    let simulator = builder.build();
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    simulator.fail(Rule::on(GET_ACCOUNT).percent(10).answer(unavailable));
    let api = simulator.api();
    let mut failed = Vec::new();
    for _ in 0..200 {
        match api.get_account(&call()).await {
            Ok(_) => failed.push(false),
            Err(error) => {
                assert_eq!(error.kind(), &ErrorKind::Server { retry_after: None });
                failed.push(true);
            }
        }
    }
    failed
}

#[tokio::test]
async fn a_share_of_requests_fails_by_the_seed() {
    let first = failures(1).await;
    let count = first.iter().filter(|failed| **failed).count();
    assert!((8..=35).contains(&count), "{count}");
    assert_eq!(first, failures(1).await);
    assert_ne!(first, failures(2).await);
}
