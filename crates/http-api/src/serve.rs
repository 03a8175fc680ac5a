//! Running the routes on a listener.

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::{ApiState, router};

/// Serves every route until `stop` is ready; then accepts nothing more, lets the requests in flight finish, and
/// returns. How long that may take is the caller's to bound.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: TcpListener,
    state: ApiState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let app = router(state).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).with_graceful_shutdown(stop).await
}
