//! Who is asking: basic authentication by e-mail and password.

use std::net::IpAddr;

use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloudsfor_types::ErrorId;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;

use super::BASE_PATH;
use super::error::ApiError;
use crate::cloud::{Address, Caller, Cloud, OWNER};
use crate::store::Snapshot;
use crate::store::accounts::Account;

/// What of the API can be read without credentials: its description.
pub(super) const OPENAPI: &str = "/openapi.json";

/// And the page that shows it.
pub(super) const REFERENCE: &str = "/docs";

/// Where a request comes from: noted by whoever has the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    /// Whether a proxy that is believed handed it on.
    pub(super) by_proxy: bool,
}

/// Who is let in.
pub(super) enum Door {
    /// Whoever's credentials open an account.
    Passwords,
    /// Everybody, as this account.
    Owner(Account),
}

impl Door {
    /// As whom a request is let in, by `snapshot` if there is one and it suffices;
    /// `None` if it is for what everybody may read.
    pub(super) async fn open(
        &self,
        cloud: &Cloud,
        head: &Parts,
        snapshot: &mut Option<Snapshot>,
    ) -> Result<Option<Caller>, ApiError> {
        if let Self::Owner(owner) = self {
            return Ok(Some(Caller {
                account: owner.clone(),
                login: OWNER.into(),
            }));
        }
        let path = head.uri.path().strip_prefix(BASE_PATH);
        if path.is_none_or(|path| [OPENAPI, REFERENCE].contains(&path)) {
            return Ok(None);
        }
        let address = head.extensions.get::<Peer>().map(|peer| peer.address);
        caller(cloud, &head.headers, address, snapshot)
            .await
            .map(Some)
    }
}

/// Whether a request is from this machine, and no proxy's for another.
pub(super) fn is_local(request: &Request) -> bool {
    let by_proxy = [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    ];
    let peer = request.extensions().get::<Peer>();
    peer.is_none_or(|peer| peer.address.to_canonical().is_loopback() && !peer.by_proxy)
        && !by_proxy
            .iter()
            .any(|name| request.headers().contains_key(*name))
}

async fn caller(
    cloud: &Cloud,
    headers: &HeaderMap,
    address: Address,
    snapshot: &mut Option<Snapshot>,
) -> Result<Caller, ApiError> {
    let unauthorized = |message| ApiError::new(ErrorId::Unauthorized, message);
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Err(unauthorized(
            "say who you are: send e-mail and password by basic authentication",
        ));
    };
    let Some((email, password)) = credentials(header) else {
        return Err(unauthorized(
            "the Authorization header is not that of basic authentication",
        ));
    };
    cloud
        .authenticate(&email, &password, address, snapshot)
        .await?
        .ok_or_else(|| unauthorized("wrong e-mail or password"))
}

fn credentials(header: &HeaderValue) -> Option<(String, SecretString)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (email, password) = decoded.split_once(':')?;
    Some((email.to_owned(), SecretString::from(password)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn parse(text: &str) -> Option<(String, String)> {
        let header = HeaderValue::from_str(text).unwrap();
        credentials(&header).map(|(email, password)| (email, password.expose_secret().to_owned()))
    }

    #[test]
    fn basic_credentials_are_read_and_nothing_else() {
        let encode = |text: &str| STANDARD.encode(text);
        let pair = |e: &str, p: &str| Some((e.to_owned(), p.to_owned()));
        assert_eq!(
            parse(&format!("Basic {}", encode("a@b:c:d"))),
            pair("a@b", "c:d")
        );
        assert_eq!(parse(&format!("basic {}", encode("a@b:"))), pair("a@b", ""));
        for bad in [
            "",
            "Basic",
            "Basic !!!",
            "Bearer abc",
            &format!("Basic {}", encode("nocolon")),
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
