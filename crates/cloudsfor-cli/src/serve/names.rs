//! The arguments of `serve` about names.

use std::net::{IpAddr, SocketAddr};

use clap::Args;
use cloudsfor_core::types::names;
use cloudsfor_server::cloud::NameService;
use cloudsfor_server::dns::{DEFAULT_RATE_LIMIT, DnsLimits};

/// The name below which the longest names of the service's own fit: `hostmaster.`, and
/// those of IPv6 addresses.
const OWN_NAME_MAX: usize = 200;

#[derive(Args)]
#[command(next_help_heading = "Names")]
pub(super) struct Names {
    /// Where to answer questions for names, by UDP and TCP: 127.0.0.1:5353, say
    #[arg(long, value_name = "ADDR")]
    pub(super) dns_listen: Option<SocketAddr>,

    /// The service's own name: `ns1.` and `hostmaster.` below it are in every zone, and no
    /// account can have it as a domain
    #[arg(long, value_name = "NAME", default_value = "cloudsfor.com", value_parser = own_name)]
    dns_name: String,

    /// The address of `ns1.` below the service's name; may be given more than once
    /// [default: that of --dns-listen, unless it is a wildcard]
    #[arg(long, value_name = "IP")]
    dns_address: Vec<IpAddr>,

    /// How many same answers a second a network (/24, or /56 of IPv6) gets by UDP; 0 is
    /// any number
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RATE_LIMIT)]
    dns_rate_limit: u32,

    /// A name that no account can have as a domain, nor one above or below it; may be
    /// given more than once
    #[arg(long, value_name = "NAME", value_parser = suffix)]
    reserved_suffix: Vec<String>,
}

impl Names {
    pub(super) fn limits(&self) -> DnsLimits {
        DnsLimits {
            answers_per_second: self.dns_rate_limit,
            ..DnsLimits::default()
        }
    }

    pub(super) fn service(&self) -> NameService {
        NameService {
            name: self.dns_name.clone(),
            addresses: self.dns_address.clone(),
            reserved: self.reserved_suffix.clone(),
        }
    }
}

fn own_name(text: &str) -> Result<String, String> {
    let name = suffix(text)?;
    if name.len() > OWN_NAME_MAX {
        return Err(format!("must be at most {OWN_NAME_MAX} characters long"));
    }
    Ok(name)
}

/// A name of one label or more, in its normal form.
fn suffix(text: &str) -> Result<String, String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    names::hostname(name).map(|name| names::normal(&name))
}
