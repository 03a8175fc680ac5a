//! Settings of a workspace.
