//! Whose `X-Forwarded-For` is believed.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Proxies in front of us, by address. Nobody, unless the settings name them: everybody can send the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// Neither an address nor a block of addresses.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is neither an IP address such as 192.0.2.7 nor a block such as 10.0.0.0/8")]
pub struct BadProxy(String);

impl FromStr for TrustedProxies {
    type Err = BadProxy;

    /// Addresses and CIDR blocks, with commas or blanks between.
    fn from_str(text: &str) -> Result<Self, BadProxy> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        let read = |word: &str| {
            let address = || word.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            word.parse::<IpNet>().or_else(|_| address()).map_err(|_| BadProxy(word.to_owned()))
        };
        words.map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    fn is_trusted(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(&address))
    }

    /// Who calls: the peer, or, behind trusted proxies, the last address of `X-Forwarded-For` that is not one of
    /// theirs. What stands before it is the caller's own word. `None` if a proxy names somebody who is no address.
    pub(crate) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let mut known = peer.to_canonical();
        let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        for line in lines.into_iter().rev() {
            for named in line.to_str().ok()?.rsplit(',') {
                if !self.is_trusted(known) {
                    return Some(known);
                }
                known = read(named.trim())?;
            }
        }
        Some(known)
    }
}

/// An address, which some proxies write with a port.
fn read(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    let bracketed = || text.trim_start_matches('[').trim_end_matches(']').parse();
    text.parse()
        .or_else(|_| with_port())
        .or_else(|_| bracketed())
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(trusted: &str, peer: &str, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: TrustedProxies = trusted.parse().unwrap();
        trusted.caller(peer.parse().unwrap(), &headers).map(|address| address.to_string())
    }

    /// GEN-3.
    #[test]
    fn nobody_is_believed_unless_named() {
        assert_eq!(caller("", "192.0.2.1", &["10.0.0.1"]).unwrap(), "192.0.2.1");
        assert_eq!(caller("198.51.100.7", "192.0.2.1", &["10.0.0.1"]).unwrap(), "192.0.2.1");
        assert_eq!(caller("", "::ffff:192.0.2.1", &[]).unwrap(), "192.0.2.1");
    }

    #[test]
    fn behind_proxies_the_last_address_that_is_not_theirs_counts() {
        let trusted = "10.0.0.0/8, 2001:db8::1";
        assert_eq!(caller(trusted, "10.0.0.1", &["192.0.2.9"]).unwrap(), "192.0.2.9");
        assert_eq!(caller(trusted, "::ffff:10.0.0.1", &["203.0.113.5, 192.0.2.9"]).unwrap(), "192.0.2.9");
        assert_eq!(caller(trusted, "2001:db8::1", &["1.1.1.1,192.0.2.9, 10.9.9.9"]).unwrap(), "192.0.2.9");
        assert_eq!(caller(trusted, "10.0.0.1", &["1.1.1.1", "192.0.2.9:4711"]).unwrap(), "192.0.2.9");
        assert_eq!(caller(trusted, "10.0.0.1", &["[2001:db8::7]:80"]).unwrap(), "2001:db8::7");
        // The proxy itself calls, or only proxies do.
        assert_eq!(caller(trusted, "10.0.0.1", &[]).unwrap(), "10.0.0.1");
        assert_eq!(caller(trusted, "10.0.0.1", &["10.0.0.2"]).unwrap(), "10.0.0.2");
    }

    #[test]
    fn a_proxy_that_names_no_address_names_nobody() {
        for odd in ["unknown", "", "a.example, _hidden"] {
            assert_eq!(caller("10.0.0.1", "10.0.0.1", &[odd]), None);
        }
        assert_eq!("10.0.0.0/33".parse::<TrustedProxies>(), Err(BadProxy("10.0.0.0/33".to_owned())));
    }
}
