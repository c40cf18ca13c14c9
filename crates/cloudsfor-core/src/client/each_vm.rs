//! Lists that are read while they arrive.

use std::sync::{Mutex, PoisonError};

use cloudsfor_types::operations::LIST_VMS;
use cloudsfor_types::{Vm, VmFilter, VmList};
use http::header::CONTENT_ENCODING;
use http::response::Parts;
use http_body_util::BodyExt;

use super::Client;
use super::call::Target;
use super::list_reader::ListReader;
use crate::api::Vms;
use crate::call::CallOptions;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::list::Pages;
use crate::page::{Page, PageRequest};
use crate::response::decode;
use crate::transport::{Body, TransportError};

/// Where VMs go.
type Take<'t> = &'t mut (dyn FnMut(Vm) + Send);

/// Where VMs go, and how many have: an attempt that follows another one begins
/// where that was cut, as the order of a list is always the same.
struct Sink<'t> {
    take: Take<'t>,
    taken: usize,
}

impl Client {
    /// Hands each VM on as soon as it has arrived.
    pub(super) async fn read_each_vm(
        &self,
        filter: &VmFilter,
        call: &CallOptions,
        take: Take<'_>,
    ) -> Result<()> {
        let deadline = Deadline::of(call);
        let target = Target {
            query: filter.query(),
            ..Target::default()
        };
        let exchange = self.exchange_at(&LIST_VMS, &target, call)?;
        let sink = Mutex::new(Sink { take, taken: 0 });
        let sink = &sink;
        let rest = self
            .carry_out(&exchange, |head, body| self.read_vms(head, body, sink))
            .await?;
        let mut pages = Pages::new(LIST_VMS.name);
        let next = self.next_page(&LIST_VMS, rest.links.next(), &exchange.url)?;
        let taken = sink.lock().unwrap_or_else(PoisonError::into_inner).taken;
        let total = rest.meta.map(|meta| meta.total);
        let mut next = pages.after(&Page::new(vec![(); taken], total, next))?;
        while let Some(token) = next {
            let call = deadline.limit(call);
            let page = self
                .list_vms(filter, &PageRequest::Next(token), &call)
                .await?;
            next = pages.after(&page)?;
            let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
            page.items.into_iter().for_each(|vm| (sink.take)(vm));
        }
        Ok(())
    }

    /// Reads an answer, and returns what it says beside the VMs.
    async fn read_vms(
        &self,
        head: Parts,
        mut body: Body,
        sink: &Mutex<Sink<'_>>,
    ) -> Result<VmList> {
        let mut number = 0;
        let mut hand_on = |vm: Vm| {
            let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
            if number == sink.taken {
                (sink.take)(vm);
                sink.taken += 1;
            }
            number += 1;
        };
        // What is packed is unpacked as a whole.
        if head.headers.contains_key(CONTENT_ENCODING) {
            let body = self.whole(&LIST_VMS, &head, body).await?;
            let mut list: VmList = decode(&LIST_VMS, &head, &body)?;
            list.vms.drain(..).for_each(hand_on);
            return Ok(list);
        }
        let mut reader = ListReader::new("vms");
        let mut arrived = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.no_answer(&LIST_VMS, error))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            arrived += data.len();
            if arrived > self.body_limit {
                let error = TransportError::too_large(self.body_limit);
                return Err(self.no_answer(&LIST_VMS, error));
            }
            reader.read(&data, |item| -> Result<()> {
                hand_on(decode(&LIST_VMS, &head, item)?);
                Ok(())
            })?;
        }
        let mut list: VmList = decode(&LIST_VMS, &head, &reader.rest())?;
        list.vms.drain(..).for_each(hand_on);
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use async_trait::async_trait;
    use bytes::Bytes;
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;
    use crate::error::{ErrorKind, TransportErrorKind};
    use crate::transport::Transport;

    const VM: &str = r#"{"id":"ID","name":"a","memory":1,"vcpus":1,"disk":10,"locked":false,
        "status":"running","created_at":"2015-01-14T16:36:31Z"}"#;

    /// An answer that comes in pieces, and is cut at last if that is said.
    type Answer = (String, bool);

    /// Answers each request with the next of these.
    struct Server(Mutex<VecDeque<Answer>>);

    #[async_trait]
    impl Transport for Server {
        async fn send(
            &self,
            _: http::Request<Bytes>,
        ) -> std::result::Result<http::Response<Body>, TransportError> {
            let (text, is_cut) = self.0.lock().unwrap().pop_front().unwrap();
            let mut pieces: Vec<_> = text
                .as_bytes()
                .chunks(100)
                .map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))))
                .collect();
            if is_cut {
                pieces.push(Err(TransportError::maybe_sent(
                    TransportErrorKind::Cut,
                    "cut",
                )));
            }
            let body = Body::new(StreamBody::new(stream::iter(pieces)));
            Ok(http::Response::new(body))
        }
    }

    fn vms(ids: &[&str]) -> String {
        let vms: Vec<_> = ids.iter().map(|id| VM.replace("ID", id)).collect();
        vms.join(",")
    }

    async fn each(answers: &[(&str, bool)]) -> (Result<()>, Vec<String>) {
        let answers = answers.iter().map(|(text, cut)| ((*text).to_owned(), *cut));
        let server = Arc::new(Server(Mutex::new(answers.collect())));
        let client = Client::builder().transport(server).build().unwrap();
        let mut ids = Vec::new();
        let mut take = |vm: Vm| ids.push(vm.id.to_string());
        let call = CallOptions::default();
        let result = client.each_vm(&VmFilter::default(), &call, &mut take).await;
        (result, ids)
    }

    #[tokio::test(start_paused = true)]
    async fn each_vm_comes_once_though_the_connection_is_cut() {
        let whole = format!(r#"{{"vms":[{}],"links":{{}}}}"#, vms(&["1", "2", "3"]));
        let (result, ids) = each(&[(&whole, false)]).await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(ids, ["1", "2", "3"]);
        // The first two, then the end of the connection, then all again.
        let part = &whole[..whole.find(r#"{"id":"3""#).unwrap() + 20];
        let (result, ids) = each(&[(part, true), (&whole, false)]).await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(ids, ["1", "2", "3"]);
    }

    #[tokio::test]
    async fn pages_and_lone_objects_are_read_too() {
        let first = format!(
            r#"{{"vms":[{}],"links":{{"pages":{{"next":"/api/v1/vms?page=2"}}}}}}"#,
            vms(&["1", "2"])
        );
        let last = format!(r#"{{"vms":{}}}"#, vms(&["3"]));
        let (result, ids) = each(&[(&first, false), (&last, false)]).await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(ids, ["1", "2", "3"]);
        assert_eq!(each(&[(&last, false)]).await.1, ["3"]);
    }

    #[tokio::test]
    async fn what_can_not_be_read_is_an_error() {
        let wrong = format!(r#"{{"vms":[{},{{"id":7}}]}}"#, vms(&["1"]));
        let unfinished = format!(r#"{{"vms":[{}"#, vms(&["1"]));
        for answer in [&*wrong, &*unfinished, "<html>", ""] {
            let (result, _) = each(&[(answer, false)]).await;
            let error = result.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Decode { .. }),
                "{error:?}"
            );
        }
    }
}
