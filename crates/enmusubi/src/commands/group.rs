//! `group`: subscription groups.

use std::process::ExitCode;

use profile_model::{Group, GroupId, WorkspaceId};
use profile_store::{GroupFault, ProfileStore, group_name};
use serde_json::{Value, json};

use crate::args::GroupCommand;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::settings::Settings;

/// Makes, lists, renames or archives.
///
/// # Errors
/// When there is no such workspace or group, the name is taken, or the database cannot be used.
pub(crate) async fn run(
    settings: &Settings,
    output: Output,
    what: GroupCommand,
) -> Result<ExitCode, Failure> {
    let store = crate::database::open_existing(settings).await?;
    let done = work(&store, output, what).await;
    store.backend().close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn work(store: &ProfileStore, output: Output, what: GroupCommand) -> Result<(), Failure> {
    match what {
        GroupCommand::Create { name, channel, workspace } => {
            let workspace = store.workspace(&workspace).await?.id;
            let name = read_name(&name)?;
            let made = store.create_group(workspace, &name, channel.channel()).await?.map_err(refuse)?;
            output.either(&render(&made), made.id);
        }
        GroupCommand::List { workspace } => {
            let workspace = store.workspace(&workspace).await?.id;
            let config = store.config().await?;
            let mut groups: Vec<_> =
                config.groups.values().filter(|group| group.workspace == workspace).collect();
            groups.sort_by(|left, right| left.name.cmp(&right.name));
            let mut shown = table(&["group id", "name", "channel", "made", "archived"]);
            for group in &groups {
                shown.add_row([
                    group.id.to_string(),
                    group.name.clone(),
                    json!(group.channel).as_str().unwrap_or_default().to_owned(),
                    group.created_at.to_string(),
                    group.archived_at.map(|at| at.to_string()).unwrap_or_default(),
                ]);
            }
            let groups: Vec<Value> = groups.into_iter().map(render).collect();
            output.either(&json!({"subscription_groups": groups}), shown);
        }
        GroupCommand::Rename { group_id, name, workspace } => {
            let workspace = store.workspace(&workspace).await?.id;
            let changed = change(store, workspace, &group_id, Some(read_name(&name)?), None).await?;
            output.either(&render(&changed), format!("{} is called {} now", changed.id, changed.name));
        }
        GroupCommand::Archive { group_id, restore, workspace } => {
            let workspace = store.workspace(&workspace).await?.id;
            let changed = change(store, workspace, &group_id, None, Some(!restore)).await?;
            let is = if restore { "is in use again" } else { "is archived; its states stay" };
            output.either(&render(&changed), format!("{} {is}", changed.name));
        }
    }
    Ok(())
}

async fn change(
    store: &ProfileStore,
    workspace: WorkspaceId,
    id: &str,
    name: Option<String>,
    archived: Option<bool>,
) -> Result<Group, Failure> {
    let id = GroupId::parse(id).ok_or_else(|| refuse(GroupFault::Unknown))?;
    store.change_group(workspace, id, name, archived).await?.map_err(refuse)
}

fn read_name(name: &str) -> Result<String, Failure> {
    group_name(name)
        .ok_or_else(|| Failure::Misuse("a group's name is one line of 1 to 255 characters".to_owned()))
}

fn refuse(fault: GroupFault) -> Failure {
    Failure::Failed(fault.to_string())
}

fn render(group: &Group) -> Value {
    json!({
        "subscription_group_id": group.id, "name": group.name, "channel": group.channel,
        "created_at": group.created_at, "archived_at": group.archived_at,
    })
}
