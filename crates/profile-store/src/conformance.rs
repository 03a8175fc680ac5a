//! What every backend must do alike: a list of cases, and random operations whose whole exported state is compared.
//!
//! A backend's test calls [`run_cases`] with a maker of fresh stores, and compares [`exported_state`] after the same
//! [`Operation`]s on itself and on the model (same clock, same seeds, hence the same ids).

mod calls;
mod cases;
mod comparison;
mod lookups;
mod operations;
mod parted;
mod past;
mod state;
mod traces;
mod waiting;

pub use calls::{Call, Memory};
pub use cases::{CASES, Case, Run, run_cases};
pub use comparison::{START, compare_with_model, differences};
pub use operations::{Operation, identity_operations, operations, perform};
pub use state::exported_state;
