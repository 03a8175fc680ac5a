//! The backend in memory passes the list that it is the oracle of.

use std::sync::Arc;

use profile_model::Timestamp;
use profile_store::model::ModelBackend;
use profile_store::{FixedClock, ProfileStore, conformance};

#[tokio::test]
async fn the_model_passes_the_conformance_list() {
    let make = || async {
        let clock = Arc::new(FixedClock::at(Timestamp::from_millis(1_700_000_020_000)));
        ProfileStore::new(Arc::new(ModelBackend::default()), clock, std::env::temp_dir())
    };
    assert_eq!(conformance::run_cases(make).await, Ok(conformance::CASES.len()));
}
