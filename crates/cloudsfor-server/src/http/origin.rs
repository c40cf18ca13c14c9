//! Who may ask, and from where: which hosts the listener answers to, which proxies are
//! believed, and that no page of another origin changes anything.
//!
//! The listener calls [`Origins::admit`] for every request, before anything else reads
//! it. In-process transports have hosts of their own, and aren't checked.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cloudsfor_types::{ErrorId, Reason};
use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Uri, Version};
use ipnet::IpNet;

use super::auth::Peer;
use super::error::ApiError;

/// What the operator decided about hosts and proxies.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// The hosts that are answered beside IP addresses and `localhost`, in lower case.
    hosts: BTreeSet<String>,
    /// Whether every host is answered: certificates check the name then.
    any_host: bool,
    proxies: Vec<IpNet>,
    public: Option<OwnOrigin>,
}

/// Scheme, host and port by which a request's client reaches the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnOrigin {
    pub(super) scheme: &'static str,
    pub(super) authority: String,
}

/// Why a public URL is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be http:// or https:// with a host, and without a path: https://cloud.example.com")]
pub struct InvalidPublicUrl;

/// A request that was let in: whose it is, and what links are made of.
pub(super) struct Admitted {
    pub(super) peer: Peer,
    pub(super) origin: OwnOrigin,
}

/// Why a request isn't let in: an extension of it, so that the answer has all that every
/// answer has.
#[derive(Debug, Clone)]
pub(super) struct Refused(pub(super) ApiError);

impl Origins {
    /// Answers these hosts too.
    #[must_use]
    pub fn with_hosts(mut self, hosts: impl IntoIterator<Item = String>) -> Self {
        let hosts = hosts.into_iter().map(|host| normal(&host).to_owned());
        self.hosts
            .extend(hosts.map(|host| host.to_ascii_lowercase()));
        self
    }

    /// Answers every host.
    #[must_use]
    pub fn with_any_host(mut self) -> Self {
        self.any_host = true;
        self
    }

    /// Believes what these proxies say of their clients.
    #[must_use]
    pub fn with_proxies(mut self, proxies: Vec<IpNet>) -> Self {
        self.proxies = proxies;
        self
    }

    /// Has this origin, whatever requests and proxies say.
    ///
    /// # Errors
    /// [`InvalidPublicUrl`].
    pub fn with_public_url(mut self, url: &str) -> Result<Self, InvalidPublicUrl> {
        let uri: Uri = url.parse().map_err(|_| InvalidPublicUrl)?;
        let scheme = match uri.scheme_str() {
            Some("http") => "http",
            Some("https") => "https",
            _ => return Err(InvalidPublicUrl),
        };
        let authority = uri.authority().ok_or(InvalidPublicUrl)?;
        if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(InvalidPublicUrl);
        }
        self.public = Some(OwnOrigin {
            scheme,
            authority: authority.as_str().to_ascii_lowercase(),
        });
        Ok(self.with_hosts([authority.host().to_owned()]))
    }

    /// The names that are answered beside addresses and `localhost`, for the operator.
    pub fn told(&self) -> Vec<String> {
        self.hosts.iter().cloned().collect()
    }

    /// Lets a request in, or says why not.
    pub(super) fn admit(
        &self,
        head: &Parts,
        peer: IpAddr,
        by_tls: bool,
    ) -> Result<Admitted, ApiError> {
        let host = self.host(head)?;
        let by_proxy = self.is_trusted(peer);
        let address = match by_proxy {
            true => self.client(&head.headers, peer),
            false => peer,
        };
        let peer = Peer { address, by_proxy };
        let origin = match &self.public {
            Some(public) => public.clone(),
            None => own_origin(&head.headers, host, by_tls, by_proxy),
        };
        if !head.method.is_safe() {
            check_cross_origin(&head.headers, &origin)?;
        }
        Ok(Admitted { peer, origin })
    }

    /// The one host that the request names, if it is one of ours.
    fn host<'a>(&self, head: &'a Parts) -> Result<Option<&'a str>, ApiError> {
        let mut hosts = head.headers.get_all(HOST).iter();
        let (host, more) = (hosts.next(), hosts.next());
        if more.is_some() {
            return Err(bad_request("the request has two Host headers"));
        }
        let Some(host) = host else {
            return match head.version {
                Version::HTTP_10 | Version::HTTP_09 => Ok(None),
                _ => Err(bad_request("the request has no Host header")),
            };
        };
        let host = host.to_str().ok();
        let host = host.filter(|host| !host.contains('@'));
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        let Some((host, authority)) = host.zip(authority) else {
            return Err(bad_request("the Host header is no host"));
        };
        if self.any_host || self.is_ours(authority.host()) {
            return Ok(Some(host));
        }
        let message = format!(
            "this service isn't called {:?}: use an IP address or localhost, or have the operator \
             start it with --host-name {}",
            authority.host(),
            normal(authority.host())
        );
        Err(ApiError::new(ErrorId::Misdirected, message))
    }

    fn is_ours(&self, host: &str) -> bool {
        let host = normal(host).to_ascii_lowercase();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        address.parse::<Ipv4Addr>().is_ok()
            || address.parse::<Ipv6Addr>().is_ok()
            || host == "localhost"
            || host.ends_with(".localhost")
            || self.hosts.contains(&host)
    }

    pub(super) fn is_trusted(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.proxies
            .iter()
            .any(|proxies| proxies.contains(&address))
    }

    /// The rightmost address that is no trusted proxy's: what is left of it may be made
    /// up by the client.
    fn client(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        let forwarded = headers.get_all("x-forwarded-for").iter();
        let forwarded = forwarded.filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).collect();
        let mut client = peer;
        for hop in hops.into_iter().rev() {
            let Ok(address) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            client = address.to_canonical();
            if !self.is_trusted(client) {
                break;
            }
        }
        client
    }
}

fn own_origin(headers: &HeaderMap, host: Option<&str>, by_tls: bool, by_proxy: bool) -> OwnOrigin {
    let forwarded = |name: &str| {
        let value = headers.get(name).filter(|_| by_proxy)?.to_str().ok()?;
        Some(value.split(',').next_back()?.trim())
    };
    let scheme = match forwarded("x-forwarded-proto") {
        Some("https") => "https",
        Some("http") => "http",
        _ if by_tls => "https",
        _ => "http",
    };
    let is_host = |host: &&str| !host.contains('@') && host.parse::<Authority>().is_ok();
    let authority = forwarded("x-forwarded-host").filter(is_host).or(host);
    OwnOrigin {
        scheme,
        authority: authority.unwrap_or("localhost").to_ascii_lowercase(),
    }
}

/// Refuses what a page of another origin asks a browser to change.
fn check_cross_origin(headers: &HeaderMap, own: &OwnOrigin) -> Result<(), ApiError> {
    let is_own = match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin" || site == "none",
        None => headers
            .get_all(ORIGIN)
            .iter()
            .all(|origin| own.is(origin.as_bytes())),
    };
    if is_own {
        return Ok(());
    }
    let message = format!(
        "a page of another origin may change nothing here: the service's own origin is {}",
        own.url()
    );
    Err(ApiError::new(ErrorId::Forbidden, message).because(Reason::CrossOrigin))
}

impl OwnOrigin {
    /// The origin as a URL without a path.
    pub(super) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// Whether the value of an `Origin` header is this origin. Browsers leave the
    /// scheme's own port out.
    fn is(&self, origin: &[u8]) -> bool {
        let usual = match self.scheme {
            "https" => ":443",
            _ => ":80",
        };
        let own = self
            .authority
            .strip_suffix(usual)
            .unwrap_or(&self.authority);
        std::str::from_utf8(origin)
            .is_ok_and(|origin| origin.eq_ignore_ascii_case(&format!("{}://{own}", self.scheme)))
    }
}

/// A host without its final dot.
fn normal(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

fn bad_request(message: &str) -> ApiError {
    ApiError::new(ErrorId::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn origins() -> Origins {
        let proxies = vec![
            "127.0.0.1/32".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ];
        Origins::default()
            .with_hosts(["cloud.example.com".to_owned()])
            .with_proxies(proxies)
    }

    fn head(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/api/v1/vms");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn status(origins: &Origins, method: &str, headers: &[(&str, &str)]) -> u16 {
        let admitted = origins.admit(&head(method, headers), LOCAL, false);
        admitted.map_or_else(|error| error.status().as_u16(), |_| 200)
    }

    #[test]
    fn a_host_must_be_one_of_ours() {
        let origins = origins();
        for host in [
            "127.0.0.1",
            "127.0.0.1:8420",
            "[::1]:8420",
            "localhost",
            "LOCALHOST:1",
            "a.localhost",
            "localhost.",
            "cloud.example.com",
            "Cloud.Example.COM.:443",
            "192.0.2.7",
        ] {
            assert_eq!(status(&origins, "GET", &[("host", host)]), 200, "{host}");
        }
        for host in [
            "evil.example",
            "cloud.example.com.evil.example",
            "xlocalhost",
            "127.0.0.1.nip.io",
        ] {
            assert_eq!(status(&origins, "GET", &[("host", host)]), 421, "{host}");
            assert_eq!(
                status(
                    &Origins::default().with_any_host(),
                    "GET",
                    &[("host", host)]
                ),
                200
            );
        }
        for hosts in [
            &[][..],
            &[("host", "localhost"), ("host", "localhost")],
            &[("host", "user@localhost")],
            &[("host", "")],
        ] {
            assert_eq!(status(&origins, "GET", hosts), 400, "{hosts:?}");
        }
        let mut old = head("GET", &[]);
        old.version = Version::HTTP_10;
        assert!(origins.admit(&old, LOCAL, false).is_ok());
    }

    #[test]
    fn proxies_are_believed_if_they_are_trusted() {
        let origins = origins();
        let forwarded = [
            ("host", "127.0.0.1:8420"),
            ("x-forwarded-for", "198.51.100.1, 192.0.2.7, 10.1.2.3"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "cloud.example.com"),
        ];
        let trusted = origins
            .admit(&head("GET", &forwarded), LOCAL, false)
            .unwrap();
        assert_eq!(trusted.peer.address.to_string(), "192.0.2.7");
        assert_eq!(trusted.origin.url(), "https://cloud.example.com");
        let other = "192.0.2.9".parse().unwrap();
        let untrusted = origins
            .admit(&head("GET", &forwarded), other, false)
            .unwrap();
        assert_eq!(untrusted.peer.address, other);
        assert_eq!(untrusted.origin.url(), "http://127.0.0.1:8420");
        let public = origins.with_public_url("https://public.example").unwrap();
        let admitted = public
            .admit(&head("GET", &forwarded), LOCAL, false)
            .unwrap();
        assert_eq!(admitted.origin.url(), "https://public.example");
        assert_eq!(status(&public, "GET", &[("host", "public.example")]), 200);
        for url in [
            "public.example",
            "ftp://x",
            "https://x/path",
            "https://u@x",
            "https://",
        ] {
            assert!(Origins::default().with_public_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn no_page_of_another_origin_changes_anything() {
        let origins = origins();
        let host = ("host", "localhost:8420");
        for (more, expected) in [
            (&[][..], 200),
            (&[("sec-fetch-site", "same-origin")], 200),
            (&[("sec-fetch-site", "none")], 200),
            (&[("sec-fetch-site", "cross-site")], 403),
            (&[("sec-fetch-site", "same-site")], 403),
            (
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("origin", "http://evil.example"),
                ],
                200,
            ),
            (&[("origin", "http://localhost:8420")], 200),
            (&[("origin", "http://evil.example")], 403),
            (&[("origin", "https://localhost:8420")], 403),
            (&[("origin", "null")], 403),
        ] {
            let headers: Vec<_> = [host].iter().chain(more).copied().collect();
            for method in ["POST", "PUT", "DELETE"] {
                assert_eq!(
                    status(&origins, method, &headers),
                    expected,
                    "{method} {more:?}"
                );
            }
            assert_eq!(status(&origins, "GET", &headers), 200, "{more:?}");
        }
    }
}
