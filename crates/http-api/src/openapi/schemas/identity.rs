//! Who is who.

use serde_json::{Value, json};

use super::{about, flag, list, number, object, or_null, shared, some, success, text, time, uuid, word};

pub(super) fn components() -> Vec<(&'static str, Value)> {
    vec![
        ("Prioritization", prioritization()),
        ("Selector", selector()),
        ("Outcome", outcome()),
        ("DuplicatesGroup", duplicates_group()),
        ("DuplicatesRule", duplicates_rule()),
    ]
}

fn prioritization() -> Value {
    let words = ["identified", "unidentified", "most_recently_updated", "least_recently_updated"];
    about(
        list(word(&words)),
        "Which of several users to take: each word narrows; if more than one is left, nothing happens.",
    )
}

fn selector() -> Value {
    let schema = object([
        ("external_id?", json!({"type": ["string", "integer"]})),
        ("user_alias?", shared("UserAlias")),
        ("email?", text()),
        ("phone?", text()),
        ("prioritization?", shared("Prioritization")),
    ]);
    about(schema, "One identifier; `prioritization` with `email` and `phone`.")
}

fn outcome() -> Value {
    object([
        ("input_array", text()),
        ("index", number()),
        ("result", word(&["merged", "identified", "changed", "nothing"])),
        ("reason", or_null(text())),
        ("kept", or_null(uuid())),
        ("removed", or_null(uuid())),
        (
            "merge_id",
            about(
                or_null(uuid()),
                "For `/users/merges/{merge_id}/undo`. `null` in a dry run, which merges nobody.",
            ),
        ),
        ("dropped", list(json!({"type": "object"}))),
        ("predecessors?", list(json!({}))),
        ("warnings?", list(text())),
        ("profile?", about(json!({}), "In a dry run: the user as it would be.")),
    ])
}

/// What the identity calls may add to their answer.
fn explained<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let mut schema = success(fields);
    schema["properties"]["errors"] = list(shared("ObjectError"));
    schema["properties"]["outcomes"] =
        about(list(shared("Outcome")), "With `explain=true` or `dry_run=true`.");
    schema["properties"]["plan"] =
        about(text(), "With `dry_run=true`: sent back as `plan`, exactly this is done.");
    schema
}

pub(crate) fn identify_request() -> Value {
    let by = |name: &'static str, schema: Value| {
        object([("external_id", text()), (name, schema), ("prioritization", shared("Prioritization"))])
    };
    object([
        (
            "aliases_to_identify?",
            json!({"type": "array", "maxItems": 50, "items": object([("external_id", text()), ("user_alias", shared("UserAlias"))])}),
        ),
        ("emails_to_identify?", list(by("email", text()))),
        ("phone_numbers_to_identify?", list(by("phone", text()))),
        ("merge_behavior?", word(&["merge", "none"])),
    ])
}

pub(crate) fn identified() -> Value {
    explained([
        ("aliases_processed", number()),
        ("emails_processed?", number()),
        ("phone_numbers_processed?", number()),
    ])
}

pub(crate) fn merge_request() -> Value {
    let update =
        object([("identifier_to_merge", shared("Selector")), ("identifier_to_keep", shared("Selector"))]);
    object([("merge_updates", some(50, update))])
}

pub(crate) fn merged() -> Value {
    explained([])
}

pub(crate) fn new_aliases() -> Value {
    let alias = object([("external_id?", text()), ("alias_label", text()), ("alias_name", text())]);
    object([("user_aliases", some(50, alias))])
}

pub(crate) fn alias_updates() -> Value {
    let update = object([("alias_label", text()), ("old_alias_name", text()), ("new_alias_name", text())]);
    object([("alias_updates", some(50, update))])
}

pub(crate) fn aliased() -> Value {
    explained([("aliases_processed", number())])
}

pub(crate) fn renames() -> Value {
    let rename = object([("current_external_id", text()), ("new_external_id", text())]);
    object([("external_id_renames", some(50, rename))])
}

/// The answer of rename (`external_ids`, `rename_errors`) and remove (`removed_ids`, `removal_errors`).
pub(crate) fn renamed(done: &'static str, failed: &'static str) -> Value {
    let error =
        json!({"type": "array", "items": {"type": ["integer", "string"]}, "minItems": 2, "maxItems": 2});
    explained([(done, list(text())), (failed, about(list(error), "`[index, text]` of what was not done."))])
}

pub(crate) fn removals() -> Value {
    object([("external_ids", some(50, text()))])
}

pub(crate) fn delete_request() -> Value {
    let by = |name: &'static str| {
        let chosen = object([(name, text()), ("prioritization", shared("Prioritization"))]);
        list(json!({"anyOf": [chosen, {"type": "string"}]}))
    };
    object([
        ("external_ids?", list(text())),
        ("user_aliases?", list(shared("UserAlias"))),
        ("braze_ids?", list(text())),
        ("email_addresses?", by("email")),
        ("phone_numbers?", by("phone")),
        ("suppress?", about(flag(), "`true`: the erased identifiers are refused from now on.")),
    ])
}

pub(crate) fn deleted() -> Value {
    explained([("deleted", about(number(), "Ids that led to somebody."))])
}

pub(crate) fn history() -> Value {
    let entry = object([
        ("at", time()),
        ("kind", text()),
        ("braze_id", uuid()),
        ("actor", json!({})),
        ("cause", text()),
    ]);
    success([("braze_id", uuid()), ("entries", list(entry)), ("merged_id?", text())])
}

pub(crate) fn undone() -> Value {
    success([("merge_id", uuid()), ("kept", uuid()), ("restored", uuid())])
}

pub(crate) fn suppressions() -> Value {
    let suppression = object([("id", uuid()), ("erased_at", time()), ("kinds", list(text()))]);
    success([("suppressions", list(suppression)), ("next_cursor", or_null(text()))])
}

fn duplicates_rule() -> Value {
    object([
        ("by", word(&["native_line_id", "email", "phone"])),
        ("keep?", word(&["created", "updated", "last_session"])),
        ("order?", word(&["newest", "oldest"])),
        ("merge_identified?", flag()),
    ])
}

fn duplicates_group() -> Value {
    let member = object([
        ("braze_id", uuid()),
        ("external_id", or_null(text())),
        ("user_aliases", list(shared("UserAlias"))),
        ("created_at", time()),
        ("updated_at", time()),
    ]);
    object([
        ("value", text()),
        ("count", number()),
        ("members", list(member)),
        ("keep", or_null(uuid())),
        ("reason", text()),
        ("would_merge", flag()),
        ("guards", about(list(text()), "Why it is left to a person.")),
        ("profile?", about(json!({}), "In a dry run of a merge: who stays, as it would be.")),
        (
            "dropped?",
            about(
                list(json!({"type": "object"})),
                "In a dry run of a merge: what nobody would have any more.",
            ),
        ),
    ])
}

pub(crate) fn duplicates() -> Value {
    success([("groups", list(shared("DuplicatesGroup"))), ("next_cursor", or_null(text()))])
}

pub(crate) fn duplicates_plan() -> Value {
    success([
        ("outcomes", list(shared("DuplicatesGroup"))),
        ("next_cursor", or_null(text())),
        ("plan", text()),
    ])
}

pub(crate) fn duplicates_job() -> Value {
    success([
        ("job_id", uuid()),
        ("state", text()),
        ("groups", number()),
        ("merged_groups", number()),
        ("merged_profiles", number()),
        ("parked_groups", number()),
        ("started_at", time()),
        ("finished_at", or_null(time())),
        ("error", or_null(text())),
        ("rule", json!({"type": "object"})),
    ])
}

pub(crate) fn parked() -> Value {
    let group = object([
        ("id", uuid()),
        ("by", or_null(text())),
        ("value", text()),
        ("members", list(uuid())),
        ("reasons", list(text())),
        ("parked_at", time()),
        ("state", text()),
    ]);
    success([("groups", list(group)), ("next_cursor", or_null(text()))])
}

pub(crate) fn reviewed() -> Value {
    success([
        ("id", uuid()),
        ("state", word(&["released", "dismissed"])),
        ("kept", or_null(uuid())),
        ("merge_ids", list(uuid())),
    ])
}
