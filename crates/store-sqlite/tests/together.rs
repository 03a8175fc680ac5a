//! Units that wait together: each is loaded while the one before it is at work, and the result must be as if it had not been.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::Poll;

use futures_util::future::join_all;
use profile_model::{Buckets, Decision, Keys, LineConvergence, Loaded, Settings, WorkspaceId};
use profile_store::conformance::{
    Call, Memory, Operation, START, differences, exported_state, identity_operations, perform,
};
use profile_store::model::ModelBackend;
use profile_store::{Backend, FixedClock, ProfileStore, Work};
use serde_json::json;
use store_sqlite::{Options, SqliteStore};

const W: WorkspaceId = WorkspaceId(1);

/// Operations of a seed, and how many of them wait together.
const COUNT: usize = 320;
const TOGETHER: usize = 16;

/// Operations that are one unit each: those of several cannot be held to an order.
fn is_one_unit(operation: &Operation) -> bool {
    match operation {
        Operation::Track(_) | Operation::Csv(_) | Operation::Deliver(_) => true,
        Operation::Identity(call) => {
            !matches!(call, Call::Duplicates(_) | Call::Lift | Call::Review(_) | Call::Undo(..))
        }
        Operation::Page(_) => false,
    }
}

/// A store, its clock, and what it remembers of the merges.
struct Side {
    store: ProfileStore,
    clock: Arc<FixedClock>,
    memory: Memory,
}

impl Side {
    async fn new(backend: Arc<dyn Backend>, convergence: LineConvergence) -> Self {
        let clock = Arc::new(FixedClock::at(START));
        let store = ProfileStore::new(backend, Arc::clone(&clock) as Arc<_>, std::env::temp_dir());
        store.create_huge_workspace("w", Buckets::ONE).await.unwrap();
        let settings = Settings { line_convergence: convergence, ..Settings::default() };
        store.set_settings("w", settings).await.unwrap();
        let mut side = Self { store, clock, memory: Memory::default() };
        // The first erasure of a workspace takes a moment until every process knows of it; the others are one unit.
        side.one(Operation::Track(json!({"attributes": [{"external_id": "first"}]}))).await;
        side.one(Operation::Identity(Call::Delete(json!({"external_ids": ["first"]})))).await;
        side
    }

    async fn one(&mut self, operation: Operation) {
        self.clock.advance_micros(1_000_000);
        perform(&self.store, W, operation, &mut self.memory).await.unwrap();
    }

    /// Hands all of them over, in order, before the first is begun.
    async fn together(&mut self, operations: Vec<Operation>) {
        // A unit that holds the writer until the others are in the queue.
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (go, goes) = mpsc::channel::<()>();
        let (mut begun, goes) = (Some(begun), std::sync::Mutex::new(goes));
        let hold = move |_: &Loaded| {
            if let Some(begun) = begun.take() {
                begun.send(()).unwrap();
                goes.lock().unwrap().recv().unwrap();
            }
            (Decision::Nothing, ())
        };
        let store = self.store.clone();
        let held =
            tokio::spawn(async move { store.decide(Work::new("hold", W, Keys::default()), hold).await });
        begins.await.unwrap();
        let (store, clock) = (&self.store, &self.clock);
        let mut under_way: Vec<Pin<Box<dyn Future<Output = Memory>>>> = Vec::new();
        let mut waiting = 0;
        for operation in operations {
            clock.advance_micros(1_000_000);
            let mut one: Pin<Box<dyn Future<Output = Memory>>> = Box::pin(async move {
                let mut memory = Memory::default();
                perform(store, W, operation, &mut memory).await.unwrap();
                memory
            });
            // Until its unit is in the queue, or it had none.
            let in_line = poll_fn(|context| {
                if let Poll::Ready(memory) = one.as_mut().poll(context) {
                    return Poll::Ready(Some(memory));
                }
                let line = store.backend().figures().writer.unwrap().waiting_interactive;
                if line > waiting { Poll::Ready(None) } else { Poll::Pending }
            });
            match in_line.await {
                Some(memory) => under_way.push(Box::pin(std::future::ready(memory))),
                None => {
                    waiting += 1;
                    under_way.push(one);
                }
            }
        }
        go.send(()).unwrap();
        let memories = join_all(under_way).await;
        held.await.unwrap().unwrap();
        for memory in memories {
            self.memory.absorb(memory);
        }
    }
}

/// Random operations on few people, most of them sixteen at a time: the same as one after the other in the model.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn units_that_wait_together_end_as_one_after_the_other() {
    for seed in 0..4 {
        let convergence = if seed % 2 == 0 { LineConvergence::Braze } else { LineConvergence::Merge };
        let folder = tempfile::tempdir().unwrap();
        let opened = SqliteStore::open(folder.path().join("store.db"), Options::default()).await.unwrap();
        let mut sqlite = Side::new(Arc::new(opened), convergence).await;
        let mut model = Side::new(Arc::new(ModelBackend::default()), convergence).await;
        let mut waiting = Vec::new();
        for (step, operation) in identity_operations(seed, COUNT).into_iter().enumerate() {
            model.one(operation.clone()).await;
            let alone = !is_one_unit(&operation);
            let last = operation.clone();
            if !alone {
                waiting.push(operation);
            }
            if alone || waiting.len() == TOGETHER || step == COUNT - 1 {
                sqlite.together(std::mem::take(&mut waiting)).await;
                if alone {
                    sqlite.one(last).await;
                }
                let found = exported_state(&sqlite.store, W).await.unwrap();
                let expected = exported_state(&model.store, W).await.unwrap();
                let differing = differences(&found, &expected, "");
                assert!(differing.is_empty(), "seed {seed}, step {step}: {}", differing.join("\n"));
            }
        }
        let writer = sqlite.store.backend().figures().writer.unwrap();
        assert!(writer.grouped > 2 * writer.groups, "{writer:?}");
        sqlite.store.backend().close().await;
    }
}
