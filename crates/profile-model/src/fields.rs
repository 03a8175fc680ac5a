//! Standard profile fields: names, values on the profile, and the reading of what was sent.

mod name;
mod read;
mod reserved;
mod social;
pub(crate) mod tokens;
mod values;

pub use name::FieldName;
pub use read::{FieldReading, MAX_FIELD_CHARACTERS, read_field};
pub use reserved::{CONTROL_FLAGS, RESERVED_INPUT, is_reserved};
pub use values::Fields;
