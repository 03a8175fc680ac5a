//! Who is who: identify, merge, aliases, external ids, deletion, history.

use crate::identity::{calls, delete, external_ids, history, undo};
use crate::route::{Payload, Route};
use crate::{body, suppressions};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/users/identify", calls::identify).key("users.identify").json(),
        Route::post("/users/merge", calls::merge).key("users.merge").json(),
        Route::post("/users/alias/new", calls::new_alias).key("users.alias.new").json(),
        Route::post("/users/alias/update", calls::update_alias).key("users.alias.update").json(),
        Route::post("/users/external_ids/rename", external_ids::rename)
            .key("users.external_ids.rename")
            .json(),
        Route::post("/users/external_ids/remove", external_ids::remove)
            .key("users.external_ids.remove")
            .json(),
        Route::post("/users/delete", delete::delete).key("users.delete").json(),
        Route::get("/users/{braze_id}/history", history::history).key("users.history.get"),
        Route::post("/users/merges/{merge_id}/undo", undo::undo)
            .key("users.merges.undo")
            .reads(Payload::OptionalJson(body::JSON)),
        Route::get("/suppressions", suppressions::list).key("suppressions"),
        Route::delete("/suppressions/{id}", suppressions::lift).key("suppressions"),
    ]
}
