//! The same random operations on the model and on another backend, compared by whole exported state.

use std::collections::BTreeSet;
use std::sync::Arc;

use profile_model::{Buckets, LineConvergence, Settings, Timestamp, WorkspaceId};
use serde_json::Value;

use super::{Memory, exported_state, identity_operations, perform};
use crate::model::ModelBackend;
use crate::{Backend, FixedClock, ProfileStore};

/// When both clocks start.
pub const START: Timestamp = Timestamp::from_millis(1_700_000_020_000);

/// How many operations lie between two comparisons.
const STEP: usize = 40;

/// Where two states differ, as paths with both values.
#[must_use]
pub fn differences(found: &Value, expected: &Value, path: &str) -> Vec<String> {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let names: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
            let at = |object: &serde_json::Map<String, Value>, name: &str| {
                object.get(name).cloned().unwrap_or_default()
            };
            let each = names.into_iter();
            each.flat_map(|name| {
                differences(&at(found, name), &at(expected, name), &format!("{path}.{name}"))
            })
            .collect()
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            let each = found.iter().zip(expected).enumerate();
            each.flat_map(|(place, (found, expected))| {
                differences(found, expected, &format!("{path}[{place}]"))
            })
            .collect()
        }
        (found, expected) if found == expected => Vec::new(),
        _ => vec![format!("{path}: found {found}, expected {expected}")],
    }
}

/// Performs `count` random operations from `seed` on the model and on an empty backend, and compares them after every
/// fortieth, in a workspace of so many buckets; the model's store, for more comparisons.
///
/// # Errors
/// The first step after which they differ, and where; or what a backend complained of.
pub async fn compare_with_model(
    backend: Arc<dyn Backend>,
    buckets: Buckets,
    seed: u64,
    count: usize,
) -> Result<ProfileStore, String> {
    let clocks = [Arc::new(FixedClock::at(START)), Arc::new(FixedClock::at(START))];
    let make = |backend: Arc<dyn Backend>, clock: &Arc<FixedClock>| {
        ProfileStore::new(backend, Arc::clone(clock) as Arc<_>, std::env::temp_dir())
    };
    let stores = [make(Arc::new(ModelBackend::default()), &clocks[0]), make(backend, &clocks[1])];
    let workspace = WorkspaceId(1);
    let told = |step: usize| move |error: String| format!("seed {seed}, step {step}: {error}");
    for store in &stores {
        store.create_huge_workspace("w", buckets).await.map_err(|error| error.to_string())?;
        if seed % 2 == 1 {
            let settings = Settings { line_convergence: LineConvergence::Merge, ..Settings::default() };
            store.set_settings("w", settings).await.map_err(|error| error.to_string())?;
        }
    }
    let mut memories = [Memory::default(), Memory::default()];
    for (step, operation) in identity_operations(seed, count).into_iter().enumerate() {
        for ((store, clock), memory) in stores.iter().zip(&clocks).zip(&mut memories) {
            clock.advance_micros(1_000_000);
            let done = perform(store, workspace, operation.clone(), memory).await;
            done.map_err(|fault| told(step)(fault.to_string()))?;
        }
        if step % STEP == STEP - 1 {
            let [model, other] = &stores;
            let states = async {
                Ok::<_, crate::Fault>((
                    exported_state(model, workspace).await?,
                    exported_state(other, workspace).await?,
                ))
            };
            let (expected, found) = states.await.map_err(|fault| told(step)(fault.to_string()))?;
            let differing = differences(&found, &expected, "");
            if !differing.is_empty() {
                return Err(told(step)(differing.join("\n")));
            }
        }
    }
    let [model, _] = stores;
    Ok(model)
}
