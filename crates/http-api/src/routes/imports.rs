//! CSV imports.

use profile_store::MAX_USERS_FILE;

use crate::imports::{report, show, upload};
use crate::route::{Payload, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/imports/users", upload::upload_users)
            .key("imports")
            .reads(Payload::Csv(MAX_USERS_FILE)),
        Route::get("/imports/{import_id}", show::show).key("imports"),
        Route::get("/imports/{import_id}/report.csv", report::report).key("imports"),
    ]
}
