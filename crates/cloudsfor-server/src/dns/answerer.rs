//! From a message to its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use hickory_proto::op::ResponseCode;

use super::answer::answer;
use super::message::{Reply, UDP_MAX};
use super::rate::{RateLimit, Verdict};
use super::request::Request;
use crate::cloud::{Cloud, CloudResult};

/// Answers messages from the zones of a cloud.
pub(super) struct Answerer {
    cloud: Arc<Cloud>,
    rate: RateLimit,
}

impl Answerer {
    pub(super) fn new(cloud: Arc<Cloud>, per_second: u32) -> Self {
        Self {
            cloud,
            rate: RateLimit::new(per_second),
        }
    }

    /// The answer by UDP, if there is to be one.
    pub(super) fn by_udp(&self, message: &[u8], client: IpAddr) -> Option<Vec<u8>> {
        let request = Request::read(message)?;
        let reply = self.reply(&request);
        match self.rate.count(client, &reply.sort, Instant::now()) {
            Verdict::Send => Some(reply.encode(&request, request.udp_size(UDP_MAX))),
            Verdict::Truncate => Some(reply.encode_truncated(&request)),
            Verdict::Drop => None,
        }
    }

    /// The answer by TCP, if there is to be one.
    pub(super) fn by_tcp(&self, message: &[u8]) -> Option<Vec<u8>> {
        let request = Request::read(message)?;
        Some(self.reply(&request).encode(&request, u16::MAX))
    }

    fn reply(&self, request: &Request) -> Reply {
        let refused = |code: ResponseCode| Reply {
            sort: code.to_string(),
            ..Reply::code(code)
        };
        let query = match (&request.query, request.refusal) {
            (Some(query), ResponseCode::NoError) => query,
            (_, ResponseCode::NoError) => return refused(ResponseCode::FormErr),
            (_, refusal) => return refused(refusal),
        };
        // One state of the store for the whole answer.
        let found: CloudResult<_> = self
            .cloud
            .snapshot()
            .and_then(|snapshot| snapshot.read(|connection| answer(connection, query)));
        found.unwrap_or_else(|error| {
            tracing::error!(%error, name = %query.name(), "can't look a name up");
            refused(ResponseCode::ServFail)
        })
    }
}
