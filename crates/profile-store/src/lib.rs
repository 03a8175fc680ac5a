#![doc = include_str!("../README.md")]

mod admin;
mod backend;
mod catalogue;
mod clock;
mod duplicates;
mod erasure;
mod everything;
mod examination;
mod export;
mod figures;
mod history;
mod identity;
mod import;
mod moving;
mod once;
mod restoration;
mod rows;
mod store;
mod subscription;
mod traces;
mod track;
mod upkeep;
mod upload;
mod view;
mod worker;

#[cfg(feature = "model")]
pub mod model;

#[cfg(feature = "model")]
pub mod conformance;

pub use admin::*;
pub use backend::*;
pub use clock::*;
pub use everything::*;
pub use examination::*;
pub use export::*;
pub use figures::*;
pub use history::*;
pub use identity::*;
pub use moving::*;
pub use once::*;
pub use restoration::*;
pub use store::*;
pub use subscription::*;
pub use traces::*;
pub use track::*;
pub use upkeep::*;
pub use upload::*;
pub use worker::*;
