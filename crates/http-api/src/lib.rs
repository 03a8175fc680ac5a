#![doc = include_str!("../README.md")]

use axum::http::Uri;
use line_service::LineService;
use profile_store::ProfileStore;

mod answer;
mod body;
mod caller;
mod catalogue;
mod duplicates;
mod everything;
mod export;
mod identity;
mod imports;
mod line_channels;
mod line_events;
mod line_syncs;
mod line_users;
mod metrics;
mod observe;
mod once;
mod openapi;
mod paging;
mod path;
mod probes;
mod proxies;
mod quota;
mod route;
mod routes;
mod serve;
mod subscription;
mod suppressions;
mod track;
mod workspace_settings;

#[cfg(test)]
mod tests;

pub use answer::Code;
pub use proxies::{BadProxy, TrustedProxies};
pub use routes::{permissions, router};
pub use serve::{Patience, serve};

/// What handlers work with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// Use cases of the store.
    pub store: ProfileStore,
    /// Use cases that need LINE too.
    pub line: LineService,
    /// Use cases on a read replica, for requests that say `?stale=true`.
    pub replica: Option<ProfileStore>,
    /// What is known of callers.
    pub edge: Edge,
}

impl ApiState {
    /// The store that a request is answered from which only reads: the replica, if the request allows that and there is
    /// one. Keys and configuration are always those of the primary.
    pub(crate) fn reading(&self, uri: &Uri) -> &ProfileStore {
        let allows = uri.query().is_some_and(|query| query.split('&').any(|word| word == "stale=true"));
        self.replica.as_ref().filter(|_| allows).unwrap_or(&self.store)
    }
}

/// What this process knows of its callers beside their keys. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    proxies: TrustedProxies,
    quotas: quota::Quotas,
    metrics: metrics::Metrics,
}

impl Edge {
    /// Behind these proxies; nothing counted yet.
    #[must_use]
    pub fn new(proxies: TrustedProxies) -> Self {
        Self { proxies, ..Self::default() }
    }
}
