//! The whole state of a workspace as one JSON value, in one order.

use std::sync::Arc;

use profile_model::{ConsentOf, Keys, Kind, NameKind, Profile, ProfileId, WorkspaceId, state_addresses};
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
            let journal = store.backend().load_journal(workspace, &[view.profile.id]).await?;
            let journal: Vec<_> = journal
                .iter()
                .map(|entry| {
                    json!([entry.at.as_micros(), entry.kind, entry.actor, entry.other, entry.detail])
                })
                .collect();
            row.insert("email_state".into(), json!(view.email_state.as_str()));
            row.insert("summaries".into(), summaries.into());
            row.insert("journal".into(), journal.into());
            let mut whose = vec![ConsentOf::Profile(view.profile.id)];
            whose.extend(state_addresses(&view.profile).into_iter().map(ConsentOf::Address));
            let consents = store.backend().load_consents(workspace, &whose).await?;
            let consents: Vec<_> = consents.iter().map(|consent| format!("{consent:?}")).collect();
            row.insert("consents".into(), consents.into());
            row.insert("joins".into(), joins(store, workspace, view.profile.id).await?);
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
    let parked = store.backend().scan_parked(workspace, None, 10_000).await?;
    let mut parked: Vec<_> = parked.iter().map(|group| json!(group)).collect();
    // Those that no longer wait, too.
    for kind in [Kind::Email, Kind::Phone, Kind::LineId] {
        let values = store.backend().scan_parked_values(workspace, kind, None, None, 10_000).await?;
        parked.extend(values.iter().map(|key| json!([kind as u8, &*key.value])));
    }
    let suppressions = store.backend().scan_suppressions(workspace, None, 10_000).await?;
    let suppressions: Vec<_> = suppressions
        .iter()
        .map(|one| {
            json!([
                one.id,
                one.erased_at.as_micros(),
                one.kinds.iter().map(|kind| *kind as u8).collect::<Vec<_>>()
            ])
        })
        .collect();
    let mut names = Vec::new();
    for kind in [NameKind::Event, NameKind::Product, NameKind::Attribute] {
        let page = store.backend().scan_names(workspace, kind, 0, 100_000).await?;
        names.extend(page.iter().map(|named| json!([named.kind as u8, &*named.name, named.data_type])));
    }
    // Not with `json!`, which copies what it is given.
    let lists = [
        ("names", names),
        ("profiles", profiles),
        ("friendships", friendships),
        ("parked", parked),
        ("suppressions", suppressions),
    ];
    Ok(lists.into_iter().map(|(name, rows)| (name, Value::Array(rows))).collect())
}

/// Merge records, logged writes and pairs of one profile.
async fn joins(store: &ProfileStore, workspace: WorkspaceId, id: ProfileId) -> Result<Value, Fault> {
    let keys = Keys { merges_of: vec![id], merge_log: vec![id], never_same: vec![id], ..Keys::default() };
    let loaded = store.backend().load(workspace, &keys).await?;
    let merges: Vec<_> = loaded
        .merges
        .values()
        .flatten()
        .map(|record| {
            let image = |image: &Option<Arc<Profile>>| image.as_ref().map(|image| image.to_image());
            json!({
                "id": record.id, "how": record.how, "actor": record.actor, "at": record.at.as_micros(),
                "kept": record.kept, "removed": record.removed,
                "images": (image(&record.kept_image), image(&record.removed_image)),
                "states": format!("{:?}", record.states), "kept_apart": record.kept_apart,
                "undo_until": record.undo_until.as_micros(), "undone_at": record.undone_at.map(|at| at.as_micros()),
                "erased": record.erased,
            })
        })
        .collect();
    Ok(json!({"merges": merges, "log": loaded.merge_log.get(&id), "never_same": loaded.never_same.get(&id)}))
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
        "merged": profile.merged,
        "origin": profile.origin,
        "created_at": profile.created_at.as_micros(),
        "updated_at": profile.updated_at.as_micros(),
        "version": profile.version,
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}
