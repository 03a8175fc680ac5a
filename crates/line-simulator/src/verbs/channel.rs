//! Providers, channels and their settings.

use serde::{Deserialize, Serialize};

use super::Oddness;

/// How an Official Account is certified; only `unverified` accounts are refused follower lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Anybody's account.
    Unverified,
    /// An account LINE has looked at.
    #[default]
    Verified,
    /// An account with a bought ID.
    Premium,
}

/// A provider to make.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSpec {
    /// Its id; made up if absent.
    pub provider_id: Option<String>,
}

/// A provider that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderMade {
    /// Its id.
    pub provider_id: String,
}

/// A Messaging API channel with its Official Account, to be made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSpec {
    /// The provider it belongs to, made if unknown; `provider-1` if absent.
    pub provider_id: Option<String>,
    /// Its id, ten digits as a rule; made up if absent.
    pub channel_id: Option<String>,
    /// The account's name.
    pub name: Option<String>,
    /// `verified` if absent.
    pub tier: Option<Tier>,
    /// Where webhooks go.
    pub webhook_url: Option<String>,
    /// Whether failed webhooks are sent again; off as with LINE.
    pub redelivery: Option<bool>,
}

/// A channel that was made, with all that LINE's console would show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelMade {
    /// The provider.
    pub provider_id: String,
    /// The channel.
    pub channel_id: String,
    /// Signs webhooks.
    pub channel_secret: String,
    /// A long-lived token.
    pub channel_access_token: String,
    /// The `destination` of its webhooks.
    pub bot_user_id: String,
    /// The searchable ID.
    pub basic_id: String,
}

/// What to change about a channel; absent parts stay.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelChange {
    /// Where webhooks go; empty for nowhere.
    pub webhook_url: Option<String>,
    /// The console's "use webhook" switch.
    pub webhook_active: Option<bool>,
    /// Whether failed webhooks are sent again.
    pub redelivery: Option<bool>,
    /// When they are sent again, in real milliseconds after each failure; the list's end is giving up.
    pub redelivery_delays_ms: Option<Vec<u64>>,
    /// How long an answer may take, in real milliseconds (LINE: 2000).
    pub timeout_ms: Option<u64>,
    /// How many webhooks may be under way at a time; at least 1.
    pub concurrency: Option<u32>,
    /// The account's tier.
    pub tier: Option<Tier>,
    /// Rate limits are divided by it.
    pub rate_divisor: Option<u32>,
    /// Sends non-ASCII characters as UTF-8 and not as `\u` escapes.
    pub raw_utf8: Option<bool>,
    /// Adds an unknown property to each answer and turns the order of properties round.
    pub noise: Option<bool>,
    /// Oddities of every webhook from now on.
    pub odd: Option<Vec<Oddness>>,
    /// Makes a new secret; the old one is dead at once.
    pub reissue_secret: Option<bool>,
    /// Makes a new access token; the old one is dead at once.
    pub reissue_token: Option<bool>,
}

/// A channel as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelView {
    /// Ids and credentials.
    pub made: ChannelMade,
    /// The tier.
    pub tier: Tier,
    /// Where webhooks go.
    pub webhook_url: Option<String>,
    /// Whether they are sent at all.
    pub webhook_active: bool,
    /// Whether failed ones are sent again.
    pub redelivery: bool,
    /// Everybody who ever added or wrote to the account.
    pub known: usize,
    /// Those a follower list shows now.
    pub followers: usize,
}
