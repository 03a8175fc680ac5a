#![doc = include_str!("../README.md")]

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
    /// What is known of callers.
    pub edge: Edge,
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
