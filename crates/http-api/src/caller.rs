//! Who calls, and whether the key may (`GEN-1`, `GEN-3`, `CLI-3`, section 0.3), and not too often (`RL-*`).

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use profile_model::{Actor, RateLimits, WorkspaceId};
use profile_store::ALL_PERMISSIONS;

use crate::ApiState;
use crate::answer::{Code, Problem};
use crate::quota::{Meter, Pool};

/// An authorized caller.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) workspace: WorkspaceId,
    pub(crate) actor: Actor,
}

/// Checks key, address, permission and rate, in this order, before anything of the body is read.
pub(crate) async fn authorize(state: &ApiState, parts: &Parts, permission: &str) -> Result<Caller, Problem> {
    let invalid = || Problem::quoted(StatusCode::UNAUTHORIZED, "Invalid API key");
    let presented = bearer(&parts.headers).ok_or_else(invalid)?;
    let key = state.store.authenticate(presented).await?.ok_or_else(invalid)?;
    if !key.allowed_ips.is_empty() {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let address = peer.and_then(|peer| state.edge.proxies.caller(peer, &parts.headers));
        if !address.is_some_and(|address| is_allowed(&key.allowed_ips, address)) {
            let message = "Access Denied: this key may not be used from this address";
            return Err(Problem::new(StatusCode::FORBIDDEN, Code::AddressNotAllowed, message));
        }
    }
    if !key.permissions.iter().any(|held| held == ALL_PERMISSIONS || held == permission) {
        return Err(Problem::quoted(StatusCode::FORBIDDEN, "Access Denied"));
    }
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    take(state, parts, key.workspace, Pool::of(route)).await?;
    Ok(Caller { workspace: key.workspace, actor: Actor::new("api", key.id.to_string()) })
}

/// Counts the request for a pool of its workspace, or refuses it.
pub(crate) async fn take(
    state: &ApiState,
    parts: &Parts,
    workspace: WorkspaceId,
    pool: Pool,
) -> Result<(), Problem> {
    let config = state.store.config().await?;
    let limits =
        config.workspaces.get(&workspace).map_or(RateLimits::Off, |known| known.settings.rate_limits);
    state.edge.quotas.take(limits, workspace, pool, parts.extensions.get::<Meter>())
}

/// The key of `Authorization: Bearer KEY`; scheme in any case, no quotes round the key.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty() && !key.contains(' ')).then_some(key)
}

fn is_allowed(allowed: &[String], peer: IpAddr) -> bool {
    let peer = peer.to_canonical();
    allowed.iter().any(|block| {
        block.parse::<ipnet::IpNet>().is_ok_and(|block| block.contains(&peer))
            || block.parse::<IpAddr>().is_ok_and(|address| address == peer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        bearer(&headers).map(str::to_owned)
    }

    /// GEN-1.
    #[test]
    fn only_a_bearer_key_is_taken() {
        assert_eq!(read("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(read("bearer abc").as_deref(), Some("abc"));
        for bad in ["abc", "Bearer ", "Basic abc", "Bearer a b"] {
            assert_eq!(read(bad), None);
        }
    }

    /// GEN-3.
    #[test]
    fn addresses_match_single_ones_and_blocks() {
        let allowed = vec!["10.0.0.0/8".to_owned(), "192.0.2.7".to_owned()];
        assert!(is_allowed(&allowed, "10.1.2.3".parse().unwrap()));
        assert!(is_allowed(&allowed, "::ffff:192.0.2.7".parse().unwrap()));
        assert!(!is_allowed(&allowed, "192.0.2.8".parse().unwrap()));
    }
}
