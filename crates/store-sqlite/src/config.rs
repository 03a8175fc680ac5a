//! The configuration tables.

use profile_model::{
    ApiKey, Buckets, Channel, ChannelId, Config, ConfigChange, Group, GroupChannel, GroupId, KeyId,
    Timestamp, Workspace, WorkspaceId,
};
use profile_store::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::fault::{UnitFault, to_fault, unreadable};
use crate::statement::{Counted, plain};

pub(crate) async fn revision(counted: &mut Counted<'_>) -> Result<u64, Fault> {
    let query = plain("-- config_revision\nSELECT value FROM meta WHERE name = 'config_revision'");
    let rows = counted.fetch(query).await.map_err(|error| to_fault(&error))?;
    let row = rows.first().ok_or_else(|| unreadable("meta.config_revision"))?;
    row.try_get::<i64, _>(0).map(i64::unsigned_abs).map_err(|error| to_fault(&error))
}

pub(crate) async fn load(counted: &mut Counted<'_>) -> Result<Config, Fault> {
    let mut config = Config { revision: revision(counted).await?, ..Config::default() };
    for row in fetch(
        counted,
        "-- load_workspaces\nSELECT id, name, settings, created_at, has_erasures FROM workspaces",
    )
    .await?
    {
        let workspace = Workspace {
            id: workspace_id(&row, 0)?,
            name: text(&row, 1)?,
            settings: json(&row, 2, "workspaces.settings")?,
            created_at: time(&row, 3)?,
            has_erasures: row.try_get::<i64, _>(4).map_err(|error| to_fault(&error))? != 0,
            // A file is one shard.
            buckets: Buckets::ONE,
        };
        config.workspaces.insert(workspace.id, workspace);
    }
    let keys = "-- load_api_keys\nSELECT id, workspace, name, hash, permissions, allowed_ips, created_at, \
                last_seen_at, revoked_at FROM api_keys";
    for row in fetch(counted, keys).await? {
        let key = ApiKey {
            id: KeyId(uuid(&row, 0)?),
            workspace: workspace_id(&row, 1)?,
            name: text(&row, 2)?,
            hash: row.try_get(3).map_err(|error| to_fault(&error))?,
            permissions: json(&row, 4, "api_keys.permissions")?,
            allowed_ips: json(&row, 5, "api_keys.allowed_ips")?,
            created_at: time(&row, 6)?,
            last_seen_at: maybe_time(&row, 7)?,
            revoked_at: maybe_time(&row, 8)?,
        };
        config.keys.insert(key.id, key);
    }
    let groups = "-- load_groups\nSELECT id, workspace, name, channel, created_at, archived_at \
                  FROM subscription_groups";
    for row in fetch(counted, groups).await? {
        let channel = serde_json::from_value::<GroupChannel>(text(&row, 3)?.into());
        let group = Group {
            id: GroupId(uuid(&row, 0)?),
            workspace: workspace_id(&row, 1)?,
            name: text(&row, 2)?,
            channel: channel.map_err(|_| unreadable("subscription_groups.channel"))?,
            created_at: time(&row, 4)?,
            archived_at: maybe_time(&row, 5)?,
        };
        config.groups.insert(group.id, group);
    }
    let channels = "-- load_channels\nSELECT id, workspace, provider, name, bot_user_id, group_id, sealed_secrets, \
                    sealed_token, created_at FROM line_channels";
    for row in fetch(counted, channels).await? {
        let channel = Channel {
            id: ChannelId(text(&row, 0)?),
            workspace: workspace_id(&row, 1)?,
            provider: text(&row, 2)?,
            name: text(&row, 3)?,
            bot_user_id: text(&row, 4)?,
            group: GroupId(uuid(&row, 5)?),
            sealed_secrets: json(&row, 6, "line_channels.sealed_secrets")?,
            sealed_token: text(&row, 7)?,
            created_at: time(&row, 8)?,
        };
        config.channels.insert(channel.id.clone(), channel);
    }
    Ok(config)
}

async fn fetch(counted: &mut Counted<'_>, text: &'static str) -> Result<Vec<SqliteRow>, Fault> {
    counted.fetch(plain(text)).await.map_err(|error| to_fault(&error))
}

fn text(row: &SqliteRow, at: usize) -> Result<String, Fault> {
    row.try_get(at).map_err(|error| to_fault(&error))
}

fn time(row: &SqliteRow, at: usize) -> Result<Timestamp, Fault> {
    row.try_get(at).map(Timestamp::from_micros).map_err(|error| to_fault(&error))
}

fn maybe_time(row: &SqliteRow, at: usize) -> Result<Option<Timestamp>, Fault> {
    let micros: Option<i64> = row.try_get(at).map_err(|error| to_fault(&error))?;
    Ok(micros.map(Timestamp::from_micros))
}

fn workspace_id(row: &SqliteRow, at: usize) -> Result<WorkspaceId, Fault> {
    row.try_get(at).map(WorkspaceId).map_err(|error| to_fault(&error))
}

fn uuid(row: &SqliteRow, at: usize) -> Result<uuid::Uuid, Fault> {
    let bytes: &[u8] = row.try_get(at).map_err(|error| to_fault(&error))?;
    uuid::Uuid::from_slice(bytes).map_err(|_| unreadable("a stored uuid"))
}

fn json<T: DeserializeOwned>(row: &SqliteRow, at: usize, place: &str) -> Result<T, Fault> {
    let text: &str = row.try_get(at).map_err(|error| to_fault(&error))?;
    serde_json::from_str(text).map_err(|_| unreadable(place))
}

/// Writes configuration changes (few: one statement each) and raises the revision.
pub(crate) async fn put(counted: &mut Counted<'_>, changes: &[ConfigChange]) -> Result<(), UnitFault> {
    for change in changes {
        counted.execute(statement(change)).await?;
    }
    if !changes.is_empty() {
        let raise = "-- raise_revision\nUPDATE meta SET value = value + 1 WHERE name = 'config_revision'";
        counted.execute(plain(raise)).await?;
    }
    Ok(())
}

fn statement(change: &ConfigChange) -> crate::statement::Bound {
    let micros = |time: Timestamp| time.as_micros();
    match change {
        ConfigChange::PutWorkspace(row) => plain(
            "-- put_workspace\nINSERT INTO workspaces (id, name, settings, created_at) VALUES (?, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, settings = excluded.settings",
        )
        .bind(i64::from(row.id.0))
        .bind(row.name.clone())
        .bind(to_json(&row.settings))
        .bind(micros(row.created_at)),
        ConfigChange::NoteErasures(id) => {
            plain("-- note_erasures\nUPDATE workspaces SET has_erasures = 1 WHERE id = ?").bind(i64::from(id.0))
        }
        ConfigChange::PutKey(row) => plain(
            "-- put_api_key\nINSERT INTO api_keys (id, workspace, name, hash, permissions, allowed_ips, created_at, \
             last_seen_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET \
             name = excluded.name, last_seen_at = excluded.last_seen_at, revoked_at = excluded.revoked_at",
        )
        .bind(row.id.0.as_bytes().to_vec())
        .bind(i64::from(row.workspace.0))
        .bind(row.name.clone())
        .bind(row.hash.clone())
        .bind(to_json(&row.permissions))
        .bind(to_json(&row.allowed_ips))
        .bind(micros(row.created_at))
        .bind(row.last_seen_at.map(micros))
        .bind(row.revoked_at.map(micros)),
        ConfigChange::PutGroup(row) => plain(
            "-- put_group\nINSERT INTO subscription_groups (id, workspace, name, channel, created_at, archived_at) \
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
             archived_at = excluded.archived_at",
        )
        .bind(row.id.0.as_bytes().to_vec())
        .bind(i64::from(row.workspace.0))
        .bind(row.name.clone())
        .bind(to_json(&row.channel).trim_matches('"').to_owned())
        .bind(micros(row.created_at))
        .bind(row.archived_at.map(micros)),
        ConfigChange::PutChannel(row) => plain(
            "-- put_channel\nINSERT INTO line_channels (id, workspace, provider, name, bot_user_id, group_id, \
             sealed_secrets, sealed_token, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) \
             DO UPDATE SET provider = excluded.provider, name = excluded.name, bot_user_id = excluded.bot_user_id, \
             sealed_secrets = excluded.sealed_secrets, sealed_token = excluded.sealed_token",
        )
        .bind(row.id.0.clone())
        .bind(i64::from(row.workspace.0))
        .bind(row.provider.clone())
        .bind(row.name.clone())
        .bind(row.bot_user_id.clone())
        .bind(row.group.0.as_bytes().to_vec())
        .bind(to_json(&row.sealed_secrets))
        .bind(row.sealed_token.clone())
        .bind(micros(row.created_at)),
        ConfigChange::RemoveChannel(id) => {
            plain("-- remove_channel\nDELETE FROM line_channels WHERE id = ?").bind(id.0.clone())
        }
    }
}

fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
