//! The service itself.

use crate::probes;
use crate::route::Route;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/healthz", probes::healthz),
        Route::get("/readyz", probes::readyz),
        Route::get("/", probes::index),
    ]
}
