//! Settings of a workspace.

use serde::{Deserialize, Serialize};

use crate::Region;
pub use crate::time_zone::Zone;

mod names;

pub use names::{BlockedNames, Blocklist, ForcedTypes, MAX_LISTED_NAMES};

/// What a workspace may choose, with the defaults of the design, section 5. Stored as a JSON object with these names;
/// absent ones have their default, unknown ones are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where a phone number without country code is (`PHN-1`): ISO 3166-1 alpha-2.
    pub phone_region: Region,
    /// Where a time without offset is (`DAT-3`): an IANA or Rails name.
    pub time_zone: Zone,
    /// Whether a LINE user ID must have LINE's form.
    pub line_id_check: LineIdCheck,
    /// What the 75 objects of a track request are counted over (`TRK-2`, `OPEN-4`).
    pub batch_limit: BatchLimit,
    /// Whether callers are limited as Braze limits them (`RL-*`).
    pub rate_limits: RateLimits,
    /// Whether ids of merged profiles lead to the survivor (`MID`).
    pub merged_ids: MergedIds,
    /// What happens when a profile with a follower's alias exists already.
    pub line_convergence: LineConvergence,
    /// How long a merge can be undone, in days.
    pub undo_days: u32,
    /// How many profiles rules may fold into one person within `fold_window_hours`; beyond that a group is parked.
    pub fold_limit: u32,
    /// See `fold_limit`.
    pub fold_window_hours: u32,
    /// Values that never join anybody, beside the built-in ones.
    pub common_values: Vec<String>,
    /// Attributes held to a type (`CAT-2`).
    pub forced_types: ForcedTypes,
    /// Names whose incoming data is dropped (`CAT-6`).
    pub blocklist: Blocklist,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            phone_region: Region::default(),
            time_zone: Zone::utc(),
            line_id_check: LineIdCheck::default(),
            batch_limit: BatchLimit::default(),
            rate_limits: RateLimits::default(),
            merged_ids: MergedIds::default(),
            line_convergence: LineConvergence::default(),
            undo_days: 180,
            fold_limit: 10,
            fold_window_hours: 24,
            common_values: Vec::new(),
            forced_types: ForcedTypes::default(),
            blocklist: Blocklist::default(),
        }
    }
}

/// Which LINE user IDs are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineIdCheck {
    /// Only `U` or the module form with 32 lower-case hex digits.
    #[default]
    Strict,
    /// Any non-empty string, for staging data.
    Lenient,
}

/// What the 75 objects of a track request are counted over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchLimit {
    /// The three arrays together.
    #[default]
    Total,
    /// Each array by itself.
    PerArray,
}

/// How often a workspace may be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimits {
    /// As often as one likes.
    #[default]
    Off,
    /// As Braze's table says, so that a client's back-off can be tested.
    Braze,
}

/// Whether ids of merged profiles lead to the survivor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergedIds {
    /// Track, events, purchases and CSV naming one apply to the survivor.
    #[default]
    Follow,
    /// They are unknown ids.
    Forget,
}

/// What happens when the alias (`line_id`, ID) of a new follower sits on a profile without that LINE ID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineConvergence {
    /// As Braze: the alias moves to the follower's new profile.
    #[default]
    Braze,
    /// A profile that never had a LINE ID is adopted.
    Merge,
}

#[cfg(test)]
mod tests {
    use super::Settings;

    /// Design, section 5: the defaults.
    #[test]
    fn absent_settings_have_the_defaults_of_the_design() {
        let settings: Settings = serde_json::from_str("{}").unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(
            serde_json::to_string(&settings).unwrap(),
            r#"{"phone_region":"US","time_zone":"UTC","line_id_check":"strict","batch_limit":"total","rate_limits":"off","merged_ids":"follow","line_convergence":"braze","undo_days":180,"fold_limit":10,"fold_window_hours":24,"common_values":[],"forced_types":{},"blocklist":{"attributes":[],"events":[],"products":[]}}"#
        );
    }

    #[test]
    fn settings_come_back_as_they_were_stored() {
        let text = r#"{"phone_region":"JP","time_zone":"Asia/Tokyo","line_id_check":"lenient","batch_limit":"per_array","rate_limits":"braze","merged_ids":"forget","line_convergence":"merge","undo_days":7,"fold_limit":3,"fold_window_hours":1,"common_values":["shop@example.jp"],"forced_types":{"points":"Number"},"blocklist":{"attributes":["ssn"],"events":["debug"],"products":[]}}"#;
        let settings: Settings = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&settings).unwrap(), text);
    }

    #[test]
    fn unknown_names_and_values_are_refused() {
        for text in [
            r#"{"phone_regoin":"JP"}"#,
            r#"{"phone_region":"Japan"}"#,
            r#"{"time_zone":"Tokio"}"#,
            r#"{"undo_days":-1}"#,
            r#"{"batch_limit":"none"}"#,
            r#"{"forced_types":{"points":"Integer"}}"#,
            r#"{"blocklist":{"attribute":["a"]}}"#,
        ] {
            assert!(serde_json::from_str::<Settings>(text).is_err(), "{text}");
        }
    }
}
