//! Connected channels: one file per change, and how they are listed.

use profile_model::{Channel, Config, Group, GroupId, WorkspaceId};
use profile_store::Fault;

use crate::LineService;

mod change;
mod connect;
mod disconnect;

pub use change::{ChangeFault, ChannelChange};
pub use connect::{ConnectFault, Connected, NewChannel};

/// Longest display name of a channel, in characters.
const MAX_NAME: usize = 255;

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
    /// Whether webhooks signed with the secret before the current one are still taken.
    pub old_secret_accepted: bool,
    /// When it was connected.
    pub connected_at: profile_model::Timestamp,
}

impl LineService {
    /// Channels of a workspace, by id.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub async fn channels(&self, workspace: WorkspaceId) -> Result<Vec<ChannelView>, Fault> {
        let config = self.store().config().await?;
        Ok(config.channels_of(workspace).map(|channel| self.view(channel)).collect())
    }

    fn view(&self, channel: &Channel) -> ChannelView {
        ChannelView {
            channel_id: channel.id.0.clone(),
            provider_id: channel.provider.clone(),
            name: channel.name.clone(),
            bot_user_id: channel.bot_user_id.clone(),
            webhook_url: self.webhook_url(&channel.id.0),
            subscription_group_id: channel.group,
            old_secret_accepted: channel.sealed_secrets.len() > 1,
            connected_at: channel.created_at,
        }
    }
}

/// Name of a channel's subscription group: after the channel, and unlike the other groups of the workspace.
fn group_name(channel: &Channel, config: &Config) -> String {
    let name = format!("LINE: {}", channel.name);
    let is_other = |group: &Group| group.workspace == channel.workspace && group.id != channel.group;
    let taken = config.groups.values().any(|group| is_other(group) && group.name == name);
    if taken { format!("{name} ({})", channel.id) } else { name }
}

/// A display name: one line, not too long.
fn is_name(text: &str) -> bool {
    text.chars().count() <= MAX_NAME && !text.contains(char::is_control)
}

/// An id or secret of LINE's console, which may stand in a path.
fn is_plain(text: &str) -> bool {
    let odd = |character: char| character.is_whitespace() || matches!(character, '/' | '?' | '#' | '\0');
    !text.is_empty() && text.len() <= 255 && !text.contains(odd)
}

/// A channel access token, which goes into a header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4096 && text.bytes().all(|byte| byte.is_ascii_graphic())
}
