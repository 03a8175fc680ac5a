//! `GET /custom_attributes`, `/events`, `/events/list`, `/purchases/product_list` (section 2.15): names in use.

use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use profile_model::{DataType, NameKind, Named, Settings};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Code, Problem, Reply};
use crate::{ApiState, caller};

/// Names per page of the calls with a cursor.
const CURSOR_PAGE: u32 = 50;

/// Names per page of the calls with a page number.
const NUMBERED_PAGE: u32 = 250;

/// Most elements of an array attribute, as `array_length` says it (`ARR-4`).
const ARRAY_LENGTH: usize = 500;

pub(crate) async fn attributes(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let render = |named: &Named, settings: &Settings| {
        let blocked = settings.blocklist.attributes.holds(&named.name);
        let data_type = settings.forced_types.of(&named.name).or(named.data_type);
        let is_array = matches!(data_type, Some(DataType::Array | DataType::ObjectArray));
        json!({
            "array_length": is_array.then_some(ARRAY_LENGTH), "data_type": data_type.map(DataType::as_str),
            "description": "", "name": &*named.name, "status": status(blocked), "tag_names": [],
        })
    };
    with_cursor(state, request, Call::Attributes, render).await
}

pub(crate) async fn events(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let render = |named: &Named, settings: &Settings| {
        json!({
            "name": &*named.name, "description": "", "included_in_analytics_report": false,
            "status": status(settings.blocklist.events.holds(&named.name)), "tag_names": [],
        })
    };
    with_cursor(state, request, Call::Events, render).await
}

pub(crate) async fn event_names(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, Problem> {
    numbered(state, request, "events.list", NameKind::Event, "events").await
}

pub(crate) async fn products(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    numbered(state, request, "purchases.product_list", NameKind::Product, "products").await
}

/// `CAT-8`.
const fn status(blocked: bool) -> &'static str {
    if blocked { "Blocklisted" } else { "Active" }
}

#[derive(Clone, Copy)]
enum Call {
    Attributes,
    Events,
}

impl Call {
    const fn parts(self) -> (&'static str, NameKind, &'static str) {
        match self {
            Self::Attributes => ("custom_attributes.get", NameKind::Attribute, "attributes"),
            Self::Events => ("events.get", NameKind::Event, "events"),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    cursor: Option<String>,
    page: Option<u32>,
}

fn asked(uri: &Uri) -> Result<Asked, Problem> {
    let Query(asked) = Query::<Asked>::try_from_uri(uri)
        .map_err(|_| Problem::invalid(Code::FieldInvalid, "'page' must be a number from 0"))?;
    Ok(asked)
}

async fn with_cursor(
    state: ApiState,
    request: Request,
    call: Call,
    render: fn(&Named, &Settings) -> Value,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let (permission, kind, array) = call.parts();
    let caller = caller::authorize(&state, &parts, permission).await?;
    let skip = match asked(&parts.uri)?.cursor {
        None => 0,
        Some(cursor) => open(&cursor).ok_or_else(|| {
            Problem::invalid(Code::FieldInvalid, "'cursor' is not one of a 'Link' header of this call")
        })?,
    };
    // One more than a page says whether there is another.
    let mut found = state.reading(&parts.uri).names(caller.workspace, kind, skip, CURSOR_PAGE + 1).await?;
    let more = found.len() > CURSOR_PAGE as usize;
    found.truncate(CURSOR_PAGE as usize);
    let settings = state.store.settings(caller.workspace).await?;
    let shown: Vec<_> = found.iter().map(|named| render(named, &settings)).collect();
    let mut response =
        Reply::new(StatusCode::OK, json!({"message": "success", array: shown})).into_response();
    let link = |skip: u32, rel| {
        format!("<{}?cursor={}>; rel=\"{rel}\"", state.line.url(parts.uri.path()), seal(skip))
    };
    let mut links = Vec::new();
    links.extend((skip > 0).then(|| link(skip.saturating_sub(CURSOR_PAGE), "prev")));
    links.extend(more.then(|| link(skip + CURSOR_PAGE, "next")));
    if let (false, Ok(value)) = (links.is_empty(), HeaderValue::from_str(&links.join(", "))) {
        response.headers_mut().insert(header::LINK, value);
    }
    Ok(response)
}

async fn numbered(
    state: ApiState,
    request: Request,
    permission: &str,
    kind: NameKind,
    array: &str,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, permission).await?;
    let skip = asked(&parts.uri)?.page.unwrap_or(0).saturating_mul(NUMBERED_PAGE);
    let found = state.reading(&parts.uri).names(caller.workspace, kind, skip, NUMBERED_PAGE).await?;
    let names: Vec<_> = found.iter().map(|named| &*named.name).collect();
    Ok(Reply::new(StatusCode::OK, json!({"message": "success", array: names})).into_response())
}

/// Cursors are skip counts, opaque in base64 as Braze's (`c2tpcDow` is `skip:0`). They stand in a URL.
fn seal(skip: u32) -> String {
    STANDARD.encode(format!("skip:{skip}")).replace('=', "%3D")
}

fn open(cursor: &str) -> Option<u32> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("skip:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 2.15: the sample value of the reference.
    #[test]
    fn cursors_are_those_of_the_reference() {
        assert_eq!(seal(0), "c2tpcDow");
        assert_eq!(open("c2tpcDow"), Some(0));
        assert_eq!(open(&seal(50).replace("%3D", "=")), Some(50));
        for bad in ["", "skip:0", "c2tpcDot", "é"] {
            assert_eq!(open(bad), None);
        }
    }
}
