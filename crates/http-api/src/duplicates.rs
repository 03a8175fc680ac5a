//! Duplicates: groups that share a value, merging them by rule, and the review of what a rule left to a person.

use profile_model::{DuplicatesBy, DuplicatesRule, GroupOutcome, KeepBy, KeepOrder, Profile};
use serde_json::{Value, json};

use crate::answer::{Code, Problem};

pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod parked;

/// Permission to look.
const GET: &str = "users.duplicates.get";

/// Permission to merge and to review.
const MERGE: &str = "users.duplicates.merge";

/// Reads a rule from named words; only `by` is required.
fn rule(of: impl Fn(&str) -> Option<Value>) -> Result<DuplicatesRule, Problem> {
    let bad = |text: &str| Problem::invalid(Code::FieldInvalid, text);
    let word = |name: &str| of(name).filter(|value| !value.is_null());
    let by = word("by").and_then(|by| by.as_str().and_then(DuplicatesBy::parse));
    let keep = word("keep").map_or(Ok(KeepBy::default()), |keep| {
        serde_json::from_value(keep).map_err(|_| bad("'keep' must be 'created', 'updated' or 'last_session'"))
    });
    let order = word("order").map_or(Ok(KeepOrder::default()), |order| {
        serde_json::from_value(order).map_err(|_| bad("'order' must be 'newest' or 'oldest'"))
    });
    let merge_identified = match word("merge_identified") {
        None => false,
        Some(Value::Bool(flag)) => flag,
        Some(Value::String(flag)) if flag == "true" => true,
        Some(Value::String(flag)) if flag == "false" => false,
        Some(_) => return Err(bad("'merge_identified' must be true or false")),
    };
    Ok(DuplicatesRule {
        by: by.ok_or_else(|| bad("'by' must be 'native_line_id', 'email' or 'phone'"))?,
        keep: keep?,
        order: order?,
        merge_identified,
    })
}

/// `{"value","count","members":[..],"keep","reason"}`
fn render_group(group: &GroupOutcome) -> Value {
    let words: Vec<_> = group.guards.iter().map(|guard| guard.as_str()).collect();
    let reason = if group.dismissed {
        "dismissed".to_owned()
    } else if words.is_empty() {
        let keep = group.members.iter().find(|member| Some(member.id) == group.keep);
        let identified = keep.is_some_and(|keep| keep.is_identified());
        if identified { "identified".to_owned() } else { "nobody_identified".to_owned() }
    } else {
        words.join(",")
    };
    let members: Vec<_> = group.members.iter().map(|member| render_member(member)).collect();
    json!({
        "value": &*group.key.value, "count": group.count, "members": members, "keep": group.keep,
        "reason": reason, "would_merge": words.is_empty() && !group.dismissed, "guards": words,
    })
}

fn render_member(member: &Profile) -> Value {
    json!({
        "braze_id": member.id, "external_id": member.external_id, "user_aliases": member.aliases,
        "created_at": member.created_at, "updated_at": member.updated_at,
    })
}
