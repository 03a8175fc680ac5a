//! Settings of a workspace, read and changed in parts.

use profile_model::{ChangeSet, ConfigChange, Decision, Keys, Loaded, Settings, Workspace, WorkspaceId};
use serde_json::{Map, Value};

use crate::{Fault, ProfileStore, Work};

/// Why settings stay as they are: which one cannot be so. Names the setting and what may stand there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings stay as they are: {0}")]
pub struct SettingsFault(String);

impl ProfileStore {
    /// The settings of a workspace.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub async fn settings(&self, workspace: WorkspaceId) -> Result<Settings, Fault> {
        let config = self.config().await?;
        Ok(config.workspaces.get(&workspace).map(|known| known.settings.clone()).unwrap_or_default())
    }

    /// Puts these settings in place of those of the same names; a `null` brings the default back. Reads and writes in
    /// one transaction, so that two changes of different settings both stand.
    ///
    /// # Errors
    /// When the backend faults; a refusal is an outcome.
    pub async fn change_settings(
        &self,
        workspace: WorkspaceId,
        changes: Map<String, Value>,
    ) -> Result<Result<Settings, SettingsFault>, Fault> {
        let decide = move |loaded: &Loaded| {
            let known = loaded.config.as_deref().and_then(|config| config.workspaces.get(&workspace));
            let Some(known) = known else {
                return (Decision::Nothing, Err(SettingsFault("there is no such workspace".to_owned())));
            };
            match changed(&known.settings, &changes) {
                Ok(settings) => {
                    let row = Workspace { settings: settings.clone(), ..known.clone() };
                    let config = vec![ConfigChange::PutWorkspace(row)];
                    (ChangeSet { config, ..ChangeSet::default() }.into(), Ok(settings))
                }
                Err(fault) => (Decision::Nothing, Err(fault)),
            }
        };
        let keys = Keys { config: true, ..Keys::default() };
        let work = Work::new("change_settings", workspace, keys).repeatable();
        let (settings, _) = self.decide_once(work, decide).await?;
        self.refresh_config().await;
        Ok(settings)
    }
}

/// The settings with these in place.
fn changed(known: &Settings, changes: &Map<String, Value>) -> Result<Settings, SettingsFault> {
    let fault = |error: serde_json::Error| SettingsFault(error.to_string());
    let mut settings = serde_json::to_value(known).map_err(fault)?;
    let Some(object) = settings.as_object_mut() else { return Ok(known.clone()) };
    for (name, value) in changes {
        if !object.contains_key(name) {
            return Err(SettingsFault(format!("there is no setting '{name}'")));
        }
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
        // One at a time: the error is about this one.
        serde_json::from_value::<Settings>(object.clone().into())
            .map_err(|error| SettingsFault(format!("'{name}': {error}")))?;
        if value.is_null() {
            let default = serde_json::to_value(Settings::default()).map_err(fault)?;
            object.insert(name.clone(), default[name].clone());
        }
    }
    serde_json::from_value(settings).map_err(fault)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(changes: Value) -> Result<Settings, SettingsFault> {
        let known: Settings = serde_json::from_str(r#"{"phone_region":"JP","undo_days":7}"#).unwrap();
        changed(&known, changes.as_object().unwrap())
    }

    #[test]
    fn settings_that_are_not_named_stay_and_null_is_the_default() {
        let settings = change(json!({"time_zone": "Asia/Tokyo", "undo_days": null})).unwrap();
        let wanted = r#"{"phone_region":"JP","time_zone":"Asia/Tokyo"}"#;
        assert_eq!(settings, serde_json::from_str::<Settings>(wanted).unwrap());
    }

    #[test]
    fn a_refusal_names_the_setting() {
        for (changes, named) in [
            (json!({"phone_regoin": "JP"}), "phone_regoin"),
            (json!({"time_zone": "Asia/Tokyo", "undo_days": "soon"}), "undo_days"),
            (json!({"forced_types": {"points": "Integer"}}), "forced_types"),
            (json!({"blocklist": {"events": "debug"}}), "blocklist"),
        ] {
            assert!(change(changes).unwrap_err().to_string().contains(named), "{named}");
        }
    }
}
