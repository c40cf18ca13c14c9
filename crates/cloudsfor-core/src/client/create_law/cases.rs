//! Single cases, where what is said matters.

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_types::Vm;
use http::{Method, Request, Response};

use super::network::*;
use super::{create, is_ambiguous, resume, without_waiting};
use crate::api::{CreatedVm, Vms};
use crate::call::CallOptions;
use crate::client::Client;
use crate::client::operations::create_vm;
use crate::error::{ErrorKind, Result};
use crate::transport::{Body, Transport, TransportError};

/// Creates a VM whose answer is lost, at a server without keys that has so many
/// VMs of its name.
fn lost_without_keys(unique_name: bool, before: usize) -> (Result<CreatedVm>, Vec<Vm>) {
    without_waiting(async {
        let network = Network::new(false, vec![ResponseLost]);
        for index in 0..before {
            let vm = crate::sample::vm(&index.to_string(), "Example.com");
            network
                .0
                .state
                .lock()
                .unwrap()
                .vms
                .push(("other".into(), vm));
        }
        let request = create_vm().with_unique_name(unique_name);
        let created = network
            .client()
            .create_vm(&request, &CallOptions::default())
            .await;
        let state = network.0.state.lock().unwrap();
        (
            created,
            state.vms.iter().map(|(_, vm)| vm.clone()).collect(),
        )
    })
}

#[test]
fn without_keys_the_candidates_are_named() {
    let (created, vms) = lost_without_keys(false, 2);
    let error = created.unwrap_err();
    let ErrorKind::Ambiguous { key, candidates } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!((Some(key), candidates), (error.idempotency_key(), &vms));
    assert!(error.may_have_been_applied() && !error.is_retryable());
    assert!(error.to_string().contains(key.as_str()), "{error}");
}

#[test]
fn without_keys_a_unique_name_tells_the_vm() {
    let (created, vms) = lost_without_keys(true, 0);
    let created = created.unwrap();
    assert_eq!((&created.vm, created.replayed), (&vms[0], true));
    let (created, _) = lost_without_keys(true, 1);
    let error = created.unwrap_err();
    let ErrorKind::Ambiguous { candidates, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(candidates.len(), 2);
}

#[test]
fn without_keys_nothing_is_resumed() {
    without_waiting(async {
        let network = Network::new(false, Vec::new());
        let error = resume(&network, "a").await.unwrap_err();
        assert!(is_ambiguous(&error, "a"));
        assert!(network.0.state.lock().unwrap().vms.is_empty());
    });
}

#[test]
fn what_the_server_said_of_keys_is_remembered() {
    without_waiting(async {
        let network = Network::new(true, vec![Answered, ResponseLost]);
        let client = network.client();
        create(&client, "a").await.unwrap();
        create(&client.clone(), "b").await.unwrap();
        let state = network.0.state.lock().unwrap();
        assert!(state.log.iter().all(|(method, ..)| method == Method::POST));
    });
}

#[test]
fn without_retry_there_is_one_request() {
    without_waiting(async {
        let network = Network::new(true, vec![RequestLost]);
        let builder = Client::builder().transport(network.clone());
        let client = builder.without_retry().build().unwrap();
        let error = create(&client, "a").await.unwrap_err();
        assert!(error.may_have_been_applied());
        assert_eq!(network.0.state.lock().unwrap().log.len(), 1);
    });
}

#[test]
fn a_deletion_that_may_have_been_done_is_done() {
    /// Loses the first answer, and knows no VM after it.
    struct Gone(Mutex<bool>);

    #[async_trait]
    impl Transport for Gone {
        async fn send(
            &self,
            _: Request<Bytes>,
        ) -> std::result::Result<Response<Body>, TransportError> {
            let first = std::mem::take(&mut *self.0.lock().unwrap());
            if first {
                return Err(cut());
            }
            let body = r#"{"id":"not_found","message":"no"}"#;
            let answer = Response::builder().status(404).body(Body::from(body));
            Ok(answer.unwrap())
        }
    }

    without_waiting(async {
        let (call, id) = (CallOptions::default(), "7".parse().unwrap());
        let client = Client::builder().transport(Gone(Mutex::new(true))).build();
        let client = client.unwrap();
        assert!(client.delete_vm(&id, &call).await.is_ok());
        let error = client.delete_vm(&id, &call).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::NotFound);
    });
}
