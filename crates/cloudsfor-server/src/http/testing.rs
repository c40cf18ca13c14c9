//! `/testing`: the control endpoint of a service that was started for testing. It
//! moves the clock, sets fault rules, empties the cloud, and saves and loads it as
//! one file.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use cloudsfor_types::{ErrorId, FieldFault};
use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderValue, StatusCode};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};

use super::call::{Answer, ok};
use super::error::ApiError;
use super::{auth, body};
use crate::clock::MovableClock;
use crate::cloud::{Cloud, Memory};
use crate::faults::{Faults, Rule};
use crate::store::accounts::AccountId;

/// The largest cloud that is loaded, in bytes.
const STATE_LIMIT: usize = 1 << 30;

/// The longest that the clock is moved at once: ten years, in seconds.
const LONGEST_JUMP: f64 = 10.0 * 366.0 * 86_400.0;

/// What a test can take hold of.
#[derive(Clone)]
pub struct Controls {
    /// The cloud's clock.
    pub clock: Arc<dyn MovableClock>,
    /// The faults that requests meet.
    pub faults: Arc<Faults>,
}

#[derive(Clone)]
struct Testing {
    cloud: Arc<Cloud>,
    controls: Controls,
}

pub(super) fn router(cloud: Arc<Cloud>, controls: Controls) -> Router {
    Router::new()
        .route("/testing", get(show))
        .route("/testing/clock", post(advance))
        .route("/testing/faults", put(set_faults))
        .route("/testing/reset", post(reset))
        .route("/testing/state", get(save).put(load))
        .layer(from_fn(only_programs_here))
        .with_state(Testing { cloud, controls })
}

/// Not for other machines, nor for pages in a browser on this one.
async fn only_programs_here(request: Request, next: Next) -> Response {
    if !auth::is_local(&request) || request.headers().contains_key(ORIGIN) {
        let message = "the control endpoint is for programs on this machine";
        return ApiError::new(ErrorId::Forbidden, message).into_response();
    }
    next.run(request).await
}

async fn show(State(testing): State<Testing>) -> Answer {
    let faults = testing.controls.faults.list();
    ok(&json!({
        "clock": testing.controls.clock.now().to_string(),
        "faults": faults.iter().map(Rule::to_string).collect::<Vec<_>>(),
    }))
}

async fn advance(State(testing): State<Testing>, request: Request) -> Answer {
    let body = object(request).await?;
    let seconds = body.get("advance_seconds").and_then(Value::as_f64);
    let by = seconds
        .filter(|seconds| (0.0..=LONGEST_JUMP).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| fault("advance_seconds", "must be a number of 0 to ten years"))?;
    testing.controls.clock.advance(by);
    // So that what has become due is done when this is answered.
    testing.cloud.settle().await?;
    show(State(testing)).await
}

async fn set_faults(State(testing): State<Testing>, request: Request) -> Answer {
    let body = object(request).await?;
    let texts = body.get("faults").and_then(Value::as_array);
    let texts = texts.ok_or_else(|| fault("faults", "must be an array of rules"))?;
    let rules: Result<Vec<Rule>, String> = texts
        .iter()
        .map(|text| {
            let text = text.as_str().ok_or("must be texts")?;
            text.parse::<Rule>().map_err(|error| error.to_string())
        })
        .collect();
    let rules = rules.map_err(|why| fault("faults", &why))?;
    testing.controls.faults.replace(rules);
    show(State(testing)).await
}

async fn reset(State(testing): State<Testing>) -> Answer {
    testing.controls.faults.clear();
    testing.cloud.reset().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn save(State(testing): State<Testing>) -> Answer {
    let dir = temporary_directory()?;
    let file = dir.path().join("cloud");
    testing.cloud.save(&file).await?;
    let bytes = tokio::fs::read(&file)
        .await
        .map_err(|error| failed(&error))?;
    let mut response = Response::new(Body::from(bytes));
    let content_type = HeaderValue::from_static("application/vnd.sqlite3");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    Ok(response)
}

async fn load(State(testing): State<Testing>, request: Request) -> Answer {
    let dir = temporary_directory()?;
    let file = dir.path().join("cloud");
    let whole = Limited::new(request.into_body(), STATE_LIMIT)
        .collect()
        .await;
    let bytes = whole.map_err(|_| {
        let message = "the file did not arrive whole, or is larger than 1 GiB";
        ApiError::new(ErrorId::PayloadTooLarge, message)
    })?;
    tokio::fs::write(&file, bytes.to_bytes())
        .await
        .map_err(|error| failed(&error))?;
    match testing.cloud.load(&file).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => Err(fault("body", &error.to_string())),
    }
}

async fn object(request: Request) -> Result<serde_json::Map<String, Value>, ApiError> {
    let (head, body) = request.into_parts();
    // Tests ask one after the other.
    let share = Memory::default().share(AccountId(0));
    body::object(&body::read(&head.headers, body, share).await?)
}

fn fault(name: &str, message: &str) -> ApiError {
    ApiError::invalid(vec![FieldFault::new(name, message)])
}

fn temporary_directory() -> Result<tempfile::TempDir, ApiError> {
    tempfile::tempdir().map_err(|error| failed(&error))
}

fn failed(error: &std::io::Error) -> ApiError {
    let message = format!("a temporary file can't be used: {error}");
    ApiError::new(ErrorId::InternalError, message)
}
