//! Errors on the wire: `{"id","message","request_id","reason"?,"fields"?}`.

use crate::lenient::Text;
use crate::object::object;
use crate::open_enum::open_enum;

open_enum! {
    /// What kind of error it is: one for each status that the server answers.
    pub enum ErrorId {
        /// 400: malformed, empty or ambiguous JSON.
        BadRequest = "bad_request",
        /// 401: no or wrong credentials.
        Unauthorized = "unauthorized",
        /// 403: not allowed to this account.
        Forbidden = "forbidden",
        /// 404: there is no such thing for this account.
        NotFound = "not_found",
        /// 405: the path exists, the method doesn't.
        MethodNotAllowed = "method_not_allowed",
        /// 408: the request did not arrive in time.
        RequestTimeout = "request_timeout",
        /// 409: it contradicts something that exists.
        Conflict = "conflict",
        /// 413: the body is too large.
        PayloadTooLarge = "payload_too_large",
        /// 415: the body's content type is missing or not JSON.
        UnsupportedMediaType = "unsupported_media_type",
        /// 421: the service isn't called by the host that the request names.
        Misdirected = "misdirected",
        /// 422: understood and refused; see [`Reason`].
        UnprocessableEntity = "unprocessable_entity",
        /// 429: too many requests.
        TooManyRequests = "too_many_requests",
        /// 431: the request's head is too large.
        HeadersTooLarge = "headers_too_large",
        /// 500: a fault of the server.
        InternalError = "internal_error",
        /// 503: the server can't at the moment.
        ServiceUnavailable = "service_unavailable",
    }
}

impl ErrorId {
    /// The HTTP status that it is answered with; `None` for an unknown one.
    pub fn status(&self) -> Option<u16> {
        Some(match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::Conflict => 409,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Misdirected => 421,
            Self::UnprocessableEntity => 422,
            Self::TooManyRequests => 429,
            Self::HeadersTooLarge => 431,
            Self::InternalError => 500,
            Self::ServiceUnavailable => 503,
            Self::Unknown(_) => return None,
        })
    }
}

open_enum! {
    /// Why a request was refused, where one [`ErrorId`] has several reasons.
    pub enum Reason {
        /// The body breaks rules; the fields are named.
        Invalid = "invalid",
        /// The account may have no more.
        Quota = "quota",
        /// The service has no room for it.
        Capacity = "capacity",
        /// An operation already runs on it ("already has a pending event").
        Locked = "locked",
        /// Its state doesn't allow that.
        State = "state",
        /// It is protected from deletion.
        Protected = "protected",
        /// The idempotency key was used for another request.
        KeyReused = "key_reused",
        /// Of `forbidden`: a page of another origin had it asked for.
        CrossOrigin = "cross_origin",
        /// Of `not_found`: the API has no such path, whatever there is.
        Path = "path",
    }
}

object! {
    /// One fault of a rejected body.
    #[derive(Eq, thiserror::Error)]
    #[error("{name}: {message}")]
    pub struct FieldFault {
        /// The attribute (or query parameter), with a path for nested ones
        /// (`ssh_keys[1]`).
        required name: String;
        /// What is wrong with it and what would be right.
        required message: String;
    }
}

impl FieldFault {
    /// A fault of the attribute `name`.
    pub fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            message: message.into(),
            extra: Default::default(),
        }
    }
}

object! {
    /// An error answer's body. A proxy's error may have none of these
    /// attributes, so all but the id have a default.
    #[derive(Eq)]
    pub struct ErrorBody {
        /// What kind of error it is.
        required id: ErrorId;
        /// What happened and what to do, for people.
        defaulted message: String;
        /// The request's id, to find it in the server's log.
        optional request_id: Option<String> as Text;
        /// Why, where the id has several reasons.
        optional reason: Option<Reason>;
        /// The faults of a rejected body.
        listed fields: Vec<FieldFault> as crate::lenient::OneOrMany<FieldFault>;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_id_has_a_status_of_its_own() {
        let mut statuses: Vec<_> = ErrorId::KNOWN
            .iter()
            .map(|id| id.status().unwrap())
            .collect();
        statuses.sort_unstable();
        statuses.dedup();
        assert_eq!(statuses.len(), ErrorId::KNOWN.len());
    }

    #[test]
    fn an_error_body_keeps_what_it_does_not_know() {
        let json = r#"{"id":"teapot","message":"short and stout","request_id":"r1","hint":"tip"}"#;
        let body: ErrorBody = serde_json::from_str(json).unwrap();
        assert_eq!(body.id, ErrorId::Unknown("teapot".into()));
        assert_eq!(body.extra["hint"], "tip");
        assert_eq!(serde_json::to_string(&body).unwrap(), json);
    }
}
