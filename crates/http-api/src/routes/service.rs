//! The service itself.

use crate::route::Route;
use crate::{probes, workspace_settings};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/workspace/settings", workspace_settings::show).key("workspace.settings"),
        Route::patch("/workspace/settings", workspace_settings::change).key("workspace.settings").json(),
        Route::get("/healthz", probes::healthz),
        Route::get("/readyz", probes::readyz),
        Route::get("/", probes::index),
    ]
}
