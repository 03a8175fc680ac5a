//! A route's example as a command line. `$ENMUSUBI` is the address of the server, `$KEY` an API key.

use axum::http::Method;
use serde_json::Value;

use crate::route::{Access, Example, Payload, Route};

/// The command of an example.
pub(super) fn command(route: &Route, example: &Example) -> String {
    let mut path = route.path.to_owned();
    let mut query = Vec::new();
    for (name, value) in &example.parameters {
        let place = format!("{{{name}}}");
        if path.contains(&place) {
            path = path.replace(&place, value);
        } else {
            query.push(format!("{name}={value}"));
        }
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let mut lines = vec![format!("curl \"$ENMUSUBI{path}\"")];
    if route.method != Method::GET && (route.method != Method::POST || example.body.is_none()) {
        lines[0] = format!("curl -X {} \"$ENMUSUBI{path}\"", route.method);
    }
    if let Access::Key(_) = route.access {
        lines.push("-H \"Authorization: Bearer $KEY\"".to_owned());
    }
    if let Some(body) = &example.body {
        let media = if let Payload::Csv(_) = route.payload { "text/csv" } else { "application/json" };
        lines.push(format!("-H 'Content-Type: {media}'"));
        let option = if let Payload::Csv(_) = route.payload { "--data-binary" } else { "-d" };
        lines.push(format!("{option} '{}'", shown(body).replace('\'', "'\\''")));
    }
    lines.join(" \\\n  ")
}

/// JSON in lines, or the text.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        json => serde_json::to_string_pretty(json).unwrap_or_default(),
    }
}
