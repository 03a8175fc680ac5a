//! `workspace`: workspaces and their settings.

use std::process::ExitCode;

use profile_store::ProfileStore;
use serde_json::{Value, json};

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
        WorkspaceCommand::Create { name } => {
            let made = store.create_workspace(&name).await?;
            let next = format!(
                "workspace {name} is made; `enmusubi key create --name .. --workspace {name}` makes its key"
            );
            output.either(&json!({"name": made.name, "settings": made.settings}), next);
        }
        WorkspaceCommand::List => {
            let config = store.config().await?;
            let mut shown = table(&["workspace", "made", "settings"]);
            let mut all = Vec::new();
            for workspace in config.workspaces.values() {
                let settings = serde_json::to_value(&workspace.settings).unwrap_or_default();
                shown.add_row([
                    workspace.name.clone(),
                    workspace.created_at.to_string(),
                    lines(&settings).replace('\n', " "),
                ]);
                all.push(json!({
                    "name": workspace.name, "created_at": workspace.created_at, "settings": settings,
                }));
            }
            output.either(&json!({"workspaces": all}), shown);
        }
        WorkspaceCommand::Set { name, settings } => {
            let known = store.workspace(&name).await?.settings;
            let changed = store.set_settings(&name, change(&known, &settings)?).await?;
            let settings = serde_json::to_value(&changed.settings).unwrap_or_default();
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

/// The settings with each `key=value` put in; a number stays a number.
fn change(known: &profile_model::Settings, pairs: &[String]) -> Result<profile_model::Settings, Failure> {
    let mut settings = serde_json::to_value(known).map_err(Failure::while_doing("reading the settings"))?;
    for pair in pairs {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::Misuse(format!("'{pair}' is not KEY=VALUE, such as phone_region=JP")))?;
        settings[key] = if settings[key].is_array() {
            list(value)
        } else {
            value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from)
        };
    }
    serde_json::from_value(settings).map_err(|error| Failure::Misuse(format!("the settings stay: {error}")))
}

/// A setting that is a list: its members with commas between, nothing for none.
fn list(value: &str) -> Value {
    value.split(',').map(str::trim).filter(|member| !member.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use profile_model::Settings;

    use super::change;

    #[test]
    fn settings_change_by_key_and_value_and_the_others_stay() {
        let pairs = ["phone_region=JP".to_owned(), "undo_days=7".to_owned()];
        let changed = change(&Settings::default(), &pairs).unwrap();
        let wanted: Settings = serde_json::from_str(r#"{"phone_region":"JP","undo_days":7}"#).unwrap();
        assert_eq!(changed, wanted);
    }

    #[test]
    fn a_list_is_written_with_commas() {
        let set = |text: &str| change(&Settings::default(), &[format!("common_values={text}")]).unwrap();
        assert_eq!(set("shop@example.jp, 0312345678").common_values, ["shop@example.jp", "0312345678"]);
        assert_eq!(set("").common_values, Vec::<String>::new());
    }

    #[test]
    fn unknown_settings_and_values_are_refused() {
        for pair in ["phone_regoin=JP", "undo_days=soon", "time_zone", "line_id_check=none"] {
            assert!(change(&Settings::default(), &[pair.to_owned()]).is_err(), "{pair}");
        }
    }
}
