//! Which zone answers a question.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use hickory_server::net::runtime::{Time, TokioRuntimeProvider};
use hickory_server::proto::op::{Metadata, ResponseCode};
use hickory_server::proto::rr::Name;
use hickory_server::proto::serialize::txt::Parser;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, MessageResponseBuilder, ZoneType};
use parking_lot::Mutex;

use crate::cloud::Cloud;
use crate::cloud::domains::{self, Version, Zone};

/// Parsed zones that are kept.
const KEPT: usize = 256;

/// Answers from the zones of a cloud.
pub(super) struct Zones {
    cloud: Arc<Cloud>,
    /// By their version, so that none is used that has changed since.
    parsed: Mutex<HashMap<Version, Arc<Catalog>>>,
}

impl Zones {
    pub(super) fn new(cloud: Arc<Cloud>) -> Self {
        Self {
            cloud,
            parsed: Mutex::default(),
        }
    }

    /// What answers for this name; the code to refuse it with if nothing does.
    fn catalog(&self, name: &str) -> Result<Arc<Catalog>, ResponseCode> {
        let found = self
            .cloud
            .read(|c| domains::zone(c, name, |version| self.kept(version)));
        match found {
            Ok(Some(Zone::Kept(catalog))) => Ok(catalog),
            Ok(Some(Zone::Text {
                origin,
                text,
                version,
            })) => {
                let catalog = parse(&origin, text).map_err(|error| {
                    tracing::error!(%error, origin, "a zone can't be read");
                    ResponseCode::ServFail
                })?;
                if let Some(version) = version {
                    self.keep(version, catalog.clone());
                }
                Ok(catalog)
            }
            Ok(None) => Err(ResponseCode::Refused),
            Err(error) => {
                tracing::error!(%error, "can't look a name up");
                Err(ResponseCode::ServFail)
            }
        }
    }

    fn kept(&self, version: &Version) -> Option<Arc<Catalog>> {
        let parsed = self.parsed.lock();
        parsed.get(version).cloned()
    }

    fn keep(&self, version: Version, catalog: Arc<Catalog>) {
        let mut parsed = self.parsed.lock();
        parsed.retain(|other, _| other.domain != version.domain);
        if parsed.len() >= KEPT {
            parsed.clear();
        }
        parsed.insert(version, catalog);
    }
}

#[async_trait]
impl RequestHandler for Zones {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response: R,
    ) -> ResponseInfo {
        let refusal = match request.request_info() {
            Ok(info) => match self.catalog(&info.query.name().to_string()) {
                Ok(catalog) => return catalog.handle_request::<R, T>(request, response).await,
                Err(refusal) => refusal,
            },
            Err(_) => ResponseCode::FormErr,
        };
        let refused = MessageResponseBuilder::from_message_request(request)
            .error_msg(&request.metadata, refusal);
        match response.send_response(refused).await {
            Ok(info) => info,
            Err(error) => {
                tracing::debug!(%error, "an answer could not be sent");
                let mut metadata = Metadata::response_from_request(&request.metadata);
                metadata.response_code = ResponseCode::ServFail;
                hickory_server::proto::op::Header {
                    metadata,
                    counts: Default::default(),
                }
                .into()
            }
        }
    }
}

fn parse(origin: &str, text: String) -> Result<Arc<Catalog>, String> {
    let origin = Name::from_ascii(origin).map_err(|error| error.to_string())?;
    let (origin, records) = Parser::new(text, None, Some(origin))
        .parse()
        .map_err(|error| error.to_string())?;
    let mut catalog = Catalog::new();
    let name = origin.clone().into();
    let zone: InMemoryZoneHandler<TokioRuntimeProvider> =
        InMemoryZoneHandler::new(origin, records, ZoneType::Primary, AxfrPolicy::Deny)?;
    catalog.upsert(name, vec![Arc::new(zone)]);
    Ok(Arc::new(catalog))
}
