//! What must be so from an answer on, whatever others do.

use serde_json::{Value, json};

use super::stage::Stage;

/// One thing that was acknowledged and that nobody else may change.
#[derive(Clone, Debug)]
pub(crate) enum Promise {
    /// An export by this finds one user, who shows at least these values.
    Person { by: Value, shows: Value },
    /// An export by this finds nobody.
    Nobody { by: Value },
    /// A GET is answered like this, and shows at least these values.
    Told { path: String, status: u16, shows: Value },
}

impl Promise {
    /// One user of this external id who shows these values.
    pub(crate) fn user(external_id: &str, shows: Value) -> Self {
        Self::Person { by: json!({"external_ids": [external_id]}), shows }
    }

    /// One user of this alias who shows these values.
    pub(crate) fn alias(label: &str, name: &str, shows: Value) -> Self {
        Self::Person { by: json!({"user_aliases": [testkit::alias(label, name)]}), shows }
    }

    /// Nobody has this external id.
    pub(crate) fn no_user(external_id: &str) -> Self {
        Self::Nobody { by: json!({"external_ids": [external_id]}) }
    }

    /// Nobody has this alias.
    pub(crate) fn no_alias(label: &str, name: &str) -> Self {
        Self::Nobody { by: json!({"user_aliases": [testkit::alias(label, name)]}) }
    }

    /// Asks one of the servers.
    pub(crate) async fn check(&self, stage: &Stage, server: usize) {
        match self {
            Self::Person { by, shows } => {
                let users = stage.export(server, by).await;
                assert_eq!(users.len(), 1, "{by} is not one user: {users:?}");
                assert!(holds(&users[0], shows), "{by} shows {}, not {shows}", users[0]);
            }
            Self::Nobody { by } => {
                let users = stage.export(server, by).await;
                assert!(users.is_empty(), "{by} is somebody: {users:?}");
            }
            Self::Told { path, status, shows } => {
                let answer = stage.looked(server, path).await;
                let is_so = answer.status == *status && holds(&answer.json, shows);
                assert!(is_so, "{path}: {} {}, not {shows}", answer.status, answer.text);
            }
        }
    }
}

/// Whether what is wanted is there: members of objects that are not named may be anything; `null`: it is absent.
pub(crate) fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| holds(found.get(name).unwrap_or(&Value::Null), wanted))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| holds(found, wanted))
        }
        _ => found == wanted,
    }
}

#[test]
fn values_that_are_not_named_may_be_anything() {
    let found = json!({"a": 1, "b": {"c": [{"d": 1, "e": 2}]}});
    for wanted in [json!({"a": 1}), json!({"x": null}), json!({"b": {"c": [{"d": 1}]}})] {
        assert!(holds(&found, &wanted), "{wanted}");
    }
    for wanted in [json!({"a": 2}), json!({"a": null}), json!({"b": {"c": []}}), json!({"x": 1})] {
        assert!(!holds(&found, &wanted), "{wanted}");
    }
}
