//! What is stored about a person in a few rows: the profile with its identifiers, states, consents, summaries, history,
//! merges with their images, logged writes, friendships, parked groups.

use profile_model::{
    Address, AddressKind, ConsentOf, ConsentTo, Keys, MergeRecord, Occurrence, Parked, Profile, StateOf,
    state_addresses,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Everything;
use crate::Fault;

impl Everything {
    /// These lines, the profile first.
    pub(super) async fn small(&self) -> Result<Vec<Value>, Fault> {
        let profile = &self.profile;
        let (store, workspace) = (&self.store, self.workspace);
        let mut lines = Vec::new();
        let shown = store.render_all_fields(workspace, vec![profile.clone()]).await?;
        lines.extend(shown.into_iter().map(|shown| with_kind("profile", shown)));
        lines.push(with_kind("stored_profile", image(profile)));
        let addresses = state_addresses(profile);
        let keys = Keys {
            addresses: addresses.clone(),
            line_users: profile.line_id.iter().cloned().collect(),
            profiles: self.sides.clone(),
            views: true,
            merges_of: self.sides.clone(),
            merge_log: self.sides.clone(),
            never_same: self.sides.clone(),
            parked: profile.keys(),
            ..Keys::default()
        };
        let loaded = store.backend().load(workspace, &keys).await?;
        for states in loaded.addresses.values().flatten() {
            lines.push(json!({
                "kind": "subscription_state", "address": address(&states.address), "of": of(states.of),
                "state": states.state.as_str(), "changed_at": states.changed_at,
            }));
        }
        let whose: Vec<_> = addresses
            .into_iter()
            .map(ConsentOf::Address)
            .chain(self.sides.iter().copied().map(ConsentOf::Profile))
            .collect();
        for consent in store.backend().load_consents(workspace, &whose).await? {
            let whose = match &consent.whose {
                ConsentOf::Address(known) => address(known),
                ConsentOf::Profile(id) => json!({"braze_id": id}),
            };
            let to = match consent.to {
                ConsentTo::Push => json!("push"),
                ConsentTo::State(state) => of(state),
            };
            lines.push(json!({
                "kind": "consent", "whose": whose, "of": to, "old": consent.old.map(|state| state.as_str()),
                "new": consent.new.map(|state| state.as_str()), "at": consent.at, "actor": consent.actor,
            }));
        }
        for (key, summary) in &loaded.all_summaries {
            lines.push(json!({
                "kind": "summary", "braze_id": key.profile, "of": occurrence(key.of), "name": &*key.name,
                "count": summary.count, "first": summary.first, "last": summary.last, "revenue": summary.revenue,
            }));
        }
        if let Some(history) = store.history(workspace, profile.id).await? {
            let entry = |entry: Value| json!({"kind": "history", "entry": entry});
            lines.extend(history.entries.into_iter().map(entry));
        }
        lines.extend(loaded.merges.values().flatten().map(merge));
        lines.extend(
            loaded.merge_log.values().flatten().map(|write| json!({"kind": "logged_write", "write": write})),
        );
        for (id, others) in &loaded.never_same {
            lines.extend(
                others
                    .iter()
                    .map(|other| json!({"kind": "never_same", "braze_id": id, "other_braze_id": other})),
            );
        }
        let named = |group: &&Parked| group.members.iter().any(|member| self.sides.contains(member));
        lines.extend(
            loaded
                .parked
                .values()
                .flatten()
                .filter(named)
                .map(|group| json!({"kind": "parked_group", "id": group.id, "value": &*group.key.value, "at": group.at})),
        );
        for friendship in loaded.friendships.values().flat_map(|channels| channels.values()) {
            lines.push(json!({
                "kind": "line_friendship", "channel_id": friendship.channel, "line_user_id": friendship.user,
                "state": friendship.state.as_str(), "changed_at": friendship.changed_at,
                "evidence_at": friendship.evidence_at,
            }));
        }
        Ok(lines)
    }
}

fn with_kind(kind: &str, mut line: Value) -> Value {
    line["kind"] = kind.into();
    line
}

fn address(address: &Address) -> Value {
    let kind = match address.kind {
        AddressKind::Email => "email",
        AddressKind::Phone => "phone",
    };
    json!({kind: address.value})
}

const fn occurrence(of: Occurrence) -> &'static str {
    match of {
        Occurrence::Event => "event",
        Occurrence::Purchase => "purchase",
    }
}

fn of(state: StateOf) -> Value {
    match state {
        StateOf::Global => json!("email"),
        StateOf::Group(group) => json!({"subscription_group_id": group}),
    }
}

/// The row as it is stored: what an export shows differently or not at all (times of change, merged ids, own states).
fn image(profile: &Profile) -> Value {
    serde_json::from_str(&profile.to_image()).unwrap_or_default()
}

fn merge(record: &MergeRecord) -> Value {
    let image = |image: &Option<std::sync::Arc<Profile>>| {
        image.as_ref().and_then(|image| RawValue::from_string(image.to_image()).ok())
    };
    json!({
        "kind": "merge", "merge_id": record.id, "how": record.how, "actor": record.actor, "at": record.at,
        "kept": record.kept, "removed": record.removed, "kept_as_it_was": image(&record.kept_image),
        "removed_as_it_was": image(&record.removed_image), "undo_until": record.undo_until,
        "undone_at": record.undone_at,
    })
}
