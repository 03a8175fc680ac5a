//! Users: tracking and export.

use crate::route::{Payload, Route};
use crate::{body, catalogue, everything, export, track};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/users/track", track::track).key("users.track").reads(Payload::Json(body::TRACK)),
        Route::post("/users/track/sync", track::sync).key("users.track.sync").json(),
        Route::post("/users/track/bulk", track::bulk)
            .key("users.track.bulk")
            .reads(Payload::Json(body::BULK)),
        Route::post("/users/export/ids", export::export_ids).key("users.export.ids").json(),
        Route::get("/users/{braze_id}/everything", everything::everything).key("users.export.ids"),
        Route::get("/custom_attributes", catalogue::attributes).key("custom_attributes.get"),
        Route::get("/events", catalogue::events).key("events.get"),
        Route::get("/events/list", catalogue::event_names).key("events.list"),
        Route::get("/purchases/product_list", catalogue::products).key("purchases.product_list"),
    ]
}
