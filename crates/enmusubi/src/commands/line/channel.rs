//! `line connect`, `channels`, `change`, `disconnect`.

use line_service::{ChangeFault, ChannelChange, ChannelView, ConnectFault, LineService, NewChannel};
use profile_store::ProfileStore;
use serde_json::{Value, json};

use super::{secrets, unknown, workspace_of};
use crate::args::{ChangeArguments, ConnectArguments};
use crate::failure::Failure;
use crate::output::{Output, table};

pub(super) async fn connect(
    store: &ProfileStore,
    line: &LineService,
    output: Output,
    arguments: ConnectArguments,
) -> Result<(), Failure> {
    let given = secrets::read(arguments.secrets, |name| std::env::var(name).ok())?;
    let missing = |flag: &str, name: &str| {
        Failure::Misuse(format!("give --{flag}-file, --{flag}, or ENMUSUBI_LINE_{name} in the environment"))
    };
    let workspace = store.workspace(&arguments.workspace).await?.id;
    let new = NewChannel {
        provider_id: arguments.provider_id,
        channel_id: arguments.channel_id,
        channel_secret: given.secret.ok_or_else(|| missing("channel-secret", "CHANNEL_SECRET"))?,
        channel_access_token: given
            .token
            .ok_or_else(|| missing("channel-access-token", "CHANNEL_ACCESS_TOKEN"))?,
        name: arguments.name,
    };
    let connected = line.connect(workspace, new).await.map_err(|fault| match fault {
        ConnectFault::Field(_) | ConnectFault::Name => Failure::Misuse(fault.to_string()),
        other => Failure::Failed(other.to_string()),
    })?;
    let json = json!({
        "channel_id": connected.channel_id, "provider_id": connected.provider_id, "name": connected.name,
        "webhook_url": connected.webhook_url, "subscription_group_id": connected.subscription_group_id,
        "sync_id": connected.sync_id,
    });
    let text = format!(
        "{} is connected; its webhook URL for LINE's console: {}\na running `serve` now syncs its followers",
        connected.name, connected.webhook_url
    );
    output.either(&json, text);
    Ok(())
}

pub(super) async fn list(
    store: &ProfileStore,
    line: &LineService,
    output: Output,
    workspace: &str,
) -> Result<(), Failure> {
    let mut shown = table(&["channel", "name", "provider", "connected", "webhook URL"]);
    let mut all = Vec::new();
    for channel in line.channels(store.workspace(workspace).await?.id).await? {
        all.push(render(&channel));
        let connected = channel.connected_at.to_string();
        shown.add_row([
            channel.channel_id,
            channel.name,
            channel.provider_id,
            connected,
            channel.webhook_url,
        ]);
    }
    output.either(&json!({"channels": all}), shown);
    Ok(())
}

fn render(channel: &ChannelView) -> Value {
    json!({
        "channel_id": channel.channel_id, "name": channel.name, "provider_id": channel.provider_id,
        "subscription_group_id": channel.subscription_group_id, "connected_at": channel.connected_at,
        "old_secret_accepted": channel.old_secret_accepted, "webhook_url": channel.webhook_url,
    })
}

pub(super) async fn change(
    store: &ProfileStore,
    line: &LineService,
    output: Output,
    arguments: ChangeArguments,
) -> Result<(), Failure> {
    // Not from the environment: a secret that still stands there would become the current one with a new name.
    let given = secrets::read(arguments.secrets, |_| None)?;
    let workspace = workspace_of(store, &arguments.channel).await?;
    let change = ChannelChange {
        name: arguments.name,
        provider_id: arguments.provider_id,
        channel_secret: given.secret,
        revoke_old_secret: arguments.revoke_old_secret,
        channel_access_token: given.token,
    };
    let changed = line.change_channel(workspace, &arguments.channel, change).await;
    let changed = changed.map_err(|fault| match fault {
        ChangeFault::Nothing | ChangeFault::Field(_) | ChangeFault::Name => {
            Failure::Misuse(fault.to_string())
        }
        ChangeFault::UnknownChannel => unknown(&arguments.channel),
        other => Failure::Failed(other.to_string()),
    })?;
    let old =
        if changed.old_secret_accepted { "; the secret before the newest is still accepted" } else { "" };
    output.either(&render(&changed), format!("{} is changed{old}", changed.name));
    Ok(())
}

pub(super) async fn disconnect(
    store: &ProfileStore,
    line: &LineService,
    output: Output,
    channel: &str,
) -> Result<(), Failure> {
    let workspace = workspace_of(store, channel).await?;
    if !line.disconnect(workspace, channel).await? {
        return Err(unknown(channel));
    }
    let text = format!(
        "{channel} is disconnected; its webhook is unknown within a second, its profiles and friendships stay"
    );
    output.either(&json!({"channel_id": channel}), text);
    Ok(())
}
