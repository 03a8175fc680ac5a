//! `key`: API keys.

use std::process::ExitCode;

use profile_store::ProfileStore;
use serde_json::{Value, json};

use crate::args::KeyCommand;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::settings::Settings;

/// Makes, lists or revokes.
///
/// # Errors
/// When there is no such workspace or key, or the database cannot be used.
pub(crate) async fn run(settings: &Settings, output: Output, what: KeyCommand) -> Result<ExitCode, Failure> {
    let store = crate::database::open_existing(settings).await?;
    let done = work(&store, output, what).await;
    store.backend().close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn work(store: &ProfileStore, output: Output, what: KeyCommand) -> Result<(), Failure> {
    match what {
        KeyCommand::Create { name, workspace, permissions, allowed_ips } => {
            check(&permissions)?;
            let made = store.create_key(&workspace, &name, permissions, allowed_ips).await?;
            let json = json!({
                "key_id": made.stored.id, "key": made.secret,
                "workspace": workspace, "permissions": made.stored.permissions,
            });
            output.either(&json, &made.secret);
        }
        KeyCommand::List => list(store, output).await?,
        KeyCommand::Revoke { key_id } => {
            let key = store.revoke_key(&key_id).await?;
            let json = json!({"key_id": key.id, "revoked_at": key.revoked_at});
            output.either(&json, format!("{} is revoked; every process refuses it within a second", key.id));
        }
    }
    Ok(())
}

/// A key with a mistyped permission would be refused everywhere, and nobody would know why.
fn check(permissions: &[String]) -> Result<(), Failure> {
    let asked = http_api::permissions();
    let Some(unknown) = permissions.iter().find(|name| *name != "*" && !asked.contains(&name.as_str()))
    else {
        return Ok(());
    };
    Err(Failure::Misuse(format!(
        "no key was made: no route asks for permission '{unknown}'. There are: {}, and * for all",
        asked.join(", ")
    )))
}

async fn list(store: &ProfileStore, output: Output) -> Result<(), Failure> {
    let config = store.config().await?;
    let workspace_of = |id| config.workspaces.get(id).map_or("", |workspace| workspace.name.as_str());
    let keys: Vec<Value> = config
        .keys
        .values()
        .map(|key| {
            json!({
                "key_id": key.id, "name": key.name, "workspace": workspace_of(&key.workspace),
                "permissions": key.permissions, "allowed_ips": key.allowed_ips,
                "created_at": key.created_at, "last_seen_at": key.last_seen_at,
                "revoked_at": key.revoked_at,
            })
        })
        .collect();
    let mut shown = table(&[
        "key id",
        "name",
        "workspace",
        "permissions",
        "allowed from",
        "made",
        "last used",
        "revoked",
    ]);
    for key in config.keys.values() {
        shown.add_row([
            key.id.to_string(),
            key.name.clone(),
            workspace_of(&key.workspace).to_owned(),
            key.permissions.join(" "),
            if key.allowed_ips.is_empty() { "anywhere".to_owned() } else { key.allowed_ips.join(" ") },
            key.created_at.to_string(),
            key.last_seen_at.map(|at| at.to_string()).unwrap_or_default(),
            key.revoked_at.map(|at| at.to_string()).unwrap_or_default(),
        ]);
    }
    output.either(&json!({"keys": keys}), shown);
    Ok(())
}
