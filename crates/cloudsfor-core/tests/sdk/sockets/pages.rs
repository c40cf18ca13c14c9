//! Lists that the server answers in pages.

use cloudsfor_core::list::list_all;
use cloudsfor_core::types::{Snapshot, VmFilter, VmStatus};
use cloudsfor_core::{CallOptions, Client, ErrorKind, PageRequest, Result, Vms, list_all_vms};

use super::backend::BACKENDS;
use super::server::{Server, reply};
use crate::samples::{ID, id};

/// A page of one VM that says where the next one is.
fn page(next: &str) -> String {
    format!(
        r#"{{"vms":{{"id":"{ID}","name":"a","memory":"0.5","vcpus":"1","disk":10.0,
        "status":"hibernated","created_at":"long ago","features":["teleport"],"rack":7}},
        "links":{{"pages":{{{next}}}}},"meta":{{"total":2}}}}"#
    )
}

fn last() -> String {
    page("")
}

#[tokio::test]
async fn pages_are_followed_at_the_same_origin() {
    for backend in BACKENDS {
        let link = r#""next":"/api/v1/vms?cursor=a%2Fb&per_page=1""#;
        let script = vec![reply("200 OK", &page(link)), reply("200 OK", &last())];
        let server = Server::start(vec![script]).await;
        let client = backend.client(&server.url);
        let filter = VmFilter::default().with_name("a b").with_label("k", "v&w");
        let vms = list_all_vms(&client, &filter, &CallOptions::default()).await;

        // Values that this version doesn't know are kept.
        let vms = vms.unwrap();
        assert_eq!(vms.len(), 2);
        assert_eq!(vms[0].status, VmStatus::Unknown("hibernated".into()));
        assert_eq!(vms[0].memory.get(), 0.5);
        assert_eq!(vms[0].extra["rack"], 7);

        let requests = server.requests();
        let lines: Vec<_> = requests.iter().map(|r| r.lines().next().unwrap()).collect();
        assert_eq!(
            lines,
            [
                "GET /api/v1/vms?name=a%20b&label=k%3Dv%26w HTTP/1.1",
                "GET /api/v1/vms?cursor=a%2Fb&per_page=1 HTTP/1.1",
            ]
        );
    }
}

#[tokio::test]
async fn a_page_can_be_asked_for_and_taken_up_later() {
    for backend in BACKENDS {
        let server = Server::start(vec![vec![reply("200 OK", &last()); 2]]).await;
        let client = backend.client(&server.url);
        let filter = VmFilter::default();
        let call = CallOptions::default();
        let first = PageRequest::First(200);
        let page = client.list_vms(&filter, &first, &call).await.unwrap();
        assert_eq!((page.total, page.next), (Some(2), None));
        let later = PageRequest::Next("/api/v1/vms?cursor=x".parse().unwrap());
        client.list_vms(&filter, &later, &call).await.unwrap();
        let requests = server.requests();
        assert!(requests[0].starts_with("GET /api/v1/vms?per_page=200 HTTP"));
        assert!(requests[1].starts_with("GET /api/v1/vms?cursor=x HTTP"));
    }
}

#[tokio::test]
async fn another_origin_is_never_asked() {
    for backend in BACKENDS {
        let elsewhere = Server::start(vec![]).await;
        let link = format!(r#""next":"{}/api/v1/vms?cursor=a""#, elsewhere.url);
        let snapshots = format!(r#"{{"snapshots":[],"links":{{"pages":{{{link}}}}}}}"#);
        let script = vec![reply("200 OK", &page(&link)), reply("200 OK", &snapshots)];
        let server = Server::start(vec![script]).await;
        let client = backend.client(&server.url);
        let call = CallOptions::default();
        let errors = [
            list_all_vms(&client, &VmFilter::default(), &call)
                .await
                .unwrap_err(),
            all_snapshots(&client).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), &ErrorKind::Unexpected);
            assert!(error.message().contains(&elsewhere.url), "{error}");
            assert!(error.message().contains("password"), "{error}");
        }
        assert!(elsewhere.requests().is_empty());
    }
}

#[tokio::test]
async fn a_page_that_names_itself_is_an_error() {
    for backend in BACKENDS {
        let link = r#""next":"?cursor=a""#;
        let snapshots = format!(r#"{{"snapshots":[],"links":{{"pages":{{{link}}}}}}}"#);
        let mut script = vec![reply("200 OK", &page(link)); 2];
        script.extend(vec![reply("200 OK", &snapshots); 2]);
        let server = Server::start(vec![script]).await;
        let client = backend.client(&server.url);
        let call = CallOptions::default();
        let errors = [
            list_all_vms(&client, &VmFilter::default(), &call)
                .await
                .unwrap_err(),
            all_snapshots(&client).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), &ErrorKind::Unexpected);
            assert!(error.message().contains("was there before"), "{error}");
        }
        assert_eq!(server.requests().len(), 4);
    }
}

async fn all_snapshots(client: &Client) -> Result<Vec<Snapshot>> {
    let call = CallOptions::default();
    list_all("list_vm_snapshots", &call, |page, call| async move {
        client.list_vm_snapshots(&id(), &page, &call).await
    })
    .await
}
