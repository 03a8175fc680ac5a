#![doc = include_str!("../README.md")]

mod channels;
mod delivery;
mod inbox;
mod joining;
mod sealer;
mod service;
mod sync;
mod workers;

pub use channels::{ChangeFault, ChannelChange, ChannelView, ConnectFault, Connected, NewChannel};
pub use inbox::{ReceiveFault, Received};
pub use sealer::Sealer;
pub use service::LineService;
pub use sync::SyncFault;
pub use workers::Workers;
