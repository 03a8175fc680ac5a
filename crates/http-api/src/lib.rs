#![doc = include_str!("../README.md")]

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, patch, post};
use line_service::LineService;
use profile_store::ProfileStore;

mod answer;
mod body;
mod caller;
mod duplicates;
mod export;
mod identity;
mod imports;
mod line_channels;
mod line_events;
mod line_syncs;
mod line_users;
mod observe;
mod paging;
mod path;
mod probes;
mod serve;
mod subscription;
mod suppressions;
mod track;

#[cfg(test)]
mod tests;

pub use answer::Code;
pub use serve::{Patience, serve};

/// What handlers work with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ApiState {
    /// Use cases of the store.
    pub store: ProfileStore,
    /// Use cases that need LINE too.
    pub line: LineService,
}

/// Every route. Serve it with connect info (peer addresses), which keys with allowed IPs need.
pub fn router(state: ApiState) -> Router {
    Router::new()
        .route("/users/track", post(track::track))
        .route("/users/track/sync", post(track::sync))
        .route("/users/track/bulk", post(track::bulk))
        .route("/users/identify", post(identity::calls::identify))
        .route("/users/merge", post(identity::calls::merge))
        .route("/users/alias/new", post(identity::calls::new_alias))
        .route("/users/alias/update", post(identity::calls::update_alias))
        .route("/users/external_ids/rename", post(identity::external_ids::rename))
        .route("/users/external_ids/remove", post(identity::external_ids::remove))
        .route("/users/merges/{merge_id}/undo", post(identity::undo::undo))
        .route("/users/{braze_id}/history", get(identity::history::history))
        .route("/users/delete", post(identity::delete::delete))
        .route("/suppressions", get(suppressions::list))
        .route("/suppressions/{id}", axum::routing::delete(suppressions::lift))
        .route("/subscription/status/set", post(subscription::set::first))
        .route("/v2/subscription/status/set", post(subscription::set::second))
        .route("/subscription/status/get", get(subscription::read::status))
        .route("/subscription/user/status", get(subscription::read::users))
        .route("/subscription/groups", post(subscription::groups::create).get(subscription::groups::list))
        .route("/subscription/groups/{id}", axum::routing::patch(subscription::groups::change))
        .route("/users/duplicates", get(duplicates::list::list))
        .route("/users/duplicates/merge", post(duplicates::merge::merge))
        .route("/users/duplicates/jobs/{job_id}", get(duplicates::merge::show))
        .route("/users/duplicates/parked", get(duplicates::parked::list))
        .route("/users/duplicates/parked/{id}/{review}", post(duplicates::parked::review))
        .route("/users/export/ids", post(export::export_ids))
        .route("/line/users/{line_user_id}", get(line_users::line_user))
        .route("/line/channels", post(line_channels::connect::connect).get(line_channels::list::list))
        .route(
            "/line/channels/{channel_id}",
            patch(line_channels::change::change).delete(line_channels::disconnect::disconnect),
        )
        .route("/line/events/{channel_id}", post(line_events::receive))
        .route("/line/channels/{channel_id}/sync", post(line_syncs::start::start))
        .route("/line/syncs/{sync_id}", get(line_syncs::show::show))
        .route("/imports/users", post(imports::upload::upload_users))
        .route("/imports/{import_id}", get(imports::show::show))
        .route("/imports/{import_id}/report.csv", get(imports::report::report))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/", get(probes::index))
        .fallback(path::unknown_route)
        .method_not_allowed_fallback(path::wrong_method)
        .layer(axum::middleware::from_fn(observe::observe))
        .layer(DefaultBodyLimit::disable())
        .with_state(state)
}
