#![doc = include_str!("../README.md")]

pub mod messaging;
pub mod signature;
pub mod webhook;
