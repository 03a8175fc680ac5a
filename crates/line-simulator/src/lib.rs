#![doc = include_str!("../README.md")]

mod api_client;
mod client;
mod clock;
mod control;
mod fault;
mod platform;
mod rate;
mod sender;
mod server;
pub mod verbs;
mod world;

pub use api_client::{ApiAnswer, ApiClient};
pub use client::{SimulatorClient, SimulatorFault};
pub use server::{Running, SimulatorOptions, serve};
