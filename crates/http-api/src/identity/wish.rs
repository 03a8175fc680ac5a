//! `explain`, `dry_run` and `plan`: in the query or in the body, everywhere.

use axum::extract::Query;
use axum::http::Uri;
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
