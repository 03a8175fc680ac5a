//! The backend in memory passes the list that it is the oracle of.

use std::sync::Arc;

use profile_model::{Buckets, Timestamp};
use profile_store::model::ModelBackend;
use profile_store::{FixedClock, ProfileStore, conformance};

#[tokio::test]
async fn the_model_passes_the_conformance_list() {
    let make = || async {
        let clock = Arc::new(FixedClock::at(Timestamp::from_millis(1_700_000_020_000)));
        ProfileStore::new(Arc::new(ModelBackend::default()), clock, std::env::temp_dir())
    };
    for buckets in [1, 8].map(|count| Buckets::new(count).unwrap_or_default()) {
        assert_eq!(conformance::run_cases(buckets, make).await, Ok(conformance::CASES.len()));
    }
}
