//! The table of all routes, and the router that is built from it.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use serde_json::json;

use crate::identity::wish;
use crate::openapi::schemas;
use crate::route::{Access, Parameter, Route};
use crate::{ApiState, observe, path};

mod catalogue;
mod duplicates;
mod identity;
mod imports;
mod line;
mod samples;
mod service;
mod subscription;
mod users;
mod workspace;

/// Every route, in the order of the documents.
pub(crate) fn table() -> Vec<Route> {
    let parts = [
        ("Users", users::routes()),
        ("Names in use", catalogue::routes()),
        ("Who is who", identity::routes()),
        ("Subscriptions", subscription::routes()),
        ("Duplicates", duplicates::routes()),
        ("LINE", line::routes()),
        ("Imports", imports::routes()),
        ("Workspace", workspace::routes()),
        ("Service", service::routes()),
    ];
    let tagged = |(tag, routes): (&'static str, Vec<Route>)| {
        routes.into_iter().map(move |mut route| {
            route.docs.tag = tag;
            route
        })
    };
    parts.into_iter().flat_map(tagged).collect()
}

/// `limit` and `cursor` of lists.
fn paging() -> [Parameter; 2] {
    let limit = json!({"type": "integer", "minimum": 1, "maximum": 1000, "default": 100});
    [
        Parameter { name: "limit", about: "Entries of a page.", required: false, schema: limit },
        Parameter {
            name: "cursor",
            about: "`next_cursor` of the page before.",
            required: false,
            schema: schemas::text(),
        },
    ]
}

/// `explain`, `dry_run` and `plan`, which may also stand in the body.
fn wishes() -> [Parameter; 3] {
    let optional = |name, about, schema| Parameter { name, about, required: false, schema };
    [
        optional("explain", "`true`: the answer says what was done, element by element.", schemas::flag()),
        optional(
            "dry_run",
            "`true`: the answer says what would be done; nothing is written.",
            schemas::flag(),
        ),
        optional("plan", "The token of a dry run: do exactly that, or answer 409.", schemas::text()),
    ]
}

/// Every route. Serve it with connect info (peer addresses), which keys with allowed IPs need.
pub fn router(state: ApiState) -> Router {
    let router = table().into_iter().fold(Router::new(), |router, route| {
        let writes = route.method != Method::GET && matches!(route.access, Access::Key(_));
        let has_dry_run = route.docs.query.iter().any(|parameter| parameter.name == "dry_run");
        let handler = match writes && !has_dry_run {
            true => route.handler.layer(axum::middleware::from_fn(wish::refuse_dry_run)),
            false => route.handler,
        };
        router.route(route.path, handler)
    });
    router
        .fallback(path::unknown_route)
        .method_not_allowed_fallback(path::wrong_method)
        .layer(axum::middleware::from_fn(observe::observe))
        .layer(axum::Extension(state.edge.metrics.clone()))
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
