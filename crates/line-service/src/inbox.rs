//! The webhook door: verify, store, apply, in one transaction; and what could not be applied in time, afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use line_platform::signature;
use line_platform::webhook::{RawEvent, parse_envelope};
use profile_model::{
    Actor, Buckets, Channel, ChannelId, Delivery, DeliveryOutcome, Occasion, WorkspaceId, decide_deliveries,
    delivery_keys,
};
use profile_store::{Fault, Work};

use crate::{LineService, delivery};

/// How long applying may take before the events are only stored: LINE counts a timeout after 2 s (line.md A4).
const APPLY_TIME: Duration = Duration::from_millis(1500);

/// What became of a webhook request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Events in the request.
    pub events: usize,
    /// New ones with an effect (or stored to be applied).
    pub applied: usize,
    /// New ones kept without effect.
    pub kept: usize,
    /// Seen before.
    pub repeated: usize,
}

/// Why a webhook request was refused; nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveFault {
    /// 404
    #[error("no such LINE channel")]
    UnknownChannel,
    /// 401
    #[error("the signature is missing or wrong")]
    BadSignature,
    /// 400: rightly signed, but not a webhook body.
    #[error("the body is not a LINE webhook")]
    Malformed,
    /// 5xx: LINE will deliver again if redelivery is on.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// Places of the events of each bucket, in order.
pub(crate) fn by_bucket(deliveries: &[Delivery], buckets: Buckets) -> BTreeMap<u8, Vec<usize>> {
    let mut parts = BTreeMap::<u8, Vec<usize>>::new();
    for (place, delivery) in deliveries.iter().enumerate() {
        parts.entry(delivery.key.bucket(buckets)).or_default().push(place);
    }
    parts
}

impl LineService {
    /// Takes a webhook request. When it returns `Ok`, every event is durable and has its effect exactly once, now or
    /// soon.
    ///
    /// # Errors
    /// See [`ReceiveFault`].
    pub async fn receive(
        &self,
        channel: &str,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<Received, ReceiveFault> {
        let config = self.store().config().await?;
        let channel =
            config.channels.get(&ChannelId(channel.to_owned())).ok_or(ReceiveFault::UnknownChannel)?;
        let secrets: Vec<String> =
            channel.sealed_secrets.iter().filter_map(|sealed| self.sealer().open(sealed)).collect();
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        if !signature::verify(&secrets, body, signature) {
            return Err(ReceiveFault::BadSignature);
        }
        let envelope = parse_envelope(body).map_err(|_| ReceiveFault::Malformed)?;
        let foreign = envelope.destination.as_deref() != Some(channel.bot_user_id.as_str());
        if foreign {
            tracing::warn!(channel_id = %channel.id, "a webhook names another bot; its events are kept, not applied");
        }
        let deliveries = self.read_all(&envelope.events, channel, foreign);
        if deliveries.is_empty() {
            return Ok(Received::default());
        }
        let outcomes = self.apply_in_time(channel.workspace, Arc::new(deliveries)).await?;
        self.store().tally().delivered(&outcomes);
        let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        Ok(Received {
            events: outcomes.len(),
            applied: count(DeliveryOutcome::Applied),
            kept: count(DeliveryOutcome::Kept),
            repeated: count(DeliveryOutcome::Repeated),
        })
    }

    fn read_all(&self, events: &[RawEvent], channel: &Channel, foreign: bool) -> Vec<Delivery> {
        let now = self.store().now();
        events.iter().filter_map(|event| delivery::read(event, &channel.id, now, foreign)).collect()
    }

    /// Applies within [`APPLY_TIME`]; else stores the events as pending, which the worker applies. Both may happen:
    /// whichever comes second sees the other's rows.
    async fn apply_in_time(
        &self,
        workspace: WorkspaceId,
        deliveries: Arc<Vec<Delivery>>,
    ) -> Result<Vec<DeliveryOutcome>, Fault> {
        let applying = self.apply_joined(workspace, Arc::clone(&deliveries));
        match tokio::time::timeout(APPLY_TIME, applying).await {
            Ok(Ok(outcomes)) => Ok(outcomes),
            Ok(Err(fault)) => {
                tracing::warn!(%fault, "webhook events could not be applied; they are stored to be applied later");
                self.apply_deliveries(workspace, deliveries, true).await
            }
            Err(_) => {
                tracing::warn!(
                    "webhook events were not applied in time; they are stored to be applied later"
                );
                self.apply_deliveries(workspace, deliveries, true).await
            }
        }
    }

    pub(crate) async fn apply_deliveries(
        &self,
        workspace: WorkspaceId,
        deliveries: Arc<Vec<Delivery>>,
        append_only: bool,
    ) -> Result<Vec<DeliveryOutcome>, Fault> {
        let actor = Actor { kind: "line_event".into(), reference: None };
        let occasion = self.store().occasion(workspace, actor).await?;
        if occasion.buckets.is_one() || deliveries.len() == 1 {
            return self.apply_together(workspace, deliveries, occasion, append_only).await;
        }
        // A user's events, friendships and look-up rows are in one bucket: each bucket's events by themselves.
        let parts = by_bucket(&deliveries, occasion.buckets);
        let mut outcomes = vec![DeliveryOutcome::Repeated; deliveries.len()];
        for places in parts.into_values() {
            let part = places.iter().map(|place| deliveries[*place].clone()).collect();
            // Ids of their own, too.
            let fresh = occasion.fresh.of_item(places.first().map_or(0, |place| *place as u64));
            let occasion = Occasion { fresh, ..occasion.clone() };
            let done = self.apply_together(workspace, Arc::new(part), occasion, append_only).await?;
            for (place, outcome) in places.into_iter().zip(done) {
                outcomes[place] = outcome;
            }
        }
        Ok(outcomes)
    }

    /// In one transaction.
    async fn apply_together(
        &self,
        workspace: WorkspaceId,
        deliveries: Arc<Vec<Delivery>>,
        occasion: Occasion,
        append_only: bool,
    ) -> Result<Vec<DeliveryOutcome>, Fault> {
        let mut keys = delivery_keys(&deliveries);
        occasion.remember(&mut keys);
        let work = Work::new("webhook", workspace, keys).repeatable();
        let decide = move |loaded: &_| decide_deliveries(&deliveries, loaded, &occasion, append_only);
        Ok(self.store().decide(work, decide).await?.0)
    }

    /// Applies what is pending, oldest first, a page of a workspace together; how many were settled.
    pub(crate) async fn apply_pending(&self) -> Result<usize, Fault> {
        let (mut after, mut settled) = (None, 0);
        loop {
            let page = self.store().backend().scan_inbox_pending(after, 200).await?;
            let Some((_, last)) = page.last() else { return Ok(settled) };
            after = Some(last.key.clone());
            let mut of_workspaces = BTreeMap::<WorkspaceId, Vec<Delivery>>::new();
            for (workspace, row) in page {
                let event = RawEvent::from_text(row.body.get());
                let read = delivery::read(&event, &row.key.channel, row.received_at, false);
                if let Some(delivery) = read {
                    of_workspaces.entry(workspace).or_default().push(Delivery { key: row.key, ..delivery });
                }
            }
            for (workspace, deliveries) in of_workspaces {
                settled += self.settle(workspace, deliveries).await;
            }
        }
    }

    /// Applies pending events together; if that fails, each on its own, so that one does not hold up the others.
    async fn settle(&self, workspace: WorkspaceId, deliveries: Vec<Delivery>) -> usize {
        let count = deliveries.len();
        let deliveries = Arc::new(deliveries);
        if self.apply_deliveries(workspace, Arc::clone(&deliveries), false).await.is_ok() {
            return count;
        }
        let mut settled = 0;
        for delivery in deliveries.iter() {
            match self.apply_deliveries(workspace, Arc::new(vec![delivery.clone()]), false).await {
                Ok(_) => settled += 1,
                Err(fault) => tracing::warn!(%fault, "a pending webhook event could not be applied yet"),
            }
        }
        settled
    }
}
