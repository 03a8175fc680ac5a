//! The service's common ground.

use std::sync::Arc;

use line_platform::messaging::MessagingClient;
use profile_store::{Once, ProfileStore};
use tokio::sync::Notify;

use crate::Sealer;
use crate::joining::Joining;

/// Everything that needs both LINE and the store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LineService {
    store: ProfileStore,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: MessagingClient,
    sealer: Sealer,
    public_url: String,
    sync_signal: Notify,
    joining: Joining,
}

impl LineService {
    /// `public_url` is the base of webhook URLs, without a slash at the end.
    #[must_use]
    pub fn new(store: ProfileStore, client: MessagingClient, sealer: Sealer, public_url: String) -> Self {
        let sync_signal = Notify::new();
        Self {
            store,
            inner: Arc::new(Inner { client, sealer, public_url, sync_signal, joining: Joining::default() }),
        }
    }

    /// The same service on a store for one request with an idempotency key.
    #[must_use]
    pub fn once(&self, once: Option<Once>) -> Self {
        Self { store: self.store.once(once), inner: Arc::clone(&self.inner) }
    }

    pub(crate) fn store(&self) -> &ProfileStore {
        &self.store
    }

    pub(crate) fn client(&self) -> &MessagingClient {
        &self.inner.client
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    /// Webhook requests that wait to be applied.
    pub(crate) fn joining(&self) -> &Joining {
        &self.inner.joining
    }

    /// Wakes the sync worker of this process.
    pub(crate) fn sync_signal(&self) -> &Notify {
        &self.inner.sync_signal
    }

    /// A path of ours as others reach it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.inner.public_url.trim_end_matches('/'))
    }

    /// Where LINE shall send the events of a channel.
    #[must_use]
    pub fn webhook_url(&self, channel: &str) -> String {
        self.url(&format!("/line/events/{channel}"))
    }
}
