//! `/openapi.json`: OpenAPI 3.1, built from the table of routes.

use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

use crate::route::{Access, Route};
use crate::routes::table;

mod curl;
#[cfg(test)]
mod markdown;
mod operation;
pub(crate) mod page;
pub(crate) mod schemas;

/// The document as text; it says the same as long as the process lives.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| write(&table()));

/// `GET /openapi.json`.
pub(crate) async fn serve() -> Response {
    let json = (HeaderName::from_static("content-type"), HeaderValue::from_static("application/json"));
    ([json], DOCUMENT.as_str()).into_response()
}

/// A JSON object whose names stay in order: readers meet the routes in the order of the table.
struct Ordered<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The document of these routes.
fn write(routes: &[Route]) -> String {
    let mut paths: Vec<(String, Ordered<Value>)> = Vec::new();
    for route in routes {
        let operation = (route.method.as_str().to_ascii_lowercase(), operation::of(route));
        match paths.iter_mut().find(|(path, _)| path == route.path) {
            Some((_, Ordered(item))) => item.push(operation),
            None => paths.push((route.path.to_owned(), Ordered(vec![operation]))),
        }
    }
    let paths = serde_json::to_string(&Ordered(paths)).unwrap_or_default();
    let parts = [
        ("openapi", json!("3.1.0")),
        ("info", info()),
        ("servers", json!([{"url": "/"}])),
        ("tags", tags(routes)),
        ("paths", Value::Null),
        ("components", components()),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .map(|(name, part)| {
            let text = if part.is_null() { paths.clone() } else { part.to_string() };
            format!("\"{name}\":{text}")
        })
        .collect();
    format!("{{{}}}", parts.join(","))
}

fn info() -> Value {
    json!({
        "title": "Enmusubi",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "A customer profile store that speaks Braze's user-data API and resolves LINE identities.",
        "description":
            "Send `Authorization: Bearer KEY`. Checks come in this order: route and method (404, 405), key (401), allowed \
             addresses and permission (403), rate (429), size (413), coding and content type (415), JSON (400), then what \
             the call says. Bodies may be compressed (`Content-Encoding: gzip` or `zstd`); limits are on what they unpack \
             to. Every answer has `X-Request-Id` and `X-RateLimit-*`. Errors have a `message`, and, where Braze documents no \
             text, a stable `code`.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    })
}

fn tags(routes: &[Route]) -> Value {
    let mut names: Vec<_> = routes.iter().map(|route| route.docs.tag).collect();
    names.dedup();
    names.into_iter().map(|name| json!({"name": name})).collect()
}

fn components() -> Value {
    let header =
        |about: &str, schema: Value| json!({"description": about, "required": true, "schema": schema});
    let number = || json!({"type": "integer"});
    json!({
        "securitySchemes": {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key; `enmusubi key create` makes one."},
            "signature": {
                "type": "apiKey", "in": "header", "name": "x-line-signature",
                "description": "LINE's signature: HMAC-SHA256 of the body with the channel secret, in Base64.",
            },
        },
        "headers": {
            "X-Request-Id": header("Quote it when you report a problem.", json!({"type": "string"})),
            "X-RateLimit-Limit": header("Calls in a window; 1000000 where nothing is limited.", number()),
            "X-RateLimit-Remaining": header("Calls left in this window.", number()),
            "X-RateLimit-Reset": header("When the window ends, in UTC epoch seconds.", number()),
        },
        "schemas": schemas::components(),
    })
}

/// The permission of a route, if it needs a key.
pub(crate) fn permission(route: &Route) -> Option<&'static str> {
    match route.access {
        Access::Key(permission) => Some(permission),
        Access::Signature | Access::Open => None,
    }
}

#[cfg(test)]
mod tests;
