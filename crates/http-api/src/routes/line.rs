//! LINE: users, channels, syncs, the webhook.

use crate::line_channels::{change, connect, disconnect, list};
use crate::line_syncs::{show, start};
use crate::route::Route;
use crate::{line_events, line_users};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/line/users/{line_user_id}", line_users::line_user).key("line.users.get"),
        Route::post("/line/channels", connect::connect).key("line.channels").json(),
        Route::get("/line/channels", list::list).key("line.channels"),
        Route::patch("/line/channels/{channel_id}", change::change).key("line.channels").json(),
        Route::delete("/line/channels/{channel_id}", disconnect::disconnect).key("line.channels"),
        Route::post("/line/channels/{channel_id}/sync", start::start).key("line.sync"),
        Route::get("/line/syncs/{sync_id}", show::show).key("line.sync"),
        Route::post("/line/events/{channel_id}", line_events::receive).signed(),
    ]
}
