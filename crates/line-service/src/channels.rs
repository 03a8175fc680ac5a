//! Connecting channels.

use line_platform::messaging::LineFault;
use profile_model::{
    ChangeSet, Channel, ChannelId, Config, ConfigChange, Decision, Group, GroupChannel, GroupId, Keys,
    SyncId, SyncRun, SyncState, WorkspaceId,
};
use profile_store::{Fault, Work};

use crate::LineService;

/// Longest display name of a channel, in characters.
const MAX_NAME: usize = 255;

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

/// A channel as listed: no secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelView {
    /// The channel.
    pub channel_id: String,
    /// LINE's provider id.
    pub provider_id: String,
    /// Display name.
    pub name: String,
    /// The bot's user id.
    pub bot_user_id: String,
    /// What to enter in LINE's console.
    pub webhook_url: String,
    /// Its subscription group.
    pub subscription_group_id: GroupId,
    /// When it was connected.
    pub connected_at: profile_model::Timestamp,
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
            group: GroupId(fresh.uuid()),
            sealed_secrets: vec![self.sealer().seal(&new.channel_secret)],
            sealed_token: self.sealer().seal(&new.channel_access_token),
            created_at: now,
        };
        let run = new_run(SyncId(fresh.uuid()), channel.id.clone(), now);
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
                Ok(change) => (Decision::from(change), Ok(())),
                Err(fault) => (Decision::Nothing, Err(fault)),
            }
        };
        let keys = Keys { config: true, ..Keys::default() };
        let (stored, _) = self.store().decide(Work::new("connect_channel", workspace, keys), decide).await?;
        stored.map_err(|refused| match refused {
            Refused::AlreadyConnected => ConnectFault::AlreadyConnected,
            Refused::ProviderMismatch => ConnectFault::ProviderMismatch,
        })?;
        self.store().refresh_config().await;
        self.sync_signal().notify_one();
        Ok(connected)
    }

    /// Channels of a workspace, by id.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub async fn channels(&self, workspace: WorkspaceId) -> Result<Vec<ChannelView>, Fault> {
        let config = self.store().config().await?;
        let view = |channel: &Channel| ChannelView {
            channel_id: channel.id.0.clone(),
            provider_id: channel.provider.clone(),
            name: channel.name.clone(),
            bot_user_id: channel.bot_user_id.clone(),
            webhook_url: self.webhook_url(&channel.id.0),
            subscription_group_id: channel.group,
            connected_at: channel.created_at,
        };
        Ok(config.channels_of(workspace).map(view).collect())
    }
}

#[derive(Clone, Copy)]
enum Refused {
    AlreadyConnected,
    ProviderMismatch,
}

/// A workspace has one provider, set by its first channel; a channel belongs to one workspace.
fn decide_connect(channel: &Channel, run: &SyncRun, config: &Config) -> Result<ChangeSet, Refused> {
    if config.channels.contains_key(&channel.id) {
        return Err(Refused::AlreadyConnected);
    }
    if config.channels_of(channel.workspace).any(|known| known.provider != channel.provider) {
        return Err(Refused::ProviderMismatch);
    }
    let taken = |name: &str| {
        config.groups.values().any(|group| group.workspace == channel.workspace && group.name == name)
    };
    let name = format!("LINE: {}", channel.name);
    let name = if taken(&name) { format!("{name} ({})", channel.id) } else { name };
    let group = Group {
        id: channel.group,
        workspace: channel.workspace,
        name,
        channel: GroupChannel::Line,
        created_at: channel.created_at,
        archived_at: None,
    };
    let config = vec![ConfigChange::PutGroup(group), ConfigChange::PutChannel(channel.clone())];
    Ok(ChangeSet { config, sync: Some(run.clone()), ..ChangeSet::default() })
}

pub(crate) fn new_run(id: SyncId, channel: ChannelId, now: profile_model::Timestamp) -> SyncRun {
    SyncRun {
        id,
        channel,
        state: SyncState::Running,
        pages: 0,
        seen: 0,
        subscribed: 0,
        created: 0,
        started_at: now,
        finished_at: None,
        error: None,
        cursor: None,
        cursor_at: None,
        restarts: 0,
    }
}

fn check(new: &NewChannel) -> Result<(), ConnectFault> {
    let fields = [
        ("provider_id", &new.provider_id),
        ("channel_id", &new.channel_id),
        ("channel_secret", &new.channel_secret),
    ];
    let plain = |text: &str| !text.is_empty() && text.len() <= 255 && !text.contains(char::is_whitespace);
    for (name, value) in fields {
        if !plain(value) || value.contains(['/', '?', '#', '\0']) {
            return Err(ConnectFault::Field(name));
        }
    }
    let token = &new.channel_access_token;
    if token.is_empty() || token.len() > 4096 || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConnectFault::Field("channel_access_token"));
    }
    if new.name.as_deref().is_some_and(|name| !is_line(name)) {
        return Err(ConnectFault::Name);
    }
    Ok(())
}

fn is_line(name: &str) -> bool {
    name.chars().count() <= MAX_NAME && !name.contains(char::is_control)
}
