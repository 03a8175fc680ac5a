//! The use cases over a set-based storage contract, with the conformance suite and the model backend.
