//! `/vms`: the five documented operations.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Response};
use cloudsfor_types::{
    CreateVm, Links, Meta, SnapshotList, Vm, VmAnswer, VmFilter, VmList, VmStatus, operations,
};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode, Uri};
use serde::Serialize;

use super::envelope::JSON;
use super::error::ApiError;
use super::idempotency::{self, Accepted};
use super::pages::{self, ListUrl};
use super::query::{Query, whole};
use super::{BASE_PATH, body};
use crate::cloud::{Cloud, CloudError};
use crate::store::accounts::Account;
use crate::store::vms::Window;

type Cloudy = State<Arc<Cloud>>;
type Caller = Extension<Account>;
type Answer = Result<Response, ApiError>;
/// An id in the path; one that is not even text is no VM's.
type Id = Result<Path<String>, PathRejection>;

pub(super) async fn list(
    State(cloud): Cloudy,
    Extension(caller): Caller,
    request: Request,
) -> Answer {
    let mut query = Query::new(request.uri().query());
    let filter = take_filter(&mut query);
    let page = pages::take(&mut query);
    query.finish()?;

    let window = page.as_ref().map_or(Window::All, |page| page.window());
    let mut found = cloud.list_vms(caller.id, filter.clone(), window).await?;
    let links = page.map_or_else(Links::default, |page| {
        let neighbours = page.cut(&mut found.vms);
        let ends = found.vms.first().zip(found.vms.last());
        let ends = ends.map(|((_, first), (_, last))| (first, last));
        let path = format!("{BASE_PATH}{}", operations::LIST_VMS.path);
        let url = ListUrl::new(request.uri(), request.headers(), &path, filter.query());
        page.links(&url, found.total, ends, neighbours)
    });
    Ok(json(
        StatusCode::OK,
        &VmList {
            vms: found.vms.into_iter().map(|(vm, _)| vm).collect(),
            links,
            meta: Some(Meta::new(found.total)),
            extra: Default::default(),
        },
    ))
}

fn take_filter(query: &mut Query) -> VmFilter {
    let text = |text: &str| Ok(text.to_owned());
    let mut filter = VmFilter::default();
    filter.name = query.one("name", text);
    filter.region = query.one("region", text);
    filter.labels = query.all("label", |label| {
        let pair = label
            .split_once('=')
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        pair.ok_or_else(|| format!("must be a key, '=' and a value, not {label:?}"))
    });
    filter.status = query.one("status", |status| match VmStatus::from(status) {
        VmStatus::Unknown(status) => {
            let known: Vec<_> = VmStatus::KNOWN.iter().map(VmStatus::as_str).collect();
            Err(format!(
                "must be one of {}, not {status:?}",
                known.join(", ")
            ))
        }
        known => Ok(known),
    });
    filter
}

pub(super) async fn create(
    State(cloud): Cloudy,
    Extension(caller): Caller,
    request: Request,
) -> Answer {
    let (head, body) = request.into_parts();
    no_parameters(&head.uri)?;
    let bytes = body::read(&head.headers, body).await?;
    let key = idempotency::key(&head.method, head.uri.path(), &head.headers, &bytes)?;
    let request = CreateVm::decode(body::object(&bytes)?).map_err(ApiError::invalid)?;
    let accepted = |vm, action_id: &str| {
        let body = to_json(&vm_answer(vm));
        let status = operations::CREATE_VM.success;
        Accepted {
            status,
            action_id: action_id.to_owned(),
            body,
        }
        .to_bytes()
    };
    Ok(idempotency::answer(
        &cloud.create_vm(caller.id, request, key, accepted).await?,
    ))
}

pub(super) async fn get(
    State(cloud): Cloudy,
    Extension(caller): Caller,
    id: Id,
    uri: Uri,
) -> Answer {
    let mut query = Query::new(uri.query());
    let wait = query.one("wait", whole(0, 30));
    query.finish()?;
    let id = text_of(id)?;
    let vm = match wait {
        Some(seconds) => {
            cloud
                .wait_vm(caller.id, &id, Duration::from_secs(seconds))
                .await?
        }
        None => cloud.get_vm(caller.id, &id)?,
    };
    Ok(json(StatusCode::OK, &vm_answer(vm)))
}

pub(super) async fn list_snapshots(
    State(cloud): Cloudy,
    Extension(caller): Caller,
    id: Id,
    uri: Uri,
) -> Answer {
    no_parameters(&uri)?;
    let snapshots = cloud.list_vm_snapshots(caller.id, &text_of(id)?)?;
    let meta = Some(Meta::new(snapshots.len() as u64));
    let list = SnapshotList {
        snapshots,
        links: None,
        meta,
        extra: Default::default(),
    };
    Ok(json(StatusCode::OK, &list))
}

pub(super) async fn delete(
    State(cloud): Cloudy,
    Extension(caller): Caller,
    id: Id,
    uri: Uri,
) -> Answer {
    no_parameters(&uri)?;
    cloud.delete_vm(caller.id, text_of(id)?).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    // As documented, though there is no content.
    let type_of_nothing = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, type_of_nothing);
    Ok(response)
}

fn no_parameters(uri: &Uri) -> Result<(), ApiError> {
    Query::new(uri.query()).finish()
}

fn text_of(id: Id) -> Result<String, ApiError> {
    match id {
        Ok(Path(id)) => Ok(id),
        Err(_) => Err(CloudError::NotFound {
            what: "VM",
            id: String::new(),
        }
        .into()),
    }
}

fn vm_answer(vm: Vm) -> VmAnswer {
    VmAnswer {
        vm,
        links: Links::default(),
        extra: Default::default(),
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = Response::new(Body::from(to_json(value)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("the wire's own types are JSON")
}
