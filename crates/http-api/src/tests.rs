//! The whole router, without a socket, on the backend in memory.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::{Router, body};
use line_platform::messaging::{MessagingClient, MessagingOptions, RetryPolicy};
use line_service::{LineService, Sealer};
use profile_store::model::ModelBackend;
use profile_store::{ProfileStore, SystemClock};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::{ApiState, Edge, router};

mod bodies;
mod faults;
mod keys;
mod metrics;
mod order;
mod properties;
mod quoted;
mod rates;
mod routes;
mod sockets;
mod uploads;

/// Key with all permissions.
const KEY: &str = "test-key";

const JSON: (header::HeaderName, &str) = (header::CONTENT_TYPE, "application/json");

struct Api {
    state: ApiState,
    router: Router,
    store: ProfileStore,
    folder: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    async fn of(router: &Router, request: Request) -> Self {
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.into()).unwrap();
        Self { status: parts.status, headers: parts.headers, text }
    }

    fn json(&self) -> Value {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json", "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    fn code(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Api {
    async fn start() -> Self {
        Self::start_with(MessagingOptions::default()).await
    }

    /// One for which nobody is at LINE's address, and which does not ask twice.
    async fn without_line() -> Self {
        let retry = RetryPolicy::never();
        let api_base = "http://127.0.0.1:9".to_owned();
        Self::start_with(MessagingOptions { api_base, retry, ..MessagingOptions::default() }).await
    }

    async fn start_with(line: MessagingOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let uploads = folder.path().to_owned();
        let store = ProfileStore::new(Arc::new(ModelBackend::default()), Arc::new(SystemClock), uploads);
        store.bootstrap(Some(KEY.to_owned())).await.unwrap();
        let client = MessagingClient::new(line).unwrap();
        let line = LineService::new(store.clone(), client, Sealer::new("s"), "http://localhost".to_owned());
        let state = ApiState { store: store.clone(), line, replica: None, edge: Edge::default() };
        Self { router: router(state.clone()), state, store, folder }
    }

    /// A key of workspace `default`.
    async fn key(&self, permission: &str, address: Option<&str>) -> String {
        let addresses = address.map(str::to_owned).into_iter().collect();
        let made = self.store.create_key("default", "k", vec![permission.to_owned()], addresses).await;
        made.unwrap().secret
    }

    /// Sends with a key, from 192.0.2.1.
    async fn send<const N: usize>(
        &self,
        (method, path): (Method, &str),
        key: Option<&str>,
        headers: [(header::HeaderName, &str); N],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(key) = key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let peer: SocketAddr = "192.0.2.1:50000".parse().unwrap();
        let request = request.extension(ConnectInfo(peer)).body(body.into()).unwrap();
        Answer::of(&self.router, request).await
    }
}
