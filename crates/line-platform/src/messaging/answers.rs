//! What LINE answers, read by hand so that unknown and missing properties do no harm.

use serde_json::Value;

/// The account behind a Messaging API channel.
///
/// Source: Messaging API reference, "Get bot info" (read 2026-08-07).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotInfo {
    /// The bot's own user ID: what webhooks of this channel carry as `destination`.
    pub user_id: String,
    /// The searchable ID, with its `@`.
    pub basic_id: Option<String>,
    /// The bought ID, if there is one.
    pub premium_id: Option<String>,
    /// The account's name.
    pub display_name: Option<String>,
    /// The account's picture.
    pub picture_url: Option<String>,
    /// `chat` or `bot`.
    pub chat_mode: Option<String>,
    /// `auto` or `manual`.
    pub mark_as_read_mode: Option<String>,
}

impl BotInfo {
    /// Reads the answer; `None` without a `userId`, the one part nothing works without.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            user_id: text("userId").filter(|id| !id.is_empty())?,
            basic_id: text("basicId"),
            premium_id: text("premiumId"),
            display_name: text("displayName"),
            picture_url: text("pictureUrl"),
            chat_mode: text("chatMode"),
            mark_as_read_mode: text("markAsReadMode"),
        })
    }
}

/// One page of the users who have added the account.
///
/// A page may be shorter than asked for, or empty, and still have a next one: go on until `next` is `None`.
/// Source: Messaging API reference, "Get a list of users who added your LINE Official Account as a friend" (2026-08-07).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowersPage {
    /// User IDs in LINE's order, which is not promised to mean anything.
    pub user_ids: Vec<String>,
    /// The token of the next page; it lives 24 hours.
    pub next: Option<String>,
}

impl FollowersPage {
    /// Reads the answer; `None` unless `userIds` is an array of strings.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let user_ids = value.get("userIds")?.as_array()?;
        let user_ids =
            user_ids.iter().map(|id| id.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
        let next = match value.get("next") {
            None | Some(Value::Null) => None,
            // An empty token would ask for the first page again, for ever.
            Some(Value::String(token)) => (!token.is_empty()).then(|| token.clone()),
            Some(_) => return None,
        };
        Some(Self { user_ids, next })
    }
}
