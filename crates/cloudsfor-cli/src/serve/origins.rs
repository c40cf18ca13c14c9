//! Which hosts the service answers to, and which proxies it believes.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use cloudsfor_server::http::{IpNet, Origins};

/// Who may ask, and from where.
#[derive(Args)]
#[command(next_help_heading = "Clients and proxies")]
pub(crate) struct OriginArgs {
    /// A name by which clients call the service without TLS, beside IP addresses,
    /// localhost and this machine's own name; may be repeated
    #[arg(long = "host-name", value_name = "HOST", value_parser = NonEmptyStringValueParser::new())]
    host_names: Vec<String>,

    /// A proxy whose X-Forwarded-For, -Proto and -Host are believed, as an address or
    /// a network: 10.0.0.0/8; may be repeated
    #[arg(long = "trusted-proxy", value_name = "CIDR", value_parser = network)]
    trusted_proxies: Vec<IpNet>,

    /// The URL by which clients reach the service, whatever proxies say:
    /// https://cloud.example.com
    #[arg(long, value_name = "URL", value_parser = public_url)]
    public_url: Option<String>,
}

/// An address stands for the network of itself alone.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<std::net::IpAddr>().map(IpNet::from);
    let address = address.ok().or_else(|| text.parse().ok());
    address.ok_or_else(|| "must be an IP address or a network, such as 10.0.0.0/8".into())
}

fn public_url(text: &str) -> Result<String, String> {
    let origins = Origins::default().with_public_url(text);
    origins
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

impl OriginArgs {
    pub(crate) fn origins(&self) -> Origins {
        let origins = Origins::default()
            .with_hosts(self.host_names.iter().cloned())
            .with_proxies(self.trusted_proxies.clone());
        let Some(url) = &self.public_url else {
            return origins;
        };
        // It was checked when it was read.
        origins.clone().with_public_url(url).unwrap_or(origins)
    }
}
