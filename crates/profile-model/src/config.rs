//! The small tables every process keeps in memory: workspaces, keys, subscription groups, LINE channels.

use std::collections::BTreeMap;

use crate::{Buckets, ChannelId, GroupChannel, GroupId, KeyId, Settings, Timestamp, WorkspaceId};

/// Everything configured, as of one revision. Small: loaded whole, compared by revision, shared behind an `Arc`.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Rises with every change.
    pub revision: u64,
    /// Workspaces by id.
    pub workspaces: BTreeMap<WorkspaceId, Workspace>,
    /// API keys by id, revoked ones included.
    pub keys: BTreeMap<KeyId, ApiKey>,
    /// Subscription groups by id, LINE groups and archived ones included.
    pub groups: BTreeMap<GroupId, Group>,
    /// LINE channels by LINE's channel id.
    pub channels: BTreeMap<ChannelId, Channel>,
}

impl Config {
    /// Over how many buckets a workspace is spread; one that is not known is not.
    #[must_use]
    pub fn buckets_of(&self, workspace: WorkspaceId) -> Buckets {
        self.workspaces.get(&workspace).map_or(Buckets::ONE, |known| known.buckets)
    }

    /// The workspace with this name.
    #[must_use]
    pub fn workspace_named(&self, name: &str) -> Option<&Workspace> {
        self.workspaces.values().find(|workspace| workspace.name == name)
    }

    /// LINE channels of one workspace, by channel id.
    pub fn channels_of(&self, workspace: WorkspaceId) -> impl Iterator<Item = &Channel> {
        self.channels.values().filter(move |channel| channel.workspace == workspace)
    }

    /// A group of this workspace.
    #[must_use]
    pub fn group_of(&self, workspace: WorkspaceId, id: GroupId) -> Option<&Group> {
        self.groups.get(&id).filter(|group| group.workspace == workspace)
    }
}

/// A workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Unique name.
    pub name: String,
    /// Settings.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether anybody was ever erased here.
    pub has_erasures: bool,
    /// Into how many shards it is spread, for life.
    pub buckets: Buckets,
}

/// An API key: what is known of it. The key itself is shown once and never stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    /// Public id.
    pub id: KeyId,
    /// Whose (`GEN-3`).
    pub workspace: WorkspaceId,
    /// Display name.
    pub name: String,
    /// SHA-256 of the key, 32 bytes. Keys have 256 random bits, so that no slow hash is needed.
    pub hash: Vec<u8>,
    /// Permission names of section 0.3 and ours; `*` is all.
    pub permissions: Vec<String>,
    /// CIDR blocks; empty: any address.
    pub allowed_ips: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used (written at most once a minute).
    pub last_seen_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A subscription group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its id (`SUB-3`).
    pub id: GroupId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Unique in the workspace.
    pub name: String,
    /// What it sends on.
    pub channel: GroupChannel,
    /// When it was made.
    pub created_at: Timestamp,
    /// Archived groups are kept, not offered (`SUB-5`).
    pub archived_at: Option<Timestamp>,
}

/// A connected LINE channel; one subscription group each (`LSB-6`).
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// LINE's channel id.
    pub id: ChannelId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// LINE's provider id; one per workspace, user ids are per provider (`LIN-11`).
    pub provider: String,
    /// Display name.
    pub name: String,
    /// The bot's user id: what `destination` must be.
    pub bot_user_id: String,
    /// Its subscription group.
    pub group: GroupId,
    /// Accepted channel secrets (current, next), each sealed with the installation's secret key.
    pub sealed_secrets: Vec<String>,
    /// Channel access token, sealed.
    pub sealed_token: String,
    /// When it was connected.
    pub created_at: Timestamp,
}

/// One change of configuration.
#[derive(Clone, Debug, PartialEq)]
pub enum ConfigChange {
    /// Insert or replace by id.
    PutWorkspace(Workspace),
    /// Insert or replace by id.
    PutKey(ApiKey),
    /// Insert or replace by id.
    PutGroup(Group),
    /// Insert or replace by id.
    PutChannel(Channel),
    /// Note that somebody was erased in this workspace.
    NoteErasures(WorkspaceId),
    /// Remove a channel.
    RemoveChannel(ChannelId),
}
