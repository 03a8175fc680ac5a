//! LINE and imports.

use serde_json::{Value, json};

use super::{about, flag, list, number, object, or_null, shared, success, text, time, uuid, word};

pub(super) fn components() -> Vec<(&'static str, Value)> {
    vec![("LineChannel", channel())]
}

fn channel() -> Value {
    object([
        ("channel_id", text()),
        ("provider_id", text()),
        ("name", text()),
        ("bot_user_id", text()),
        ("webhook_url", about(text(), "To be entered in LINE's console.")),
        ("subscription_group_id", uuid()),
        (
            "old_secret_accepted",
            about(flag(), "Whether webhooks signed with the former secret are still taken."),
        ),
        ("connected_at", time()),
    ])
}

pub(crate) fn line_user() -> Value {
    success([
        ("line_user_id", text()),
        ("channels", list(shared("LineState"))),
        ("profiles", about(list(shared("User")), "Everybody who has this LINE ID, with all fields.")),
    ])
}

pub(crate) fn new_channel() -> Value {
    let id = || json!({"type": ["string", "integer"]});
    object([
        ("kind?", word(&["messaging"])),
        ("provider_id", id()),
        ("channel_id", id()),
        ("channel_secret", text()),
        ("channel_access_token", text()),
        ("name?", or_null(text())),
    ])
}

pub(crate) fn connected() -> Value {
    success([
        ("channel_id", text()),
        ("provider_id", text()),
        ("name", text()),
        ("webhook_url", text()),
        ("subscription_group_id", uuid()),
        ("sync_id", about(uuid(), "The first sync of its followers.")),
    ])
}

pub(crate) fn channels() -> Value {
    success([("channels", list(shared("LineChannel")))])
}

pub(crate) fn channel_change() -> Value {
    object([
        ("name?", or_null(text())),
        ("provider_id?", json!({"type": ["string", "integer", "null"]})),
        ("channel_secret?", about(or_null(text()), "The former one is accepted until revoked.")),
        ("revoke_old_secret?", or_null(flag())),
        ("channel_access_token?", or_null(text())),
    ])
}

pub(crate) fn channel_changed() -> Value {
    json!({"allOf": [shared("LineChannel"), success([])]})
}

pub(crate) fn sync_started() -> Value {
    success([("sync_id", uuid())])
}

pub(crate) fn sync() -> Value {
    success([
        ("sync_id", uuid()),
        ("channel_id", text()),
        ("state", word(&["running", "complete", "failed", "not_entitled"])),
        ("pages", number()),
        ("seen", number()),
        ("subscribed", number()),
        ("created", number()),
        ("started_at", time()),
        ("finished_at", or_null(time())),
        ("error", or_null(text())),
    ])
}

pub(crate) fn webhook() -> Value {
    object([("destination", text()), ("events", list(json!({"type": "object"})))])
}

pub(crate) fn import_started() -> Value {
    success([("import_id", uuid())])
}

pub(crate) fn import() -> Value {
    success([
        ("import_id", uuid()),
        ("name", text()),
        ("status", word(&["In progress", "Complete", "Partial success", "Failed"])),
        ("dry_run", flag()),
        ("rows_read", number()),
        ("rows_created", number()),
        ("rows_updated", number()),
        ("rows_skipped", number()),
        ("rows_warned", number()),
        ("started_at", or_null(time())),
        ("finished_at", or_null(time())),
        ("error", or_null(text())),
    ])
}
