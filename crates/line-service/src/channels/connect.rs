//! `POST /line/channels`: connecting a channel.

use line_platform::messaging::LineFault;
use profile_model::{
    ChangeSet, Channel, ChannelId, Config, ConfigChange, Decision, Group, GroupChannel, GroupId, Keys,
    SyncId, SyncRun, WorkspaceId,
};
use profile_store::{Fault, Work};
use sha2::{Digest as _, Sha256};

use super::{MAX_NAME, group_name, is_name, is_plain, is_token};
use crate::LineService;

/// What a customer gives to connect a channel.
#[derive(Clone)]
pub struct NewChannel {
    /// LINE's provider id.
    pub provider_id: String,
    /// LINE's channel id.
    pub channel_id: String,
    /// Channel secret.
    pub channel_secret: String,
    /// Channel access token.
    pub channel_access_token: String,
    /// Display name; default: the bot's.
    pub name: Option<String>,
}

impl std::fmt::Debug for NewChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewChannel({})", self.channel_id)
    }
}

/// A connected channel as answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// LINE's channel id.
    pub channel_id: String,
    /// LINE's provider id.
    pub provider_id: String,
    /// Display name.
    pub name: String,
    /// What to enter in LINE's console.
    pub webhook_url: String,
    /// The channel's subscription group (`LSB-6`).
    pub subscription_group_id: GroupId,
    /// The sync that was started (`SYNC-1`).
    pub sync_id: SyncId,
}

/// Why a channel was not connected; nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum ConnectFault {
    /// A field is missing or malformed.
    #[error("'{0}' must be a non-empty text of at most 255 characters without blanks")]
    Field(&'static str),
    /// The display name is too long, or more than a line.
    #[error("'name' must be one line of at most {MAX_NAME} characters")]
    Name,
    /// `channel_already_connected`
    #[error("this LINE channel is connected already; disconnect it first")]
    AlreadyConnected,
    /// `channel_already_connected`: an account has one Messaging API channel, so the id is another channel's, or mistyped.
    #[error(
        "the LINE Official Account of this token is connected already, under another 'channel_id': check the id, or \
         disconnect that channel first"
    )]
    AccountConnected,
    /// `line_provider_mismatch`
    #[error("this workspace has another LINE provider: user ids of two providers cannot be joined")]
    ProviderMismatch,
    /// `line_credentials_rejected`
    #[error("LINE does not accept this channel access token")]
    Rejected,
    /// LINE cannot be reached or failed (502).
    #[error("LINE could not be asked: {0}")]
    Line(LineFault),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl LineService {
    /// Connects a channel: proves the token with `bot/info`, stores channel, subscription group and a first sync run.
    ///
    /// # Errors
    /// See [`ConnectFault`].
    pub async fn connect(&self, workspace: WorkspaceId, new: NewChannel) -> Result<Connected, ConnectFault> {
        check(&new)?;
        self.store().told_before(workspace).await?;
        if self.store().config().await?.channels.contains_key(&ChannelId(new.channel_id.clone())) {
            return Err(ConnectFault::AlreadyConnected);
        }
        let info = self.client().bot_info(&new.channel_access_token).await.map_err(|fault| match fault {
            LineFault::Unauthorized { .. } => ConnectFault::Rejected,
            other => ConnectFault::Line(other),
        })?;
        let now = self.store().now();
        let mut fresh = self.store().fresh(now);
        let name = new.name.clone().filter(|name| !name.trim().is_empty()).or(info.display_name);
        let channel = Channel {
            id: ChannelId(new.channel_id.clone()),
            workspace,
            provider: new.provider_id.clone(),
            name: name.unwrap_or_else(|| new.channel_id.clone()),
            bot_user_id: info.user_id,
            group: group_of(workspace, &ChannelId(new.channel_id.clone())),
            sealed_secrets: vec![self.sealer().seal(&new.channel_secret)],
            sealed_token: self.sealer().seal(&new.channel_access_token),
            created_at: now,
        };
        let run = SyncRun::new(SyncId(fresh.uuid()), channel.id.clone(), now);
        let connected = Connected {
            channel_id: new.channel_id,
            provider_id: new.provider_id,
            name: channel.name.clone(),
            webhook_url: self.webhook_url(&channel.id.0),
            subscription_group_id: channel.group,
            sync_id: run.id,
        };
        let decide = move |loaded: &profile_model::Loaded| {
            let config = loaded.config.as_deref();
            match decide_connect(&channel, &run, config.unwrap_or(&Config::default())) {
                Ok(change) => (Decision::from(change), Ok::<_, ConnectFault>(connected.clone())),
                Err(fault) => (Decision::Nothing, Err(fault.into())),
            }
        };
        let keys = Keys { config: true, ..Keys::default() };
        let work = Work::new("connect_channel", workspace, keys);
        let (connected, _) = self.store().decide_once(work, decide).await?;
        let connected = connected?;
        self.store().refresh_config().await;
        self.sync_signal().notify_one();
        Ok(connected)
    }
}

#[derive(Clone, Copy)]
enum Refused {
    AlreadyConnected,
    AccountConnected,
    ProviderMismatch,
}

impl From<Refused> for ConnectFault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::AlreadyConnected => Self::AlreadyConnected,
            Refused::AccountConnected => Self::AccountConnected,
            Refused::ProviderMismatch => Self::ProviderMismatch,
        }
    }
}

/// A workspace has one provider, set by its first channel; a channel belongs to one workspace.
fn decide_connect(channel: &Channel, run: &SyncRun, config: &Config) -> Result<ChangeSet, Refused> {
    if config.channels.contains_key(&channel.id) {
        return Err(Refused::AlreadyConnected);
    }
    if config.channels.values().any(|known| known.bot_user_id == channel.bot_user_id) {
        return Err(Refused::AccountConnected);
    }
    if config.channels_of(channel.workspace).any(|known| known.provider != channel.provider) {
        return Err(Refused::ProviderMismatch);
    }
    let known = config.groups.get(&channel.group);
    let group = Group {
        id: channel.group,
        workspace: channel.workspace,
        name: group_name(channel, config),
        channel: GroupChannel::Line,
        created_at: known.map_or(channel.created_at, |known| known.created_at),
        archived_at: None,
    };
    let config = vec![ConfigChange::PutGroup(group), ConfigChange::PutChannel(channel.clone())];
    Ok(ChangeSet { config, sync: Some(run.clone()), ..ChangeSet::default() })
}

fn check(new: &NewChannel) -> Result<(), ConnectFault> {
    for (name, value) in [
        ("provider_id", &new.provider_id),
        ("channel_id", &new.channel_id),
        ("channel_secret", &new.channel_secret),
    ] {
        if !is_plain(value) {
            return Err(ConnectFault::Field(name));
        }
    }
    if !is_token(&new.channel_access_token) {
        return Err(ConnectFault::Field("channel_access_token"));
    }
    if new.name.as_deref().is_some_and(|name| !is_name(name)) {
        return Err(ConnectFault::Name);
    }
    Ok(())
}

/// The subscription group of a channel in a workspace is always the same one: a channel that is connected again has
/// the group it had, and what customers wrote down of it stays true.
fn group_of(workspace: WorkspaceId, channel: &ChannelId) -> GroupId {
    let digest: [u8; 32] = Sha256::digest(format!("line group {} {channel}", workspace.0)).into();
    let (bytes, _) = digest.split_at(16);
    GroupId(uuid::Builder::from_custom_bytes(bytes.try_into().unwrap_or_default()).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_has_one_group_in_each_workspace() {
        let group = |workspace, channel: &str| group_of(WorkspaceId(workspace), &ChannelId(channel.into()));
        assert_eq!(group(1, "10"), group(1, "10"));
        assert_ne!(group(1, "10"), group(2, "10"));
        assert_ne!(group(1, "10"), group(1, "11"));
        assert_eq!(group(1, "10").0.get_version_num(), 8);
    }
}
