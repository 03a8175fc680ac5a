//! Duplicates.

use crate::duplicates::{list, merge, parked};
use crate::route::Route;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/users/duplicates", list::list).key("users.duplicates.get"),
        Route::post("/users/duplicates/merge", merge::merge).key("users.duplicates.merge").json(),
        Route::get("/users/duplicates/jobs/{job_id}", merge::show).key("users.duplicates.get"),
        Route::get("/users/duplicates/parked", parked::list).key("users.duplicates.get"),
        Route::post("/users/duplicates/parked/{id}/{review}", parked::review).key("users.duplicates.merge"),
    ]
}
