//! Profiles with everything that is read through their addresses and LINE ids.

use std::sync::Arc;

use profile_model::{
    Config, GlobalState, Keys, Loaded, Profile, ProfileView, StateOf, WorkspaceId, read_line_states,
    read_summaries,
};

use crate::{Fault, ProfileStore};

impl ProfileStore {
    /// Reads what belongs to these profiles, as they are given, through their addresses and LINE ids, in sets.
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
        let keys = Keys {
            profiles: profiles.iter().flat_map(|profile| profile.sides().collect::<Vec<_>>()).collect(),
            addresses: profiles.iter().filter_map(|profile| profile.email_address()).collect(),
            line_users: profiles.iter().filter_map(|profile| profile.line_id.clone()).collect(),
            views: true,
            ..Keys::default()
        };
        let loaded = self.backend().load(workspace, &keys).await?;
        Ok(profiles.iter().map(|profile| view_of(profile, &loaded, &config, workspace)).collect())
    }
}

/// The view of a profile, from what was loaded with it and [`Keys::views`].
pub(crate) fn view_of(
    profile: &Arc<Profile>,
    loaded: &Loaded,
    config: &Config,
    workspace: WorkspaceId,
) -> ProfileView {
    let by_address = profile.email_address().and_then(|address| {
        let states = loaded.addresses.get(&address)?;
        states.iter().find(|state| state.of == StateOf::Global).map(|state| state.state)
    });
    let own = if profile.email.is_none() { profile.own.email } else { None };
    let line = profile.line_id.as_ref().map(|user| {
        let friendships = loaded.friendships.get(user).cloned().unwrap_or_default();
        read_line_states(config.channels_of(workspace), &friendships)
    });
    let mut view = ProfileView {
        email_state: by_address.or(own).unwrap_or(GlobalState::Subscribed),
        summaries: read_summaries(profile, &loaded.all_summaries),
        line: line.unwrap_or_default(),
        profile: Arc::clone(profile),
    };
    if let Some(known) = config.workspaces.get(&workspace) {
        view.hide(&known.settings.blocklist);
    }
    view
}
