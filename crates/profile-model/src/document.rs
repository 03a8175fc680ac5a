//! The custom attributes of one profile.
