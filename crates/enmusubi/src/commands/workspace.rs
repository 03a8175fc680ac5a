//! `workspace`: workspaces and their settings.

use std::process::ExitCode;

use profile_model::Buckets;
use profile_store::ProfileStore;
use serde_json::{Map, Value, json};

use crate::args::WorkspaceCommand;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::settings::Settings;

/// Makes, lists or sets.
///
/// # Errors
/// When the name is taken or unknown, a setting cannot be, or the database cannot be used.
pub(crate) async fn run(
    settings: &Settings,
    output: Output,
    what: WorkspaceCommand,
) -> Result<ExitCode, Failure> {
    let store = crate::database::open_existing(settings).await?;
    let done = work(&store, output, what).await;
    store.backend().close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn work(store: &ProfileStore, output: Output, what: WorkspaceCommand) -> Result<(), Failure> {
    match what {
        WorkspaceCommand::Create { name, buckets } => {
            let made = store.create_huge_workspace(&name, Buckets::new(buckets).unwrap_or_default()).await?;
            let next = format!(
                "workspace {name} is made; `enmusubi key create --name .. --workspace {name}` makes its key"
            );
            output.either(
                &json!({"name": made.name, "buckets": made.buckets.count(), "settings": made.settings}),
                next,
            );
        }
        WorkspaceCommand::List => {
            let config = store.config().await?;
            let mut shown = table(&["workspace", "made", "buckets", "settings"]);
            let mut all = Vec::new();
            for workspace in config.workspaces.values() {
                let settings = serde_json::to_value(&workspace.settings).unwrap_or_default();
                shown.add_row([
                    workspace.name.clone(),
                    workspace.created_at.to_string(),
                    workspace.buckets.count().to_string(),
                    lines(&settings).replace('\n', " "),
                ]);
                all.push(json!({
                    "name": workspace.name, "created_at": workspace.created_at,
                    "buckets": workspace.buckets.count(), "settings": settings,
                }));
            }
            output.either(&json!({"workspaces": all}), shown);
        }
        WorkspaceCommand::Set { name, settings } => {
            let known = store.workspace(&name).await?;
            let changes = read(&known.settings, &settings)?;
            let changed = store.change_settings(known.id, changes).await?;
            let changed = changed.map_err(|fault| Failure::Misuse(fault.to_string()))?;
            let settings = serde_json::to_value(&changed).unwrap_or_default();
            output.either(&json!({"name": name, "settings": settings}), lines(&settings));
        }
    }
    Ok(())
}

fn lines(settings: &Value) -> String {
    let show = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = settings.as_object().into_iter().flatten();
    pairs.map(|(key, value)| format!("{key}={}", show(value))).collect::<Vec<_>>().join("\n")
}

/// Each `key=value` as JSON: lists and objects where the setting is one, numbers as numbers.
fn read(known: &profile_model::Settings, pairs: &[String]) -> Result<Map<String, Value>, Failure> {
    let known = serde_json::to_value(known).map_err(Failure::while_doing("reading the settings"))?;
    let mut changes = Map::new();
    for pair in pairs {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::Misuse(format!("'{pair}' is not KEY=VALUE, such as phone_region=JP")))?;
        let value = match &known[key] {
            Value::Array(_) => list(value),
            Value::Object(_) => serde_json::from_str(value).map_err(|error| {
                Failure::Misuse(format!(
                    "'{key}' takes a JSON object, such as {key}='{}': {error}",
                    known[key]
                ))
            })?,
            _ => value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from),
        };
        changes.insert(key.to_owned(), value);
    }
    Ok(changes)
}

/// A setting that is a list: its members with commas between, nothing for none.
fn list(value: &str) -> Value {
    value.split(',').map(str::trim).filter(|member| !member.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use profile_model::Settings;
    use serde_json::{Value, json};

    use super::read;

    fn of(pairs: &[&str]) -> Option<Value> {
        let pairs: Vec<_> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        read(&Settings::default(), &pairs).ok().map(Value::Object)
    }

    #[test]
    fn values_have_the_type_of_their_setting() {
        let pairs = [
            "phone_region=JP",
            "undo_days=7",
            "common_values=a@example.jp, b",
            r#"forced_types={"a":"Number"}"#,
        ];
        let wanted = json!({
            "phone_region": "JP", "undo_days": 7, "common_values": ["a@example.jp", "b"],
            "forced_types": {"a": "Number"},
        });
        assert_eq!(of(&pairs), Some(wanted));
        assert_eq!(of(&["common_values="]), Some(json!({"common_values": []})));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert_eq!(of(&["time_zone"]), None);
        assert_eq!(of(&["blocklist=ssn"]), None);
    }
}
