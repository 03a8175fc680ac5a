//! `DELETE /line/channels/{channel_id}`: disconnecting a channel.

use profile_model::{
    ChangeSet, Channel, ChannelId, Config, ConfigChange, Decision, Keys, Timestamp, WorkspaceId,
};
use profile_store::{Fault, Work};

use crate::LineService;

impl LineService {
    /// Disconnects a channel, with its secrets and its token; whether there was one. Its webhook is unknown from then
    /// on. Friendships, inbox and profiles stay, so that connecting it again finds them; until then no state on it is
    /// shown, and its subscription group is archived.
    ///
    /// # Errors
    /// When the store cannot do it.
    pub async fn disconnect(&self, workspace: WorkspaceId, channel: &str) -> Result<bool, Fault> {
        let (id, now) = (ChannelId(channel.to_owned()), self.store().now());
        let decide = move |loaded: &profile_model::Loaded| {
            let config = loaded.config.as_deref();
            let known = config.and_then(|config| Some((config, config.channels.get(&id)?)));
            match known.filter(|(_, channel)| channel.workspace == workspace) {
                Some((config, channel)) => (decide_disconnect(channel, config, now).into(), true),
                None => (Decision::Nothing, false),
            }
        };
        let keys = Keys { config: true, ..Keys::default() };
        let work = Work::new("disconnect_channel", workspace, keys);
        let (done, _) = self.store().decide_once(work, decide).await?;
        self.store().refresh_config().await;
        Ok(done)
    }
}

fn decide_disconnect(channel: &Channel, config: &Config, now: Timestamp) -> ChangeSet {
    let mut changes = vec![ConfigChange::RemoveChannel(channel.id.clone())];
    changes.extend(config.groups.get(&channel.group).map(|group| {
        let mut archived = group.clone();
        archived.archived_at.get_or_insert(now);
        ConfigChange::PutGroup(archived)
    }));
    ChangeSet { config: changes, ..ChangeSet::default() }
}
