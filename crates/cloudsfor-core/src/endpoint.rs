//! Where the API is: its base URL.
//!
//! ```
//! use cloudsfor_core::Endpoint;
//!
//! let local: Endpoint = "http://127.0.0.1:8080".parse()?;
//! assert_eq!(local.to_string(), "http://127.0.0.1:8080/api/v1");
//! assert_eq!(Endpoint::default().to_string(), "https://cloudsfor.com/api/v1");
//! # Ok::<(), cloudsfor_core::endpoint::InvalidEndpoint>(())
//! ```

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::uri::{self, Authority, PathAndQuery, Scheme, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::error::{Error, ErrorKind};
use crate::page::PageToken;

/// The path of the API's first version under its host.
const API_PATH: &str = "/api/v1";

/// The longest URL that can be read as a whole, which some transports do.
const URL_MAX: usize = u16::MAX as usize - 1;

/// All but the characters that RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The base URL of the API, checked. The default is
/// `https://cloudsfor.com/api/v1`.
///
/// Made from text: a URL of `http` or `https`, with or without a slash at its
/// end. A URL without a path gets `/api/v1`. Credentials are never part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    /// Begins with a slash and doesn't end with one.
    path: String,
}

/// Why a text is no base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// It is no URL.
    #[error("{0:?} is no URL: give one like https://cloudsfor.com/api/v1")]
    NotAUrl(String),
    /// It doesn't begin with `http://` or `https://`.
    #[error("{0:?} must begin with http:// or https://")]
    Scheme(String),
    /// It has a user or a password. The text is not repeated.
    #[error(
        "the base URL has a user or a password in it: \
         remove them up to the '@', credentials are given separately"
    )]
    Userinfo,
    /// It has a query or a fragment.
    #[error("{0:?} has a '?' or a '#': give the base URL without a query or fragment")]
    QueryOrFragment(String),
}

/// Why the next page is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidNextPage {
    #[error(
        "the server says that the next page is at {0:?}, which is not {1}: \
         it is not fetched, since the password would go there; \
         check the base URL, and the URL under which the server thinks it is reached"
    )]
    OtherOrigin(String, String),
    #[error("the server says that the next page is at {0:?}, which is no URL")]
    Malformed(String),
}

impl Endpoint {
    /// Scheme, host and port: what credentials are for.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// Whether it is on this machine, by its address or as `localhost`.
    pub fn is_loopback(&self) -> bool {
        let host = self.authority.host();
        let address = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether what is sent there is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Host and port.
    #[cfg(feature = "tracing")]
    pub(crate) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The URL of an operation: a path template in which each `{…}` stands for
    /// one of the segments, in their order, and query parameters. `None` if it
    /// gets too long for a URL.
    pub(crate) fn url(
        &self,
        template: &str,
        segments: &[&str],
        query: &[(&str, String)],
    ) -> Option<Uri> {
        let segments_len: usize = segments.iter().map(|segment| segment.len()).sum();
        // Enough for ids, which have nothing to escape, and no query.
        let mut path = String::with_capacity(self.path.len() + template.len() + segments_len);
        path.push_str(&self.path);
        let mut template = template;
        for segment in segments {
            let (fixed, parameter) = template
                .split_once('{')
                .expect("a parameter for each segment");
            let (_name, rest) = parameter.split_once('}').expect("it ends");
            path.push_str(fixed);
            path.extend(escape(segment));
            template = rest;
        }
        assert!(!template.contains('{'), "a segment for each parameter");
        path.push_str(template);
        for (index, (name, value)) in query.iter().enumerate() {
            path.push(if index == 0 { '?' } else { '&' });
            path.extend(escape(name));
            path.push('=');
            path.extend(escape(value));
        }
        self.at(path.try_into().ok()?)
    }

    /// The URL of a page. `None` if the token is no path and query.
    pub(crate) fn page_url(&self, token: &PageToken) -> Option<Uri> {
        self.at(token.as_str().parse().ok()?)
    }

    /// The URL of a path and query here. `None` if it is too long.
    fn at(&self, path: PathAndQuery) -> Option<Uri> {
        let origin_len = self.scheme.as_str().len() + "://".len() + self.authority.as_str().len();
        if origin_len + path.as_str().len() > URL_MAX {
            return None;
        }
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).ok()
    }

    /// Reads a link to the next page, absolute or relative to the URL of the
    /// page that had it. The contract: "only within the same origin (never
    /// sending the password to another one)".
    pub(crate) fn next_page(&self, link: &str, page: &Uri) -> Result<PageToken, InvalidNextPage> {
        let malformed = || InvalidNextPage::Malformed(link.chars().take(300).collect());
        let directory = page.path().rsplit_once('/').map_or("", |(dir, _)| dir);
        let absolute = if link.contains("://") && !link.starts_with(['/', '?']) {
            link.to_owned()
        } else if link.starts_with("//") {
            format!("{}:{link}", self.scheme)
        } else if link.starts_with('/') {
            format!("{}{link}", self.origin())
        } else if link.starts_with('?') {
            format!("{}{}{link}", self.origin(), page.path())
        } else {
            format!("{}{directory}/{link}", self.origin())
        };
        let url: Uri = absolute.parse().map_err(|_| malformed())?;
        if !self.has_origin_of(&url) {
            let link = link.chars().take(300).collect();
            return Err(InvalidNextPage::OtherOrigin(link, self.origin()));
        }
        let path_and_query = url.path_and_query().ok_or_else(malformed)?;
        path_and_query.as_str().parse().map_err(|_| malformed())
    }

    fn has_origin_of(&self, url: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (url.scheme(), url.authority()) else {
            return false;
        };
        let userinfo = authority.as_str().contains('@');
        !userinfo
            && *scheme == self.scheme
            && authority.host().eq_ignore_ascii_case(self.authority.host())
            && port(scheme, authority) == port(&self.scheme, &self.authority)
    }
}

fn escape(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, ESCAPED)
}

fn port(scheme: &Scheme, authority: &Authority) -> u16 {
    let default = if *scheme == Scheme::HTTPS { 443 } else { 80 };
    authority.port_u16().unwrap_or(default)
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            scheme: Scheme::HTTPS,
            authority: Authority::from_static("cloudsfor.com"),
            path: API_PATH.to_owned(),
        }
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        // A text with an '@' may hold a password, so no error repeats it.
        if text.contains('@') {
            return Err(InvalidEndpoint::Userinfo);
        }
        let shown = || text.chars().take(300).collect::<String>();
        if text.contains(['?', '#']) {
            return Err(InvalidEndpoint::QueryOrFragment(shown()));
        }
        if !text.contains("://") {
            return Err(InvalidEndpoint::Scheme(shown()));
        }
        let url: Uri = text
            .parse()
            .map_err(|_| InvalidEndpoint::NotAUrl(shown()))?;
        let parts = url.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(InvalidEndpoint::NotAUrl(shown()));
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(InvalidEndpoint::Scheme(shown()));
        }
        let host = authority.host();
        let port_is_sound =
            authority.as_str().len() == host.len() || authority.port_u16().is_some();
        if host.is_empty() || !port_is_sound {
            return Err(InvalidEndpoint::NotAUrl(shown()));
        }
        let path = parts.path_and_query.map_or(String::new(), |path| {
            path.as_str().trim_end_matches('/').to_owned()
        });
        Ok(Self {
            scheme,
            authority,
            path: if path.is_empty() {
                API_PATH.to_owned()
            } else {
                path
            },
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

impl From<InvalidEndpoint> for Error {
    fn from(invalid: InvalidEndpoint) -> Self {
        Self::new(
            ErrorKind::Configuration,
            "configuration",
            invalid.to_string(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_without_a_path_gets_that_of_the_api() {
        for (text, shown) in [
            ("https://cloudsfor.com", "https://cloudsfor.com/api/v1"),
            ("https://cloudsfor.com/", "https://cloudsfor.com/api/v1"),
            ("http://[::1]:8080//", "http://[::1]:8080/api/v1"),
            ("http://localhost:1/api/v1/", "http://localhost:1/api/v1"),
            ("http://proxy/cloud/api/v1", "http://proxy/cloud/api/v1"),
            ("HTTPS://Example.com/a", "https://Example.com/a"),
        ] {
            assert_eq!(endpoint(text).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for text in [
            "",
            " ",
            "cloudsfor.com",
            "localhost:8080",
            "/api/v1",
            "ftp://cloudsfor.com",
            "https://",
            "https:///api",
            "http://host:99999",
            "http://host:",
            "http://:80",
            "http://a b",
            "https://h?q=1",
            "https://h/api#top",
            "https://[::1",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        for text in [
            "https://me:hunter2@host/",
            "me:hunter2@host",
            "https://a?hunter2@b",
        ] {
            let message = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
            assert!(message.contains("separately"), "{message}");
        }
    }

    #[test]
    fn segments_and_queries_are_escaped() {
        let query = [
            ("name", "a b&c=d/é".to_owned()),
            ("label", "k=v".to_owned()),
        ];
        let url = endpoint("http://h").url("/vms/{id}/snapshots", &["../x?"], &query);
        assert_eq!(
            url.unwrap(),
            "http://h/api/v1/vms/..%2Fx%3F/snapshots?name=a%20b%26c%3Dd%2F%C3%A9&label=k%3Dv"
        );
        let two = endpoint("http://h").url("/networks/{network_id}/vms/{id}", &["a", "b"], &[]);
        assert_eq!(two.unwrap(), "http://h/api/v1/networks/a/vms/b");
        let url_of = |len: usize| {
            let fixed = "http://h/api/v1/vms?name=".len();
            endpoint("http://h").url("/vms", &[], &[("name", "x".repeat(len - fixed))])
        };
        assert_eq!(url_of(URL_MAX).unwrap().to_string().len(), URL_MAX);
        assert!(url_of(URL_MAX).unwrap().to_string().parse::<Uri>().is_ok());
        assert_eq!(url_of(URL_MAX + 1), None);
        assert_eq!(url_of(70_000), None);
    }

    #[test]
    fn a_next_page_is_of_the_same_origin() {
        let here = endpoint("https://Cloud.example/api/v1");
        let page = here.url("/vms", &[], &[]).unwrap();
        for (link, token) in [
            (
                "https://cloud.example/api/v1/vms?cursor=a",
                "/api/v1/vms?cursor=a",
            ),
            (
                "https://cloud.example:443/api/v1/vms?c=a#x",
                "/api/v1/vms?c=a",
            ),
            ("HTTPS://CLOUD.EXAMPLE/x?u=http://a", "/x?u=http://a"),
            ("//cloud.example/x", "/x"),
            ("/api/v1/vms?u=http://a", "/api/v1/vms?u=http://a"),
            ("?cursor=a", "/api/v1/vms?cursor=a"),
            ("vms?page=2", "/api/v1/vms?page=2"),
        ] {
            assert_eq!(
                here.next_page(link, &page).unwrap().as_str(),
                token,
                "{link}"
            );
        }
        for link in [
            "http://cloud.example/api/v1/vms",
            "https://cloud.example:8443/api/v1/vms",
            "https://evil.example/api/v1/vms",
            "https://cloud.example.evil.example/",
            "https://cloud.example@evil.example/",
            "https://user@cloud.example/",
            "//evil.example/x",
            "ftp://cloud.example/",
        ] {
            assert!(
                matches!(
                    here.next_page(link, &page),
                    Err(InvalidNextPage::OtherOrigin(..))
                ),
                "{link}"
            );
        }
        for link in ["http://", "https://a b/", "/a\nb", "/é ", "//"] {
            assert!(here.next_page(link, &page).is_err(), "{link:?}");
        }
    }

    #[test]
    fn a_page_token_becomes_a_url_of_this_origin() {
        let here = endpoint("http://h:1/api/v1");
        let token: PageToken = "/api/v1/vms?cursor=x".parse().unwrap();
        assert_eq!(
            here.page_url(&token).unwrap(),
            "http://h:1/api/v1/vms?cursor=x"
        );
        let odd: PageToken = "/\\evil.example/".parse().unwrap();
        let host = here.page_url(&odd).map(|url| url.host().map(str::to_owned));
        assert!(host.is_none_or(|host| host.as_deref() == Some("h")));
    }
}
