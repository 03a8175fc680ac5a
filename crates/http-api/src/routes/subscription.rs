//! Subscription groups and states.

use crate::route::Route;
use crate::subscription::{groups, read, set};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/subscription/status/set", set::first).key("subscription.status.set").json(),
        Route::post("/v2/subscription/status/set", set::second).key("subscription.status.set").json(),
        Route::get("/subscription/status/get", read::status).key("subscription.status.get"),
        Route::get("/subscription/user/status", read::users).key("subscription.groups.get"),
        Route::post("/subscription/groups", groups::create).key("subscription.groups").json(),
        Route::get("/subscription/groups", groups::list).key("subscription.groups"),
        Route::patch("/subscription/groups/{id}", groups::change).key("subscription.groups").json(),
    ]
}
