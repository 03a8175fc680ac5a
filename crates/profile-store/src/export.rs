//! `POST /users/export/ids` and "who is this LINE ID?": reads of committed data.

use std::collections::BTreeSet;
use std::sync::Arc;

use profile_model::{
    Address, AddressKind, Alias, ChannelId, DOCUMENTED_FIELDS, Email, GlobalState, Key, Keys, Kind,
    LINE_FIELDS, LineUserId, Loaded, Phone, Profile, ProfileId, ProfileView, Settings, StateOf, WorkspaceId,
    read_line_states, read_summaries, render_line_states, render_profile,
};
use serde_json::{Value, json};

use crate::{Fault, ProfileStore};

mod request;

pub use request::{ExportError, ExportMistake, ExportRequest};

/// Answer of an export.
#[derive(Debug)]
pub struct ExportAnswer {
    /// Export objects, in the order of the identifiers; a profile named twice appears once.
    pub users: Vec<Value>,
    /// Identifiers as sent that matched nobody (`EXP-3`).
    pub invalid_user_ids: Vec<String>,
    /// Ids as sent that were merged away, with who they lead to (`MID`).
    pub merged_ids: Vec<Value>,
}

impl ProfileStore {
    /// Exports by identifiers, from the request body.
    ///
    /// # Errors
    /// [`ExportError::Request`] for a body that is not acceptable (400).
    pub async fn export_ids(&self, workspace: WorkspaceId, body: Value) -> Result<ExportAnswer, ExportError> {
        let config = self.config().await?;
        let settings =
            config.workspaces.get(&workspace).map(|known| known.settings.clone()).unwrap_or_default();
        let request = ExportRequest::read(&body, &settings)?;
        let mut keys = Keys::default();
        for (_, wanted) in &request.wanted {
            match wanted {
                Wanted::Key(key) => keys.identifiers.push(key.clone()),
                Wanted::Profile(id) => {
                    keys.profiles.push(*id);
                    keys.identifiers.push(Key::merged(*id));
                }
                Wanted::Nobody => {}
            }
        }
        let loaded = self.backend().load(workspace, &keys).await?;
        let mut invalid_user_ids = Vec::new();
        let mut found = Vec::new();
        let mut merged_ids = Vec::new();
        for (sent, wanted) in &request.wanted {
            let mut ids: Vec<ProfileId> = match wanted {
                Wanted::Key(key) => loaded.holders.get(key).cloned().unwrap_or_default(),
                Wanted::Profile(id) if loaded.profiles.contains_key(id) => vec![*id],
                Wanted::Profile(id) => loaded.holders.get(&Key::merged(*id)).cloned().unwrap_or_default(),
                Wanted::Nobody => Vec::new(),
            };
            if let Some(survivor) = survivor_of(wanted, &ids, &loaded) {
                let names = json!({"external_id": survivor.external_id, "braze_id": survivor.id});
                let (kind, gone) = match wanted {
                    Wanted::Profile(_) => ("braze_id", false),
                    _ => ("external_id", true),
                };
                merged_ids.push(json!({kind: sent, "survivor": names}));
                // MID: a merged external id is unknown and told; a merged `braze_id` gives the survivor.
                if gone {
                    ids.clear();
                }
            }
            if ids.is_empty() {
                invalid_user_ids.push(sent.clone());
            }
            found.extend(ids.into_iter().filter_map(|id| loaded.profiles.get(&id).cloned()));
        }
        let users = self.render(workspace, dedup(found), &request.fields()).await?;
        Ok(ExportAnswer { users, invalid_user_ids, merged_ids })
    }

    /// Who a LINE id is (contract: `GET /line/users/{line_user_id}`, without `message`); `None`: nobody holds it and
    /// no channel knows it.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn line_user(&self, workspace: WorkspaceId, user: &LineUserId) -> Result<Option<Value>, Fault> {
        let config = self.config().await?;
        let key = Key::line_id(user);
        let keys = Keys { identifiers: vec![key.clone()], line_users: vec![user.clone()], ..Keys::default() };
        let loaded = self.backend().load(workspace, &keys).await?;
        let friendships = loaded.friendships.get(user).cloned().unwrap_or_default();
        let profiles: Vec<_> = loaded
            .holders
            .get(&key)
            .into_iter()
            .flatten()
            .filter_map(|id| loaded.profiles.get(id).cloned())
            .collect();
        // Friendships of a channel that was disconnected are kept, not shown.
        let is_shown = |channel: &ChannelId| {
            config.channels.get(channel).is_some_and(|channel| channel.workspace == workspace)
        };
        if profiles.is_empty() && !friendships.keys().any(is_shown) {
            return Ok(None);
        }
        let channels = read_line_states(config.channels_of(workspace), &friendships);
        let profiles = self.render(workspace, profiles, &all_fields()).await?;
        Ok(Some(json!({
            "line_user_id": user,
            "channels": render_line_states(&channels),
            "profiles": profiles,
        })))
    }

    /// Profiles as export objects with all fields, those of LINE included.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn render_all_fields(
        &self,
        workspace: WorkspaceId,
        profiles: Vec<Arc<Profile>>,
    ) -> Result<Vec<Value>, Fault> {
        self.render(workspace, profiles, &all_fields()).await
    }

    async fn render(
        &self,
        workspace: WorkspaceId,
        profiles: Vec<Arc<Profile>>,
        fields: &[&str],
    ) -> Result<Vec<Value>, Fault> {
        let now = self.now();
        let views = self.views(workspace, profiles).await?;
        Ok(views.iter().map(|view| render_profile(view, fields, now)).collect())
    }

    /// Reads what belongs to profiles through their addresses, in sets.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn views(
        &self,
        workspace: WorkspaceId,
        profiles: Vec<Arc<Profile>>,
    ) -> Result<Vec<ProfileView>, Fault> {
        if profiles.is_empty() {
            return Ok(Vec::new());
        }
        let config = self.config().await?;
        let address = |email: &Email| Address { kind: AddressKind::Email, value: email.key.clone() };
        let keys = Keys {
            addresses: profiles.iter().filter_map(|profile| profile.email.as_ref().map(address)).collect(),
            line_users: profiles.iter().filter_map(|profile| profile.line_id.clone()).collect(),
            ..Keys::default()
        };
        let loaded = self.backend().load(workspace, &keys).await?;
        let ids: Vec<_> = profiles.iter().flat_map(|profile| profile.sides().collect::<Vec<_>>()).collect();
        let summaries = self.backend().load_summaries(workspace, &ids).await?;
        let view = |profile: Arc<Profile>| {
            let by_address = profile.email.as_ref().and_then(|email| {
                let states = loaded.addresses.get(&address(email))?;
                states.iter().find(|state| state.of == StateOf::Global).map(|state| state.state)
            });
            let own = if profile.email.is_none() { profile.own.email } else { None };
            let line = profile.line_id.as_ref().map(|user| {
                let friendships = loaded.friendships.get(user).cloned().unwrap_or_default();
                read_line_states(config.channels_of(workspace), &friendships)
            });
            ProfileView {
                email_state: by_address.or(own).unwrap_or(GlobalState::Subscribed),
                summaries: read_summaries(&profile, &summaries),
                line: line.unwrap_or_default(),
                profile,
            }
        };
        Ok(profiles.into_iter().map(view).collect())
    }
}

/// One identifier asked for, resolved to what must be looked up.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Key(Key),
    Profile(ProfileId),
    Nobody,
}

/// The survivor, if what was asked for is an id that a merge took.
fn survivor_of<'l>(wanted: &Wanted, ids: &[ProfileId], loaded: &'l Loaded) -> Option<&'l Profile> {
    let holder = loaded.profiles.get(ids.first()?)?;
    let merged = match wanted {
        Wanted::Key(key) => key.kind == Kind::ExternalId && holder.is_merged_id(&key.value),
        Wanted::Profile(id) => *id != holder.id,
        Wanted::Nobody => false,
    };
    merged.then_some(holder.as_ref())
}

fn all_fields() -> Vec<&'static str> {
    DOCUMENTED_FIELDS.iter().chain(LINE_FIELDS).copied().collect()
}

fn dedup(profiles: Vec<Arc<Profile>>) -> Vec<Arc<Profile>> {
    let mut seen = BTreeSet::new();
    profiles.into_iter().filter(|profile| seen.insert(profile.id)).collect()
}

/// Key of a phone number as an export names it.
pub(crate) fn phone_key(text: &str, settings: &Settings) -> Option<Key> {
    Key::phone(&Phone::parse(text, &settings.phone_region).phone)
}

/// Key of an alias as an export names it.
pub(crate) fn alias_key(value: &Value) -> Option<Key> {
    let text = |name| value.get(name).and_then(Value::as_str);
    let alias = Alias { label: text("alias_label")?.to_owned(), name: text("alias_name")?.to_owned() };
    Some(Key::alias(&alias))
}
