//! Why an object of a request was rejected: the wire texts of section 2.1, in one place.

/// A reason to reject a whole object of a track request (or a whole CSV row): nothing of it is applied, the others
/// are. Data, not an error of the program.
///
/// [`ObjectFault::message`] is the `type` of the error element (`TRK-9`). Texts that are known from the field
/// (`[O]`, `[D]` in section 2.1) are kept to the letter; where the wire text is unknown ours names the field. No text
/// carries a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectFault {
    /// The element is not a JSON object.
    NotAnObject,
    /// No identifier at all (`ID-1`).
    IdentifierMissing,
    /// More than one of the primary identifiers (`ID-2`).
    SeveralPrimaries,
    /// `external_id` is neither a non-empty string nor an integer (`CLI-6`).
    BadExternalId,
    /// `external_id` over 987 bytes (`EXTERNAL_USER_ID_TOO_LARGE`).
    ExternalIdTooLong,
    /// A blocked external id (`RET-2`, `BLACKLISTED_EXTERNAL_USER_ID`).
    BlockedExternalId,
    /// `user_alias` is not an object with a non-empty label and name.
    BadUserAlias,
    /// Alias label or name too long.
    UserAliasTooLong,
    /// `braze_id` is not a string.
    BadBrazeId,
    /// `phone` as identifier is not a valid number (`ID-7`).
    BadPhone,
    /// `phone` as data is not a string of at most 987 bytes.
    BadPhoneValue,
    /// The same where something else names the user. A notice: the rest of the object applies (`PHN-4`).
    PhoneLeft,
    /// `email` is not an address (`EMAIL_BAD_FORMAT`, `TRK-16`).
    BadEmail,
    /// A text holds U+0000 where it cannot simply be left out.
    NulCharacter,
    /// `email_subscribe` is not one of its three words (`BAD_EMAIL_SUBSCRIPTION_STATE`).
    BadEmailSubscribe,
    /// `push_subscribe` is not one of its three words (`BAD_PUSH_SUBSCRIPTION_STATE`).
    BadPushSubscribe,
    /// `subscription_groups` is not an array (`BAD_SUBSCRIPTION_GROUP_ARRAY`).
    BadSubscriptionGroups,
    /// An element of it is not an object with both keys (`BAD_SUBSCRIPTION_GROUP_HASH`).
    BadSubscriptionGroup,
    /// Its id is not that of a group of this workspace (`BAD_SUBSCRIPTION_GROUP_ID`).
    BadSubscriptionGroupId,
    /// Its state is neither word (`BAD_SUBSCRIPTION_GROUP_STATE`).
    BadSubscriptionGroupState,
    /// `current_location` is not an object with both coordinates (`BAD_LOCATION_UPDATE`).
    BadLocation,
    /// `device_id` of a token is not 8 to 255 bytes (`BAD_DEVICE_ID`).
    BadDeviceId,
    /// `app_id` of a token is missing or not a string (`BAD_PUSH_TOKEN_APP_ID`).
    BadPushTokenAppId,
    /// A token import without token, or with an identifier (`BAD_PUSH_TOKEN_IMPORT`, `PTI-1`).
    BadPushTokenImport,
    /// `token` is not a string (`BAD_PUSH_TOKEN_STRING`).
    BadPushTokenString,
    /// `push_tokens` is not an array of objects (`BAD_PUSH_TOKEN_VALUE`).
    BadPushTokens,
    /// `email_subscription_info` was sent (`INVALID_ATTRIBUTE_EMAIL_SUBSCRIPTION_INFO`).
    EmailSubscriptionInfo,
    /// `_merge_objects` is not a boolean.
    BadMergeObjects,
    /// `_update_existing_only` is not a boolean.
    BadUpdateExistingOnly,
    /// `push_token_import` (`PTI-1`): no push messages are sent from here.
    PushTokenImportUnsupported,
    /// `native_line_id` has not LINE's form. A notice: the rest of the object applies (design, "LINE IDs").
    BadLineId,
    /// `name` of an event is missing, empty, too long or not a string (`EVT-1`, `OPEN-23`).
    BadEventName,
    /// `time` of an event or purchase is missing or unreadable (`EVT-1`, `PUR-4`).
    BadTime,
    /// `product_id` is missing, empty, too long or neither string nor integer (`PUR-1`, `CLI-6`).
    BadProductId,
    /// `currency` is not three letters (`PUR-2`).
    BadCurrency,
    /// `price` is not a number (`PUR-2`, `PUR-8`).
    BadPrice,
    /// `quantity` is not an integer from 1 to 100 (`PUR-3`, `PUR-8`).
    BadQuantity,
    /// `app_id` is not a string.
    BadAppId,
    /// `properties` is not an object (`EVT-4`).
    BadProperties,
    /// `properties` of an event holds the reserved key `time` (`EVT-7`).
    ReservedPropertyTime,
    /// `properties` of an event holds the reserved key `event_name` (`EVT-7`).
    ReservedPropertyEventName,
    /// `properties` of an event pass 100 KB (`EVT-6`, `OPEN-10`).
    EventPropertiesTooLarge,
    /// `properties` of a purchase pass 50 KB (`EVT-6`, `OPEN-10`).
    PurchasePropertiesTooLarge,
}

impl ObjectFault {
    /// The wire text: a sentence that names the field and never its value.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotAnObject => "each element must be an object",
            Self::IdentifierMissing => {
                "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"
            }
            Self::SeveralPrimaries => "only one of 'external_id', 'user_alias' or 'braze_id' may be provided",
            Self::BadExternalId => "'external_id' must be a non-empty string",
            Self::ExternalIdTooLong => "'external_id' must be at most 987 bytes",
            Self::BlockedExternalId => "provided external_id is blacklisted and disallowed",
            Self::BadUserAlias => {
                "'user_alias' must be an object with a non-empty 'alias_label' and 'alias_name'"
            }
            Self::UserAliasTooLong => {
                "'alias_label' and 'alias_name' must be at most 987 bytes each and 2000 bytes together"
            }
            Self::BadBrazeId => "'braze_id' must be a string",
            Self::BadPhone => "The value provided for the 'phone' field is not a valid phone number.",
            Self::BadPhoneValue => "'phone' must be a non-empty string of at most 987 bytes",
            Self::PhoneLeft => {
                "'phone' must be a non-empty string of at most 987 bytes; the phone number was left as it was"
            }
            Self::BadEmail => "The value provided for the 'email' field is not a valid email.",
            Self::NulCharacter => "identifiers and names must not contain the character U+0000",
            Self::BadEmailSubscribe => {
                "'email_subscribe' must be 'subscribed', 'unsubscribed', or 'opted_in'"
            }
            Self::BadPushSubscribe => "'push_subscribe' must be 'subscribed', 'unsubscribed', or 'opted_in'",
            Self::BadSubscriptionGroups => "'subscription_groups' must be an array",
            Self::BadSubscriptionGroup => {
                "each element of 'subscription_groups' must be an object with a 'subscription_group_id' and a \
                 'subscription_state'"
            }
            Self::BadSubscriptionGroupId => {
                "'subscription_group_id' must be the id of a subscription group of this workspace"
            }
            Self::BadSubscriptionGroupState => "'subscription_state' must be 'subscribed' or 'unsubscribed'",
            Self::BadLocation => {
                "'current_location' must be an object with a 'longitude' and a 'latitude' in degrees"
            }
            Self::BadDeviceId => {
                "token import with 'device_id' must have a device_id less than 255 bytes and at least 8 bytes"
            }
            Self::BadPushTokenAppId => "each element of 'push_tokens' must have an 'app_id'",
            Self::BadPushTokenImport => {
                "'push_token_import' needs 'push_tokens' and must not come with 'external_id' or 'braze_id'"
            }
            Self::BadPushTokenString => "'token' in 'push_tokens' must be a string",
            Self::BadPushTokens => "'push_tokens' must be an array of objects",
            Self::EmailSubscriptionInfo => "'email_subscription_info' is not a valid attribute",
            Self::BadMergeObjects => "'_merge_objects' must be true or false",
            Self::BadUpdateExistingOnly => "'_update_existing_only' must be true or false",
            Self::PushTokenImportUnsupported => {
                "'push_token_import' is not supported: no push messages are sent from here"
            }
            Self::BadLineId => "'native_line_id' must be a LINE user ID ('U' and 32 lower-case hex digits)",
            Self::BadEventName => "'name' must be a non-empty string of at most 255 characters",
            Self::BadTime => "'time' must be a time in ISO 8601",
            Self::BadProductId => "'product_id' must be a non-empty string of at most 255 characters",
            Self::BadCurrency => "'currency' must be an ISO 4217 code",
            Self::BadPrice => "'price' is not valid",
            Self::BadQuantity => "'quantity' is not valid",
            Self::BadAppId => "'app_id' must be a string",
            Self::BadProperties => "'properties' must be an object",
            Self::ReservedPropertyTime => "'time' is a reserved key and not allowed in 'properties'",
            Self::ReservedPropertyEventName => {
                "'event_name' is a reserved key and not allowed in 'properties'"
            }
            Self::EventPropertiesTooLarge => "'properties' must be at most 100 KB",
            Self::PurchasePropertiesTooLarge => "'properties' must be at most 50 KB",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ObjectFault;

    /// Section 2.1: known wire texts are kept to the letter.
    #[test]
    fn known_wire_texts_are_quoted_to_the_letter() {
        let known = [
            (
                ObjectFault::IdentifierMissing,
                "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required",
            ),
            (ObjectFault::BadEmail, "The value provided for the 'email' field is not a valid email."),
            (ObjectFault::BlockedExternalId, "provided external_id is blacklisted and disallowed"),
            (
                ObjectFault::BadEmailSubscribe,
                "'email_subscribe' must be 'subscribed', 'unsubscribed', or 'opted_in'",
            ),
            (
                ObjectFault::BadDeviceId,
                "token import with 'device_id' must have a device_id less than 255 bytes and at least 8 bytes",
            ),
            (ObjectFault::BadPrice, "'price' is not valid"),
            (ObjectFault::BadQuantity, "'quantity' is not valid"),
            (
                ObjectFault::SeveralPrimaries,
                "only one of 'external_id', 'user_alias' or 'braze_id' may be provided",
            ),
            (
                ObjectFault::BadLineId,
                "'native_line_id' must be a LINE user ID ('U' and 32 lower-case hex digits)",
            ),
        ];
        for (fault, text) in known {
            assert_eq!(fault.message(), text);
        }
    }
}
