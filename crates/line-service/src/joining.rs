//! Webhook requests that wait together are applied together: one transaction for all of them costs hardly more than one for
//! one of them. Alone a request waits for nobody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use profile_model::{Delivery, DeliveryOutcome, WorkspaceId};
use profile_store::Fault;
use tokio::sync::oneshot;

use crate::LineService;
use crate::inbox::by_bucket;

/// Events after which a transaction takes no further request.
const EVENTS: usize = 200;

/// Where events can be applied together: a workspace, and a bucket of it.
type Place = (WorkspaceId, u8);

/// Events of a request, and who waits for what became of them.
struct Waiting {
    deliveries: Arc<Vec<Delivery>>,
    answer: oneshot::Sender<Answer>,
}

/// What became of events, in their order.
type Answer = Result<Vec<DeliveryOutcome>, Fault>;

/// Requests that wait, by place. A place is here as long as a task applies its requests.
#[derive(Default)]
pub(crate) struct Joining(Mutex<HashMap<Place, Vec<Waiting>>>);

impl std::fmt::Debug for Joining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Joining")
    }
}

impl Joining {
    fn lines(&self) -> MutexGuard<'_, HashMap<Place, Vec<Waiting>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a request in line; whether a task has to be started for it.
    fn push(&self, place: Place, waiting: Waiting) -> bool {
        let mut lines = self.lines();
        let is_first = !lines.contains_key(&place);
        lines.entry(place).or_default().push(waiting);
        is_first
    }

    /// The next requests of a place. None: its task ends.
    fn take(&self, place: Place) -> Option<Vec<Waiting>> {
        let mut lines = self.lines();
        let line = lines.get_mut(&place).filter(|line| !line.is_empty());
        let Some(line) = line else {
            lines.remove(&place);
            return None;
        };
        let mut events = 0;
        let fitting = line.iter().take_while(|waiting| {
            let fits = events < EVENTS;
            events += waiting.deliveries.len();
            fits
        });
        let count = fitting.count();
        Some(line.drain(..count).collect())
    }
}

/// The task of a place. If it does not come to its end, whoever waits learns it: the answers go with the line.
struct Turn {
    service: LineService,
    place: Place,
    has_ended: bool,
}

impl Turn {
    async fn run(mut self) {
        while let Some(together) = self.service.joining().take(self.place) {
            self.service.answer(self.place.0, together).await;
        }
        self.has_ended = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.has_ended {
            self.service.joining().lines().remove(&self.place);
        }
    }
}

impl LineService {
    /// Applies a request's events, with those of other requests that wait at that moment.
    pub(crate) async fn apply_joined(
        &self,
        workspace: WorkspaceId,
        deliveries: Arc<Vec<Delivery>>,
    ) -> Result<Vec<DeliveryOutcome>, Fault> {
        let buckets = self.store().config().await?.buckets_of(workspace);
        let waiting = by_bucket(&deliveries, buckets).into_iter().map(|(bucket, places)| {
            let part = match places.len() == deliveries.len() {
                true => Arc::clone(&deliveries),
                false => Arc::new(places.iter().map(|place| deliveries[*place].clone()).collect()),
            };
            let answered = self.wait_at((workspace, bucket), Arc::clone(&part));
            (places, part, answered)
        });
        let mut outcomes = vec![DeliveryOutcome::Repeated; deliveries.len()];
        // In line at every place before the first answer is waited for.
        for (places, part, answered) in waiting.collect::<Vec<_>>() {
            let done = match answered.await {
                Ok(done) => done?,
                Err(_) => self.apply_deliveries(workspace, part, false).await?,
            };
            for (place, outcome) in places.into_iter().zip(done) {
                outcomes[place] = outcome;
            }
        }
        Ok(outcomes)
    }

    /// Puts events of one place in line, and starts the task of the place if there is none.
    fn wait_at(&self, place: Place, deliveries: Arc<Vec<Delivery>>) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        if self.joining().push(place, Waiting { deliveries, answer }) {
            // A task of its own: a caller that goes away, or waits no longer, must not take the others with it.
            tokio::spawn(Turn { service: self.clone(), place, has_ended: false }.run());
        }
        answered
    }

    async fn answer(&self, workspace: WorkspaceId, together: Vec<Waiting>) {
        let all = match together.as_slice() {
            [alone] => Arc::clone(&alone.deliveries),
            several => {
                Arc::new(several.iter().flat_map(|waiting| waiting.deliveries.iter().cloned()).collect())
            }
        };
        match self.apply_deliveries(workspace, all, false).await {
            Ok(outcomes) => {
                let mut outcomes = outcomes.into_iter();
                for Waiting { deliveries, answer } in together {
                    let _ = answer.send(Ok(outcomes.by_ref().take(deliveries.len()).collect()));
                }
            }
            // Each by itself: what is wrong with one must not fail those beside it.
            Err(Fault::Inconsistent(_) | Fault::Internal(_)) if together.len() > 1 => {
                for Waiting { deliveries, answer } in together {
                    let _ = answer.send(self.apply_deliveries(workspace, deliveries, false).await);
                }
            }
            Err(fault) => {
                for Waiting { answer, .. } in together {
                    let _ = answer.send(Err(fault.clone()));
                }
            }
        }
    }
}
