//! Exact decimal numbers: one canonical text per value, never through a float.
