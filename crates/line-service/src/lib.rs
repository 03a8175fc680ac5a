//! Use cases that need both LINE and the store: channels, inbox, follower sync.
