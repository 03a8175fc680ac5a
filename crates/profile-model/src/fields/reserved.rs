//! Names in a request object that are never custom attributes.

use super::FieldName;

/// Flags that steer a request and are never stored (`ATT-3`).
pub const CONTROL_FLAGS: &[&str] = &["_update_existing_only", "_merge_objects", "push_token_import"];

/// Identifiers, subscription states and names with a meaning of their own (section 3.1, `OPEN-14`).
pub const RESERVED_INPUT: &[&str] = &[
    "external_id",
    "user_alias",
    "braze_id",
    "email",
    "phone",
    "native_line_id",
    "email_subscribe",
    "push_subscribe",
    "subscription_groups",
    "alias_name",
    "alias_label",
    "email_subscription_info",
];

/// Whether a key of an attributes object is not the name of a custom attribute. Exact in case (`ATT-1`).
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    RESERVED_INPUT.contains(&name) || CONTROL_FLAGS.contains(&name) || FieldName::parse(name).is_some()
}
