//! `explain`, `dry_run` and `plan`: in the query or in the body, everywhere.

use axum::extract::{Query, Request};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use profile_model::Plan;
use profile_store::Wish;
use serde::Deserialize;
use serde_json::Value;

use crate::answer::{Code, Problem};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    explain: Option<bool>,
    dry_run: Option<bool>,
    plan: Option<String>,
}

/// What the caller wishes, and whether it wants the outcomes.
pub(crate) fn read(uri: &Uri, body: &Value) -> Result<(Wish, bool), Problem> {
    let query = Query::<Asked>::try_from_uri(uri)
        .map_err(|_| Problem::invalid(Code::FieldInvalid, "'explain' and 'dry_run' must be true or false"))?;
    let Query(asked) = query;
    let dry_run = flag(asked.dry_run, body, "dry_run")?;
    let explain = flag(asked.explain, body, "explain")? || dry_run;
    let token = match (asked.plan, body.get("plan")) {
        (Some(token), _) => Some(token),
        (None, None | Some(Value::Null)) => None,
        (None, Some(Value::String(token))) => Some(token.clone()),
        (None, Some(_)) => return Err(bad_plan()),
    };
    let plan = token.map(|token| Plan::parse(&token).ok_or_else(bad_plan)).transpose()?;
    Ok((Wish { dry_run, plan }, explain))
}

/// For calls that have none of these: what looks like a preview must not be done for real.
pub(crate) fn without_dry_run(body: &Value) -> Result<(), Problem> {
    let is_wished = body.get("dry_run") == Some(&Value::Bool(true))
        || body.get("plan").is_some_and(|plan| !plan.is_null());
    if is_wished { Err(no_dry_run()) } else { Ok(()) }
}

/// The same for the query, before the call: around every route that writes and does not say that it has a dry run.
pub(crate) async fn refuse_dry_run(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let is_wished = query.split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        name == "plan" || (name == "dry_run" && value != "false")
    });
    if is_wished {
        return no_dry_run().into_response();
    }
    next.run(request).await
}

fn no_dry_run() -> Problem {
    Problem::invalid(Code::FieldInvalid, "this call has no 'dry_run' and takes no 'plan'; nothing was done")
}

fn bad_plan() -> Problem {
    Problem::invalid(Code::FieldInvalid, "'plan' must be a token that a dry run answered with")
}

fn flag(query: Option<bool>, body: &Value, name: &str) -> Result<bool, Problem> {
    match (query, body.get(name)) {
        (Some(flag), _) => Ok(flag),
        (None, None | Some(Value::Null)) => Ok(false),
        (None, Some(Value::Bool(flag))) => Ok(*flag),
        (None, Some(_)) => {
            Err(Problem::invalid(Code::FieldInvalid, format!("'{name}' must be true or false")))
        }
    }
}
