//! Groups as a table and as JSON.

use profile_model::{GroupOutcome, Profile};
use serde_json::{Value, json};

use super::next;
use crate::output::{Output, table};

/// Shows one page.
pub(super) fn list(output: Output, found: &[GroupOutcome], limit: u32) {
    let mut shown = table(&["value", "profiles", "keep", "outcome"]);
    for group in found {
        let keep = group.members.iter().find(|member| Some(member.id) == group.keep);
        shown.add_row([
            group.key.value.to_string(),
            group.count.to_string(),
            keep.map_or_else(String::new, |keep| name(keep)),
            verdict(group),
        ]);
    }
    let last = found.last().map(|group| group.key.value.to_string());
    let groups: Vec<_> = found.iter().map(render).collect();
    output.either(&json!({"groups": groups, "next": next(last, found.len(), limit)}), shown);
}

/// What the rule would do.
fn verdict(group: &GroupOutcome) -> String {
    if group.dismissed {
        return "dismissed".to_owned();
    }
    if group.guards.is_empty() {
        return "merge".to_owned();
    }
    let reasons: Vec<_> = group.guards.iter().map(|guard| guard.as_str()).collect();
    format!("park: {}", reasons.join(" "))
}

fn name(profile: &Profile) -> String {
    profile.external_id.clone().unwrap_or_else(|| profile.id.to_string())
}

fn render(group: &GroupOutcome) -> Value {
    let guards: Vec<_> = group.guards.iter().map(|guard| guard.as_str()).collect();
    let members: Vec<_> = group
        .members
        .iter()
        .map(|member| {
            json!({
                "braze_id": member.id, "external_id": member.external_id, "user_aliases": member.aliases,
                "created_at": member.created_at, "updated_at": member.updated_at,
            })
        })
        .collect();
    json!({
        "value": &*group.key.value, "count": group.count, "members": members, "keep": group.keep,
        "would_merge": guards.is_empty() && !group.dismissed, "guards": guards, "dismissed": group.dismissed,
    })
}
