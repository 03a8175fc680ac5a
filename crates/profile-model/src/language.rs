//! Languages that are accepted.
