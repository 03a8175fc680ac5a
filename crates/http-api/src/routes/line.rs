//! LINE: users, channels, syncs, the webhook.

use serde_json::{Value, json};

use super::samples::{CHANNEL, LINE_GROUP, LINE_USER, PROVIDER, SYNC};
use crate::answer::Code;
use crate::line_channels::{change, connect, disconnect, list};
use crate::line_syncs::{show, start};
use crate::openapi::schemas::{line as schemas, success};
use crate::route::{Example, Route};
use crate::{line_events, line_users};

pub(super) fn routes() -> Vec<Route> {
    vec![connected(), listed(), changed(), sync_started(), sync(), webhook(), line_user(), disconnected()]
}

fn connected() -> Route {
    Route::post("/line/channels", connect::connect)
        .key("line.channels")
        .json()
        .says(
            "Connect a LINE channel",
            "Asks LINE who the token belongs to, makes the channel's subscription group and starts the first sync of its \
             followers. Nothing is stored when it is refused.",
        )
        .takes(schemas::new_channel())
        .answers(201, "Connected.", schemas::connected())
        .refuses(400, &[Code::FieldInvalid, Code::LineCredentialsRejected])
        .refuses(409, &[Code::ChannelAlreadyConnected, Code::LineProviderMismatch])
        .refuses(502, &[Code::LineUnreachable])
        .example(
            Example::new(
                "a channel",
                201,
                json!({
                    "message": "success", "channel_id": CHANNEL, "provider_id": PROVIDER, "name": "Tea Shop",
                    "webhook_url": format!("https://profiles.example.com/line/events/{CHANNEL}"),
                    "subscription_group_id": LINE_GROUP, "sync_id": SYNC,
                }),
            )
            .body(json!({
                "provider_id": PROVIDER, "channel_id": CHANNEL, "channel_secret": "CHANNEL-SECRET",
                "channel_access_token": "CHANNEL-ACCESS-TOKEN", "name": "Tea Shop",
            })),
        )
}

fn channel(name: &str) -> Value {
    json!({
        "channel_id": CHANNEL, "provider_id": PROVIDER, "name": name,
        "bot_user_id": "U0123456789abcdef0123456789abcdef",
        "webhook_url": format!("https://profiles.example.com/line/events/{CHANNEL}"),
        "subscription_group_id": LINE_GROUP, "old_secret_accepted": false, "connected_at": "2026-01-15T01:02:03.456Z",
    })
}

fn listed() -> Route {
    Route::get("/line/channels", list::list)
        .key("line.channels")
        .says("Connected LINE channels", "Without their secrets.")
        .answers(200, "All of them.", schemas::channels())
        .example(Example::new("all", 200, json!({"message": "success", "channels": [channel("Tea Shop")]})))
}

fn changed() -> Route {
    let mut answer = channel("Tea House");
    answer["message"] = "success".into();
    Route::patch("/line/channels/{channel_id}", change::change)
        .key("line.channels")
        .json()
        .says("Change a LINE channel", "A new name, secret or token; what is absent stays.")
        .takes(schemas::channel_change())
        .answers(200, "As it is now.", schemas::channel_changed())
        .refuses(400, &[Code::FieldInvalid, Code::LineCredentialsRejected])
        .refuses(404, &[Code::LineChannelUnknown])
        .refuses(409, &[Code::LineProviderMismatch, Code::LineBotMismatch])
        .refuses(502, &[Code::LineUnreachable])
        .example(
            Example::new("another name", 200, answer)
                .with("channel_id", CHANNEL)
                .body(json!({"name": "Tea House"})),
        )
}

fn sync_started() -> Route {
    Route::post("/line/channels/{channel_id}/sync", start::start)
        .key("line.sync")
        .says(
            "Sync the followers of a LINE channel",
            "In the background; needs a verified or premium account at LINE.",
        )
        .answers(202, "Begun, or under way already.", schemas::sync_started())
        .refuses(404, &[Code::LineChannelUnknown])
        .example(
            Example::new("again", 202, json!({"message": "success", "sync_id": SYNC}))
                .with("channel_id", CHANNEL),
        )
}

fn sync() -> Route {
    Route::get("/line/syncs/{sync_id}", show::show)
        .key("line.sync")
        .says("How far a sync is", "")
        .answers(200, "The sync.", schemas::sync())
        .refuses(404, &[Code::SyncUnknown])
        .example(
            Example::new(
                "a sync",
                200,
                json!({"message": "success", "sync_id": SYNC, "channel_id": CHANNEL}),
            )
            .with("sync_id", SYNC),
        )
}

fn webhook() -> Route {
    Route::post("/line/events/{channel_id}", line_events::receive)
        .signed()
        .says(
            "LINE's webhook",
            "Enter this URL in LINE's console. 200 means that the events are durable; they are normally applied, too.",
        )
        .takes(schemas::webhook())
        .answers(200, "Received.", success([]))
        .refuses(400, &[Code::BodyInvalid])
        .refuses(401, &[Code::SignatureInvalid])
        .refuses(404, &[Code::LineChannelUnknown])
        .example(
            Example::new(
                "without a signature",
                401,
                json!({"message": "the signature is missing or wrong", "code": "signature_invalid"}),
            )
            .with("channel_id", CHANNEL)
            .body(json!({"destination": "U0123456789abcdef0123456789abcdef", "events": []})),
        )
}

fn line_user() -> Route {
    Route::get("/line/users/{line_user_id}", line_users::line_user)
        .key("line.users.get")
        .may_be_stale()
        .says("Who is this LINE ID?", "Its state on each channel, and everybody who has it.")
        .answers(200, "Somebody has it, or a channel has heard of it.", schemas::line_user())
        .refuses(400, &[Code::LineUserIdInvalid])
        .refuses(404, &[Code::LineUserUnknown])
        .example(
            Example::new(
                "a customer",
                200,
                json!({
                    "message": "success", "line_user_id": LINE_USER,
                    "channels": [{
                        "channel_id": CHANNEL, "subscription_group_id": LINE_GROUP, "state": "unsubscribed",
                        "changed_at": null,
                    }],
                    "profiles": [{"external_id": "hanako-2", "native_line_id": LINE_USER}],
                }),
            )
            .with("line_user_id", LINE_USER),
        )
        .example(
            Example::new(
                "malformed",
                400,
                json!({
                    "message": "the LINE user ID must be 'U' and 32 lower-case hex digits",
                    "code": "line_user_id_invalid",
                }),
            )
            .with("line_user_id", "tea-shop"),
        )
}

fn disconnected() -> Route {
    Route::delete("/line/channels/{channel_id}", disconnect::disconnect)
        .key("line.channels")
        .says("Disconnect a LINE channel", "Its group is archived; profiles and states stay.")
        .answers(200, "Disconnected.", success([]))
        .refuses(404, &[Code::LineChannelUnknown])
        .example(Example::new("a channel", 200, json!({"message": "success"})).with("channel_id", CHANNEL))
}
