//! Running the routes on a listener.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::{ApiState, router};

/// How long the server waits for a caller. One who sends nothing, or a byte now and then, must not hold a connection
/// for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the moment that a request is awaited to the end of its headers; then the connection is closed without an
    /// answer. So a kept-alive connection also ends when it is idle for as long.
    pub headers: Duration,
    /// Longest pause within a body; then the answer is 408 `body_timeout`.
    pub body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { headers: Duration::from_secs(30), body: Duration::from_secs(60) }
    }
}

/// Serves every route until `stop` is ready; then accepts nothing more, lets the requests in flight finish, and
/// returns. How long that may take is the caller's to bound.
pub async fn serve(
    mut listener: TcpListener,
    state: ApiState,
    patience: Patience,
    stop: impl Future<Output = ()> + Send,
) {
    let app = router(state).layer(RequestBodyTimeoutLayer::new(patience.body));
    // Not `axum::serve`: it sets no timer, without which hyper waits for headers for ever.
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.headers);
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        // axum's `accept` rides out what passes: a connection that broke at once, no file handles left.
        let (stream, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        let routes = TowerToHyperService::new(app.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            routes.call(request)
        });
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}
