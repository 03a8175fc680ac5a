//! Judging: what two doors say about a LINE user ID, against what the scenario table asks for.

use serde_json::Value;

/// What must be so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    /// External ids of the profiles that hold the LINE ID; `None` is the follower's anonymous profile.
    pub(super) holders: &'a [Option<&'a str>],
    /// State of the LINE ID on the channel.
    pub(super) state: &'a str,
}

/// What the store says in words, and whether it is as expected. `looked` is the body of `GET /line/users/{id}`,
/// `exported` that of an export by the same ID.
pub(super) fn judge(id: &str, looked: &Value, exported: &Value, expected: Expected<'_>) -> (String, bool) {
    let profiles = list(&looked["profiles"]);
    let holders = holders(profiles);
    let mut wanted: Vec<Option<&str>> = expected.holders.to_vec();
    wanted.sort_unstable();
    let channels = list(&looked["channels"]);
    let states: Vec<&str> = channels.iter().filter_map(|channel| channel["state"].as_str()).collect();
    let checks = [
        ("the profiles are others", holders == wanted),
        ("the state is another", states == [expected.state]),
        ("a profile has another LINE ID", profiles.iter().all(|profile| profile["native_line_id"] == id)),
        ("the alias line_id is wrong", profiles.iter().all(|profile| has_right_alias(id, profile))),
        ("the export names other profiles", ids(list(&exported["users"])) == ids(profiles)),
        (
            "a profile reads another state",
            list(&exported["users"]).iter().all(|user| {
                let states = list(&user["line"]);
                states.len() == 1 && states[0]["state"] == expected.state
            }),
        ),
    ];
    let mut says = words(&holders, &states);
    let wrong: Vec<&str> = checks.iter().filter(|(_, holds)| !holds).map(|(what, _)| *what).collect();
    if !wrong.is_empty() {
        says = format!("{says}; but {}", wrong.join(", "));
    }
    (says, wrong.is_empty())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn holders(profiles: &[Value]) -> Vec<Option<&str>> {
    let mut holders: Vec<Option<&str>> =
        profiles.iter().map(|profile| profile["external_id"].as_str()).collect();
    holders.sort_unstable();
    holders
}

fn ids(profiles: &[Value]) -> Vec<&str> {
    let mut ids: Vec<&str> = profiles.iter().filter_map(|profile| profile["braze_id"].as_str()).collect();
    ids.sort_unstable();
    ids
}

/// Only the profile made for a follower carries the alias (`LIN-12`, `LIN-14`).
fn has_right_alias(id: &str, profile: &Value) -> bool {
    let aliases = list(&profile["user_aliases"]);
    let own = |alias: &Value| alias["alias_label"] == "line_id" && alias["alias_name"] == id;
    if profile["external_id"].is_null() { aliases.len() == 1 && own(&aliases[0]) } else { aliases.is_empty() }
}

fn words(holders: &[Option<&str>], states: &[&str]) -> String {
    let names: Vec<&str> = holders.iter().map(|holder| holder.unwrap_or("an anonymous follower")).collect();
    let count = match names.len() {
        0 => return "nobody has this LINE ID".to_owned(),
        1 => "1 profile".to_owned(),
        count => format!("{count} profiles"),
    };
    format!("{count} ({}), {}", names.join(", "), states.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Expected, judge};

    const ID: &str = "U0123456789abcdef0123456789abcdef";

    fn answers(aliases: Value, state: &str, exported_state: &str) -> (Value, Value) {
        let profile = json!({"braze_id": "b", "native_line_id": ID, "user_aliases": aliases});
        let looked = json!({"profiles": [profile], "channels": [{"state": state}]});
        (looked, json!({"users": [{"braze_id": "b", "line": [{"state": exported_state}]}]}))
    }

    /// `LIN-12`
    #[test]
    fn a_followers_profile_holds_only_with_alias_and_state_by_both_doors() {
        let alias = json!([{"alias_label": "line_id", "alias_name": ID}]);
        let expected = Expected { holders: &[None], state: "subscribed" };
        let verdict = |(looked, exported): (Value, Value)| judge(ID, &looked, &exported, expected).1;
        assert!(verdict(answers(alias.clone(), "subscribed", "subscribed")));
        assert!(!verdict(answers(json!([]), "subscribed", "subscribed")));
        assert!(!verdict(answers(alias.clone(), "unsubscribed", "subscribed")));
        assert!(!verdict(answers(alias, "subscribed", "unsubscribed")));
    }

    #[test]
    fn nobody_and_an_error_answer_do_not_hold() {
        let expected = Expected { holders: &[None], state: "subscribed" };
        let (says, ok) = judge(ID, &json!({"message": "not found"}), &Value::Null, expected);
        assert!(!ok && says.starts_with("nobody has this LINE ID; but"), "{says}");
    }
}
