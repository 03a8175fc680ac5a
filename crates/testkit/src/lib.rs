//! Test support: the built binary, a simulator beside it, callers with keys.
