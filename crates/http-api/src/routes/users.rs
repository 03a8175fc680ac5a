//! Users: tracking and export.

use serde_json::json;

use super::samples::{LINE_USER, USER, uuid_of};
use crate::answer::Code;
use crate::openapi::schemas::{shared, users};
use crate::route::{Example, Payload, Route};
use crate::{body, export, track};

pub(super) fn routes() -> Vec<Route> {
    vec![tracked(), synced(), bulk(), exported()]
}

fn tracked() -> Route {
    Route::post("/users/track", track::track)
        .key("users.track")
        .reads(Payload::Json(body::TRACK))
        .says(
            "Create and update users",
            "Up to 75 objects over the three arrays. They are applied attributes first, then events, then purchases, each \
             in order; a 201 means that they are durable and readable. Objects named in `errors` are left out, the others \
             are applied; if none is acceptable, the answer is 400.",
        )
        .takes(shared("TrackRequest"))
        .answers(201, "Applied.", shared("Tracked"))
        .refuses(400, &[Code::BodyInvalid])
        .example(
            Example::new(
                "a customer",
                201,
                json!({"message": "success", "attributes_processed": 1, "events_processed": 1, "purchases_processed": 1}),
            )
            .body(json!({
                "attributes": [{
                    "external_id": "hanako", "email": "hanako@example.com", "first_name": "Hanako",
                    "native_line_id": LINE_USER, "points": 120,
                }],
                "events": [{"external_id": "hanako", "name": "signed_up", "time": "2026-01-15T09:00:00+09:00"}],
                "purchases": [{
                    "external_id": "hanako", "product_id": "tea-1", "currency": "JPY", "price": 1200,
                    "time": "2026-01-15T09:05:00+09:00",
                }],
            })),
        )
        .example(
            Example::new(
                "one object is left out",
                201,
                json!({
                    "message": "success", "attributes_processed": 1,
                    "errors": [{
                        "type": "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required",
                        "input_array": "attributes", "index": 1,
                    }],
                }),
            )
            .body(json!({"attributes": [{"external_id": "taro", "first_name": "Taro"}, {"first_name": "Nobody"}]})),
        )
        .example(
            Example::new(
                "nothing is acceptable",
                400,
                json!({"message": "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."}),
            )
            .body(json!({})),
        )
}

fn synced() -> Route {
    Route::post("/users/track/sync", track::sync)
        .key("users.track.sync")
        .json()
        .says(
            "Track one object and read back what it left",
            "One attributes object, one event or one purchase. The answer repeats the identifier and shows the values that \
             were sent as they are now.",
        )
        .takes(shared("TrackRequest"))
        .answers(201, "Applied.", users::synced())
        .refuses(400, &[Code::BodyInvalid])
        .example(
            Example::new(
                "an attribute",
                201,
                json!({"users": [{"external_id": "hanako", "custom_attributes": {"points": 125}}], "message": "success"}),
            )
            .body(json!({"attributes": [{"external_id": "hanako", "points": {"inc": 5}}]})),
        )
}

fn bulk() -> Route {
    Route::post("/users/track/bulk", track::bulk)
        .key("users.track.bulk")
        .reads(Payload::Json(body::BULK))
        .says(
            "Track many objects",
            "As `/users/track`, up to 10,000 objects and 100 for one user; it waits behind the calls that somebody waits for.",
        )
        .takes(shared("TrackRequest"))
        .answers(201, "Applied.", shared("Tracked"))
        .refuses(400, &[Code::BodyInvalid])
        .example(
            Example::new("two users", 201, json!({"message": "success", "attributes_processed": 2})).body(json!({
                "attributes": [
                    {"external_id": "saburo", "first_name": "Saburo"},
                    {
                        "user_alias": {"alias_label": "shop", "alias_name": "guest-17"},
                        "_update_existing_only": false, "city": "Kyoto",
                    },
                ],
            })),
        )
}

fn exported() -> Route {
    let fields = ["braze_id", "external_id", "email", "custom_attributes", "native_line_id"];
    Route::post("/users/export/ids", export::export_ids)
        .key("users.export.ids")
        .json()
        .may_be_stale()
        .says(
            "Export users by identifier",
            "Up to 50 of each array; one of `device_id`, `email_address` and `phone`. Without `fields_to_export` all \
             fields that Braze documents; `native_line_id` and `line` only if they are asked for.",
        )
        .takes(shared("ExportRequest"))
        .answers(201, "Who was found.", users::exported())
        .refuses(400, &[Code::BodyInvalid, Code::FieldInvalid, Code::SeveralAddresses, Code::IdentifierMissing])
        .example(
            Example::new(
                "two external ids",
                201,
                json!({
                    "message": "success", "invalid_user_ids": ["nobody"],
                    "users": [{
                        "braze_id": uuid_of(USER), "external_id": "hanako", "email": "hanako@example.com",
                        "custom_attributes": {"points": 125}, "native_line_id": LINE_USER,
                    }],
                }),
            )
            .body(json!({"external_ids": ["hanako", "nobody"], "fields_to_export": fields})),
        )
}
