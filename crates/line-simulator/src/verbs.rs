//! What can be said to the simulator over `/sim/...`, and what it says back. One set of types for the server and for
//! [`crate::SimulatorClient`]; all flat, all optional parts with defaults.

mod act;
mod channel;
mod person;
mod record;
mod trouble;

pub use act::{Act, ActKind, Attempt, Batch, Report, Verdict};
pub use channel::{ChannelChange, ChannelMade, ChannelSpec, ChannelView, ProviderMade, ProviderSpec, Tier};
pub use person::{Followers, FollowersSpec, Identity, PersonMade, PersonSpec};
pub use record::{ClockChange, ClockView, Seen, Settle};
pub use trouble::{FaultKind, FaultSpec, Oddness};
