//! The Braze-compatible REST API and the LINE routes.
