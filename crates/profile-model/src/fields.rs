//! Standard profile fields.
