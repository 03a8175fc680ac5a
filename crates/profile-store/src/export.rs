//! `POST /users/export/ids` and "who is this LINE ID?": reads of committed data.

use std::collections::BTreeSet;
use std::sync::Arc;

use profile_model::is_integer;
use profile_model::{
    Alias, ChannelId, DOCUMENTED_FIELDS, Key, Keys, Kind, LINE_FIELDS, LineState, LineUserId, Loaded, Phone,
    Preview, Profile, ProfileId, ProfileView, Settings, WorkspaceId, read_line_states, render_profile,
};
use serde_json::{Value, json};

use crate::view::view_of;
use crate::{Fault, ProfileStore};

mod request;

pub use request::{ExportError, ExportMistake, ExportRequest};

/// How often who is not found by `braze_id` is looked for again: a merge may come between two looks, and its undo between
/// the next two.
const LOOKS_AGAIN: usize = 2;

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

/// Who a LINE id is.
#[derive(Debug)]
pub struct LineUser {
    /// Its state on each channel of the workspace.
    pub channels: Vec<LineState>,
    /// Who holds it, by ascending `braze_id`.
    pub profiles: Vec<ProfileView>,
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
        let mut keys = Keys { views: true, ..Keys::default() };
        for (_, wanted) in &request.wanted {
            match wanted {
                Wanted::Key(key) => keys.identifiers.push(key.clone()),
                Wanted::Profile(id) => keys.add_person(*id),
                Wanted::Nobody => {}
            }
        }
        let loaded = self.load_people(workspace, &keys).await?;
        let mut invalid_user_ids = Vec::new();
        let mut found = Vec::new();
        let mut merged_ids = Vec::new();
        for (sent, wanted) in &request.wanted {
            let mut ids: Vec<ProfileId> = match wanted {
                Wanted::Key(key) => loaded.holders.get(key).cloned().unwrap_or_default(),
                Wanted::Profile(id) => loaded.person(*id).map(|found| found.id).into_iter().collect(),
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
            found.extend(ids.into_iter().filter_map(|id| loaded.profiles.get(&id)));
        }
        let views = dedup(found).into_iter().map(|profile| view_of(profile, &loaded, &config, workspace));
        let (now, fields) = (self.now(), request.fields());
        let users = views.map(|view| render_profile(&view, &fields, now)).collect();
        Ok(ExportAnswer { users, invalid_user_ids, merged_ids })
    }

    /// Who a LINE id is; `None`: nobody holds it and no channel knows it.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn line_user(
        &self,
        workspace: WorkspaceId,
        user: &LineUserId,
    ) -> Result<Option<LineUser>, Fault> {
        let config = self.config().await?;
        let key = Key::line_id(user);
        let keys = Keys {
            identifiers: vec![key.clone()],
            line_users: vec![user.clone()],
            views: true,
            ..Keys::default()
        };
        let loaded = self.backend().load(workspace, &keys).await?;
        let friendships = loaded.friendships.get(user).cloned().unwrap_or_default();
        let holders = loaded.holders.get(&key).into_iter().flatten();
        let profiles = holders.filter_map(|id| loaded.profiles.get(id));
        let profiles: Vec<_> =
            profiles.map(|profile| view_of(profile, &loaded, &config, workspace)).collect();
        // Friendships of a channel that was disconnected are kept, not shown.
        let is_shown = |channel: &ChannelId| {
            config.channels.get(channel).is_some_and(|channel| channel.workspace == workspace)
        };
        if profiles.is_empty() && !friendships.keys().any(is_shown) {
            return Ok(None);
        }
        let channels = read_line_states(config.channels_of(workspace), &friendships);
        Ok(Some(LineUser { channels, profiles }))
    }

    /// Whom an id leads to: its profile, or the survivor of the merge that took it.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub(crate) async fn person(
        &self,
        workspace: WorkspaceId,
        id: ProfileId,
    ) -> Result<Option<Arc<Profile>>, Fault> {
        let mut keys = Keys::default();
        keys.add_person(id);
        Ok(self.load_people(workspace, &keys).await?.person(id).cloned())
    }

    /// Loads what keys ask for, once more if one of the profiles is found neither as itself nor in a survivor: reading
    /// takes several statements, and between two of them a merge, or its undo, may have moved it to where had been
    /// looked already.
    async fn load_people(&self, workspace: WorkspaceId, keys: &Keys) -> Result<Loaded, Fault> {
        let mut loaded = self.backend().load(workspace, keys).await?;
        for _ in 0..LOOKS_AGAIN {
            if keys.profiles.iter().all(|id| loaded.person(*id).is_some()) {
                break;
            }
            loaded = self.backend().load(workspace, keys).await?;
        }
        Ok(loaded)
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
        let (now, fields) = (self.now(), all_fields());
        let views = self.views(workspace, profiles).await?;
        Ok(views.iter().map(|view| render_profile(view, &fields, now)).collect())
    }

    /// The same for profiles as a request would leave them.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn render_previews(
        &self,
        workspace: WorkspaceId,
        previews: Vec<Preview>,
    ) -> Result<Vec<Value>, Fault> {
        let (now, fields) = (self.now(), all_fields());
        let (profiles, states): (Vec<_>, Vec<_>) =
            previews.into_iter().map(|preview| (preview.profile, preview.email_state)).unzip();
        let mut views = self.views(workspace, profiles).await?;
        for (view, state) in views.iter_mut().zip(states) {
            view.email_state = state;
        }
        Ok(views.iter().map(|view| render_profile(view, &fields, now)).collect())
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

/// Names of all fields of an export object, those of LINE included.
#[must_use]
pub fn all_fields() -> Vec<&'static str> {
    DOCUMENTED_FIELDS.iter().chain(LINE_FIELDS).copied().collect()
}

fn dedup(profiles: Vec<&Arc<Profile>>) -> Vec<&Arc<Profile>> {
    let mut seen = BTreeSet::new();
    profiles.into_iter().filter(|profile| seen.insert(profile.id)).collect()
}

/// Key of a phone number as an export names it.
pub(crate) fn phone_key(text: &str, settings: &Settings) -> Option<Key> {
    Key::phone(&Phone::parse(text, &settings.phone_region).phone)
}

/// Key of an alias as an export names it; an integer name is text, as in the other calls (`CLI-6`).
pub(crate) fn alias_key(value: &Value) -> Option<Key> {
    let text = |name| match value.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if is_integer(number) => Some(number.to_string()),
        _ => None,
    };
    Some(Key::alias(&Alias { label: text("alias_label")?, name: text("alias_name")? }))
}
