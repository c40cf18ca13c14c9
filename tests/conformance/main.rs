//! One suite over every way from the SDK to the service.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod events;
mod resources;
mod vms;

use cloudsfor_tests::service::{Backend, Service};

/// Runs each scenario once per backend, as tests of their own.
macro_rules! over_every_backend {
    ($module:ident: $($scenario:ident),+ $(,)?) => {
        $(
            mod $scenario {
                use super::*;

                #[tokio::test]
                async fn reqwest() {
                    run(Backend::Reqwest).await;
                }

                #[tokio::test]
                async fn hyper() {
                    run(Backend::Hyper).await;
                }

                #[tokio::test]
                async fn in_process() {
                    run(Backend::InProcess).await;
                }

                async fn run(backend: Backend) {
                    let service = Service::start(backend).await;
                    $module::$scenario(&service).await;
                    service.stop().await;
                }
            }
        )+
    };
}

over_every_backend! { vms:
    a_vm_lives_from_creation_to_deletion,
    everything_asked_for_arrives,
    a_key_makes_one_vm,
    many_creates_at_once_stay_within_the_limit,
    waiting_shows_progress_and_ends_when_the_vm_runs,
    pages_have_every_vm_once,
    filters_are_applied,
    a_name_finds_its_vm_or_says_which_there_are,
    refusals_have_their_kinds,
    faults_are_named_by_both_sides,
    wrong_credentials_are_refused,
}

over_every_backend! { events:
    what_happens_is_told_and_taken_up_again,
    a_cursor_that_is_not_known_is_no_silent_gap,
}

over_every_backend! { resources:
    actions_change_a_vm_and_can_be_waited_for,
    snapshots_outlive_their_vm,
    labels_and_protection_change,
    what_the_service_offers_is_told,
    keys_are_found_by_id_and_fingerprint,
    vms_join_and_leave_networks,
    domains_have_records,
}
