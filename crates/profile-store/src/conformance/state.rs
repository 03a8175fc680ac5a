//! The whole state of a workspace as one JSON value, in one order.

use profile_model::{Profile, WorkspaceId};
use serde_json::{Map, Value, json};

use crate::{Fault, ProfileStore};

const PAGE: u32 = 200;

/// Everything that can be read of a workspace: profiles with all identifiers, fields, attributes, times and versions;
/// summaries; friendships; journals. Equal for two backends after the same operations.
///
/// # Errors
/// When the backend cannot be read.
pub async fn exported_state(store: &ProfileStore, workspace: WorkspaceId) -> Result<Value, Fault> {
    let mut profiles = Vec::new();
    let mut after = None;
    loop {
        let page = store.backend().scan_profiles(workspace, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for view in store.views(workspace, page).await? {
            let mut row = render_row(&view.profile);
            let summaries: Vec<_> = view
                .summaries
                .iter()
                .map(|(key, summary)| {
                    json!([
                        key.of as u8,
                        &*key.name,
                        summary.count,
                        summary.first.as_micros(),
                        summary.last.as_micros(),
                        summary.revenue.to_string()
                    ])
                })
                .collect();
            let journal = store.backend().load_journal(workspace, view.profile.id).await?;
            let journal: Vec<_> = journal
                .iter()
                .map(|entry| {
                    json!([entry.at.as_micros(), entry.kind, entry.actor, entry.other, entry.detail])
                })
                .collect();
            row.insert("email_state".into(), json!(view.email_state.as_str()));
            row.insert("summaries".into(), summaries.into());
            row.insert("journal".into(), journal.into());
            profiles.push(Value::Object(row));
        }
    }
    let mut friendships = Vec::new();
    let mut after = None;
    loop {
        let page = store.backend().scan_friendships(workspace, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.user.clone(), last.channel.clone()));
        friendships.extend(page.iter().map(|row| {
            json!([
                row.user,
                row.channel,
                row.state.as_str(),
                row.changed_at.as_micros(),
                row.evidence_at.as_micros(),
                row.source
            ])
        }));
    }
    Ok(json!({"profiles": profiles, "friendships": friendships}))
}

fn render_row(profile: &Profile) -> Map<String, Value> {
    let row = json!({
        "id": profile.id,
        "external_id": profile.external_id,
        "former_ids": profile.former_ids,
        "aliases": profile.aliases,
        "email": profile.email.as_ref().map(|email| [&email.written, &email.key]),
        "phone": profile.phone.as_ref().map(|phone| (&phone.written, phone.key())),
        "line_id": profile.line_id,
        "fields": profile.fields.to_json(),
        "custom": profile.custom.to_json(),
        "own": profile.own,
        "created_at": profile.created_at.as_micros(),
        "updated_at": profile.updated_at.as_micros(),
        "version": profile.version,
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}
