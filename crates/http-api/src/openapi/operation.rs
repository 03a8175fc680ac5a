//! One route as an OpenAPI operation.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::permission;
use super::schemas::shared;
use crate::answer::Code;
use crate::quota::Pool;
use crate::route::{Access, Example, Parameter, Payload, Route};

/// Headers of every answer.
const HEADERS: [&str; 4] =
    ["X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];

/// The operation of a route.
pub(super) fn of(route: &Route) -> Value {
    let docs = &route.docs;
    let mut operation = json!({
        "operationId": id(route), "tags": [docs.tag], "summary": docs.summary, "description": text(route),
        "responses": responses(route),
        "security": match route.access {
            Access::Key(_) => json!([{"key": []}]),
            Access::Signature => json!([{"signature": []}]),
            Access::Open => json!([]),
        },
    });
    let parameters: Vec<_> = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(permission) = permission(route) {
        operation["x-permission"] = permission.into();
        let (limit, seconds) = Pool::of(route.path).limit();
        operation["x-braze-rate-limit"] = json!({"limit": limit, "seconds": seconds});
    }
    if let Some(body) = body(route) {
        operation["requestBody"] = body;
    }
    operation
}

/// `POST /users/alias/new` is `post_users_alias_new`.
fn id(route: &Route) -> String {
    let path: String = route.path.chars().filter(|character| !matches!(character, '{' | '}')).collect();
    let words = path.split(['/', '.']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
    format!("{}_{words}", route.method.as_str().to_ascii_lowercase()).trim_end_matches('_').to_owned()
}

fn text(route: &Route) -> String {
    let needs = match route.access {
        Access::Key(permission) => format!("Permission `{permission}`."),
        Access::Signature => "Signed by LINE (`x-line-signature`).".to_owned(),
        Access::Open => "Needs no key.".to_owned(),
    };
    let limit = limit(route.payload).map(|limit| format!(" Body: at most {limit}.")).unwrap_or_default();
    let text = route.docs.text;
    let gap = if text.is_empty() { "" } else { "\n\n" };
    format!("{text}{gap}{needs}{limit}")
}

/// The limit of a body for people.
pub(crate) fn limit(payload: Payload) -> Option<String> {
    let bytes = match payload {
        Payload::None => return None,
        Payload::Json(limit) | Payload::OptionalJson(limit) | Payload::Webhook(limit) => limit as u64,
        Payload::Csv(limit) => limit,
    };
    Some(if bytes % (1 << 20) == 0 {
        format!("{} MiB", bytes >> 20)
    } else {
        format!("{} MB", bytes / 1_000_000)
    })
}

fn parameters(route: &Route) -> Vec<Value> {
    let given = |name: &str, example: &Example| {
        example.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    };
    let examples = |name: &str| -> Map<String, Value> {
        let all = route.docs.examples.iter();
        all.filter_map(|example| Some((example.name.to_owned(), json!({"value": given(name, example)?}))))
            .collect()
    };
    let write = |name: &str, place: &str, about: &str, required: bool, schema: &Value| {
        let mut parameter = json!({"name": name, "in": place, "required": required, "schema": schema});
        if !about.is_empty() {
            parameter["description"] = about.into();
        }
        let examples = examples(name);
        if !examples.is_empty() {
            parameter["examples"] = examples.into();
        }
        parameter
    };
    let in_path = route.path.split(['{', '}']).skip(1).step_by(2).map(|name| {
        let schema = if name == "review" {
            json!({"enum": ["release", "dismiss"]})
        } else {
            json!({"type": "string"})
        };
        write(name, "path", "", true, &schema)
    });
    let in_query =
        route.docs.query.iter().map(|Parameter { name, about, required, schema }| {
            write(name, "query", about, *required, schema)
        });
    let once = is_change(route).then(|| {
        let about = "A name for this request, such as a UUID: sent again within 24 hours, it is answered as it was, byte for \
                     byte, and not done again.";
        write("Idempotency-Key", "header", about, false, &json!({"type": "string", "minLength": 1, "maxLength": 255}))
    });
    in_path.chain(in_query).chain(once).collect()
}

/// Whether an `Idempotency-Key` may be sent: a call by key that writes.
fn is_change(route: &Route) -> bool {
    let reads = route.method == Method::GET || route.path == "/users/export/ids";
    matches!(route.access, Access::Key(_)) && !reads
}

fn body(route: &Route) -> Option<Value> {
    let (required, media) = match route.payload {
        Payload::None => return None,
        Payload::OptionalJson(_) => (false, "application/json"),
        Payload::Json(_) | Payload::Webhook(_) => (true, "application/json"),
        Payload::Csv(_) => (true, "text/csv"),
    };
    let mut content = json!({"schema": route.docs.takes});
    let examples = route.docs.examples.iter();
    let examples: Map<String, Value> = examples
        .filter_map(|example| Some((example.name.to_owned(), json!({"value": example.body.as_ref()?}))))
        .collect();
    if !examples.is_empty() {
        content["examples"] = examples.into();
    }
    let mut all = json!({media: content});
    if let Payload::Csv(_) = route.payload {
        let file = json!({"type": "string", "contentMediaType": "text/csv"});
        let form = json!({"type": "object", "required": ["file"], "properties": {"file": file}});
        all["multipart/form-data"] = json!({"schema": form});
    }
    Some(json!({"required": required, "content": all}))
}

/// Good answers, the route's own refusals, and those of every route of its kind.
fn responses(route: &Route) -> Value {
    let mut all = Map::new();
    let headers: Map<String, Value> = HEADERS
        .iter()
        .map(|name| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")})))
        .collect();
    for reply in &route.docs.answers {
        let content = json!({reply.media: {"schema": reply.schema}});
        let answer = json!({"description": reply.about, "headers": headers, "content": content});
        all.insert(reply.status.to_string(), answer);
    }
    let mut refusals: Vec<(u16, String)> = standing(route);
    for (status, code) in &route.docs.refusals {
        refusals.push((*status, format!("`{}`", code.as_str())));
    }
    for (status, about) in refusals {
        let answer = all.entry(status.to_string()).or_insert_with(|| {
            let content = json!({"application/json": {"schema": shared("Error")}});
            json!({"description": "", "headers": headers, "content": content})
        });
        let known = answer["description"].as_str().unwrap_or_default();
        let gap = if known.is_empty() { "" } else { "; " };
        answer["description"] = format!("{known}{gap}{about}").into();
    }
    for example in &route.docs.examples {
        let content =
            all.get_mut(&example.status.to_string()).and_then(|answer| answer["content"].as_object_mut());
        if let Some(content) = content.and_then(|content| content.values_mut().next()) {
            content["examples"][example.name] = json!({"value": example.answer});
        }
    }
    all.into()
}

/// Refusals that come from who may call and what is read.
fn standing(route: &Route) -> Vec<(u16, String)> {
    let code = |status, codes: &[Code]| {
        let words: Vec<_> = codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
        (status, words.join(", "))
    };
    let mut all = Vec::new();
    if let Access::Key(_) = route.access {
        all.push((401, "`Invalid API key`".to_owned()));
        all.push((403, "`Access Denied`, `address_not_allowed`".to_owned()));
        all.push((429, "`Rate Limited`".to_owned()));
    }
    if is_change(route) {
        all.push(code(400, &[Code::IdempotencyKeyInvalid]));
        all.push(code(422, &[Code::IdempotencyKeyReused]));
    }
    if route.path.contains('{') {
        all.push(code(404, &[Code::RouteUnknown]));
    }
    if route.payload != Payload::None {
        all.push(code(400, &[Code::BodyIncomplete, Code::BodyEncodingInvalid]));
        all.push(code(408, &[Code::BodyTimeout]));
        all.push(code(413, &[Code::BodyTooLarge]));
        all.push(code(415, &[Code::ContentEncodingUnsupported]));
    }
    if let Payload::Json(_) | Payload::OptionalJson(_) = route.payload {
        all.push((400, "`Error while parsing request body. Please check your syntax.`".to_owned()));
    }
    if let Payload::Json(_) | Payload::OptionalJson(_) | Payload::Csv(_) = route.payload {
        all.push(code(415, &[Code::ContentTypeUnsupported]));
    }
    if route.access != Access::Open || route.path == "/readyz" {
        all.push(code(500, &[Code::Internal]));
        all.push(code(503, &[Code::StorageUnavailable, Code::OutcomeUnknown, Code::Conflict]));
    }
    all
}
