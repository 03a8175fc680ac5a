//! Asking LINE: the Messaging API calls we make, what can go wrong, and what is tried again.

mod answers;
mod client;
mod fault;
mod retry;

pub use answers::{BotInfo, FollowersPage};
pub use client::{DEFAULT_API_BASE, MAX_FOLLOWERS_LIMIT, MessagingClient, MessagingOptions};
pub use fault::LineFault;
pub use retry::RetryPolicy;
