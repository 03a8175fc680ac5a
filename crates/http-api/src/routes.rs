//! The table of all routes, and the router that is built from it.

use axum::Router;
use axum::extract::DefaultBodyLimit;

use crate::route::{Access, Route};
use crate::{ApiState, observe, path};

mod duplicates;
mod identity;
mod imports;
mod line;
mod service;
mod subscription;
mod users;

/// Every route, in the order of the documents.
pub(crate) fn table() -> Vec<Route> {
    let groups = [
        users::routes(),
        identity::routes(),
        duplicates::routes(),
        subscription::routes(),
        line::routes(),
        imports::routes(),
        service::routes(),
    ];
    groups.into_iter().flatten().collect()
}

/// Every route. Serve it with connect info (peer addresses), which keys with allowed IPs need.
pub fn router(state: ApiState) -> Router {
    let router =
        table().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler));
    router
        .fallback(path::unknown_route)
        .method_not_allowed_fallback(path::wrong_method)
        .layer(axum::middleware::from_fn(observe::observe))
        .layer(DefaultBodyLimit::disable())
        .with_state(state)
}

/// Names of the permissions that some route asks for, sorted.
#[must_use]
pub fn permissions() -> Vec<&'static str> {
    let asked = table().into_iter().filter_map(|route| match route.access {
        Access::Key(permission) => Some(permission),
        Access::Signature | Access::Open => None,
    });
    let mut names: Vec<_> = asked.collect();
    names.sort_unstable();
    names.dedup();
    names
}
