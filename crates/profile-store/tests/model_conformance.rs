//! The backend in memory passes the list that it is the oracle of; and a workspace that is spread over buckets ends up as
//! one that is not.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::sync::Arc;

use profile_model::{Buckets, Timestamp, WorkspaceId};
use profile_store::conformance::{Memory, START, differences, exported_state, identity_operations, perform};
use profile_store::model::ModelBackend;
use profile_store::{FixedClock, ProfileStore, conformance};
use serde_json::Value;

#[tokio::test]
async fn the_model_passes_the_conformance_list() {
    let make = || async {
        let clock = Arc::new(FixedClock::at(Timestamp::from_millis(1_700_000_020_000)));
        ProfileStore::new(Arc::new(ModelBackend::default()), clock, std::env::temp_dir())
    };
    for buckets in [1, 8].map(|count| Buckets::new(count).unwrap()) {
        assert_eq!(conformance::run_cases(buckets, make).await, Ok(conformance::CASES.len()));
    }
}

/// What is stored after random operations from `seed`, the buckets in the ids of profiles made alike.
async fn state_after(seed: u64, buckets: u8) -> Value {
    let clock = Arc::new(FixedClock::at(START));
    let store =
        ProfileStore::new(Arc::new(ModelBackend::default()), Arc::clone(&clock) as _, std::env::temp_dir());
    store.create_huge_workspace("w", Buckets::new(buckets).unwrap()).await.unwrap();
    let mut memory = Memory::default();
    for operation in identity_operations(seed, 300) {
        clock.advance_micros(1_000_000);
        perform(&store, WorkspaceId(1), operation, &mut memory).await.unwrap();
    }
    let state = exported_state(&store, WorkspaceId(1)).await.unwrap();
    serde_json::from_str(&without_buckets(&state.to_string())).unwrap()
}

/// The text with the last byte of every UUIDv7 as zeros.
fn without_buckets(text: &str) -> String {
    let is_id = |word: &[u8]| {
        word[14] == b'7'
            && word.iter().enumerate().all(|(place, byte)| match place {
                8 | 13 | 18 | 23 => *byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    };
    let mut bytes = text.as_bytes().to_vec();
    for start in 0..bytes.len().saturating_sub(35) {
        if is_id(&bytes[start..start + 36]) {
            bytes[start + 34..start + 36].copy_from_slice(b"00");
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A batch that is taken apart by bucket does what the whole would have done: same ids, times, versions, journals.
#[tokio::test]
async fn a_spread_workspace_ends_up_as_one_that_is_not() {
    for seed in 0..8 {
        let (together, spread) = (state_after(seed, 1).await, state_after(seed, 8).await);
        assert!(together["profiles"].as_array().unwrap().len() > 3, "seed {seed} leaves nobody");
        let differing = differences(&spread, &together, "");
        assert!(differing.is_empty(), "seed {seed}: {}", differing.join("\n"));
    }
}

#[test]
fn ids_are_told_from_other_text() {
    let id = "018bcfe5-6880-7000-8000-0000000000ff";
    assert_eq!(without_buckets(&format!("x{id}y")), "x018bcfe5-6880-7000-8000-000000000000y");
    let other = "018bcfe5-6880-4000-8000-0000000000ff";
    assert_eq!(without_buckets(other), other);
}
