//! The workspace of the key.

use serde_json::{Value, json};

use crate::answer::Code;
use crate::openapi::schemas::{about, success};
use crate::route::{Example, Route};
use crate::workspace_settings;

pub(super) fn routes() -> Vec<Route> {
    vec![shown(), changed()]
}

fn settings() -> Value {
    success([("settings", about(json!({"type": "object"}), "All of them, by name (docs/settings.md)."))])
}

fn shown() -> Route {
    Route::get("/workspace/settings", workspace_settings::show)
        .key("workspace.settings")
        .says("The settings of the workspace", "")
        .answers(200, "All of them.", settings())
        .example(Example::new(
            "all",
            200,
            json!({"message": "success", "settings": {"phone_region": "US", "rate_limits": "off"}}),
        ))
}

fn changed() -> Route {
    let sample = json!({"message": "success", "settings": {"phone_region": "JP", "time_zone": "Asia/Tokyo"}});
    Route::patch("/workspace/settings", workspace_settings::change)
        .key("workspace.settings")
        .json()
        .says(
            "Change settings of the workspace",
            "Names left out stay; `null` brings a default back. Every door applies them.",
        )
        .takes(json!({"type": "object"}))
        .answers(200, "As they are now.", settings())
        .refuses(400, &[Code::BodyInvalid, Code::SettingInvalid])
        .example(
            Example::new("for Japan", 200, sample)
                .body(json!({"phone_region": "JP", "time_zone": "Asia/Tokyo"})),
        )
        .example(
            Example::new(
                "no such zone",
                400,
                json!({
                    "message": "the settings stay as they are: 'time_zone': not the name of a time zone",
                    "code": "setting_invalid",
                }),
            )
            .body(json!({"time_zone": "Edo"})),
        )
}
