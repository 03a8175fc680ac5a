#![doc = include_str!("../README.md")]

mod half_characters;
pub mod messaging;
pub mod signature;
pub mod webhook;

pub use half_characters::without_half_characters;
