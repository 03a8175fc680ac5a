//! A Messaging API channel and the Official Account behind it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Ids;
use crate::verbs::{ChannelChange, ChannelMade, Oddness, Tier};

/// Webhooks of one channel that may be under way at a time: more than one, so order is not kept.
const CONCURRENCY: usize = 8;

/// What somebody is to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Friendship {
    /// Has added it.
    Friend,
    /// Has blocked it.
    Blocked,
    /// Has only written.
    None,
}

/// Somebody who ever added the account or wrote to it, with one LINE account.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) person: String,
    pub(crate) user_id: String,
    pub(crate) generation: u32,
    pub(crate) state: Friendship,
    pub(crate) wrote: bool,
    pub(crate) since_ms: i64,
}

/// Where a list of followers goes on.
#[derive(Debug)]
pub(crate) struct Cursor {
    pub(crate) channel_id: String,
    pub(crate) position: usize,
    pub(crate) issued_ms: i64,
}

/// A channel, its account and its webhook.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) provider_id: String,
    pub(crate) channel_id: String,
    pub(crate) secret: String,
    /// The secret before the last reissue.
    pub(crate) old_secret: Option<String>,
    pub(crate) access_token: String,
    pub(crate) bot_user_id: String,
    pub(crate) basic_id: String,
    pub(crate) name: String,
    pub(crate) tier: Tier,
    pub(crate) webhook_url: Option<String>,
    pub(crate) webhook_active: bool,
    pub(crate) redelivery: bool,
    pub(crate) redelivery_delays_ms: Vec<u64>,
    pub(crate) timeout_ms: u64,
    pub(crate) lanes: Arc<Semaphore>,
    pub(crate) rate_divisor: u32,
    pub(crate) raw_utf8: bool,
    pub(crate) noise: bool,
    pub(crate) odd: Vec<Oddness>,
    /// In the order they became known: the order of follower lists.
    pub(crate) known: Vec<Known>,
    by_user: HashMap<String, usize>,
}

impl Account {
    pub(crate) fn new(ids: &Ids, provider_id: String, channel_id: String, name: Option<String>) -> Self {
        let bot = ids.hex(&format!("bot|{channel_id}"));
        Self {
            old_secret: None,
            secret: ids.hex(&format!("secret|{channel_id}")),
            access_token: ids.token(&format!("token|{channel_id}")),
            bot_user_id: format!("U{bot}"),
            basic_id: format!("@{}", &bot[..8]),
            name: name.unwrap_or_else(|| format!("Account {channel_id}")),
            provider_id,
            channel_id,
            tier: Tier::Verified,
            webhook_url: None,
            webhook_active: true,
            redelivery: false,
            redelivery_delays_ms: vec![1_000, 5_000, 30_000],
            timeout_ms: 2_000,
            lanes: Arc::new(Semaphore::new(CONCURRENCY)),
            rate_divisor: 1,
            raw_utf8: false,
            noise: false,
            odd: Vec::new(),
            known: Vec::new(),
            by_user: HashMap::new(),
        }
    }

    pub(crate) fn made(&self) -> ChannelMade {
        ChannelMade {
            provider_id: self.provider_id.clone(),
            channel_id: self.channel_id.clone(),
            channel_secret: self.secret.clone(),
            channel_access_token: self.access_token.clone(),
            bot_user_id: self.bot_user_id.clone(),
            basic_id: self.basic_id.clone(),
        }
    }

    /// Changes what the change names; the token is the world's business.
    pub(super) fn change(&mut self, ids: &Ids, change: ChannelChange) {
        if let Some(url) = change.webhook_url {
            self.webhook_url = Some(url).filter(|url| !url.is_empty());
        }
        if let Some(delays) = change.redelivery_delays_ms {
            self.redelivery_delays_ms = delays;
        }
        if let Some(lanes) = change.concurrency {
            self.lanes = Arc::new(Semaphore::new(lanes.max(1) as usize));
        }
        if let Some(odd) = change.odd {
            self.odd = odd;
        }
        if change.reissue_secret == Some(true) {
            let fresh = ids.hex(&format!("secret|{}|{}", self.channel_id, ids.next()));
            self.old_secret = Some(std::mem::replace(&mut self.secret, fresh));
        }
        self.webhook_active = change.webhook_active.unwrap_or(self.webhook_active);
        self.redelivery = change.redelivery.unwrap_or(self.redelivery);
        self.timeout_ms = change.timeout_ms.unwrap_or(self.timeout_ms);
        self.tier = change.tier.unwrap_or(self.tier);
        self.rate_divisor = change.rate_divisor.unwrap_or(self.rate_divisor);
        self.raw_utf8 = change.raw_utf8.unwrap_or(self.raw_utf8);
        self.noise = change.noise.unwrap_or(self.noise);
    }

    pub(super) fn reissue_token(&mut self, ids: &Ids) {
        self.access_token = ids.token(&format!("token|{}|{}", self.channel_id, ids.next()));
    }

    /// Somebody known to the account, by user ID.
    pub(crate) fn known(&self, user_id: &str) -> Option<&Known> {
        self.by_user.get(user_id).and_then(|index| self.known.get(*index))
    }

    /// Sets what somebody is to the account, and answers what they were.
    pub(crate) fn set_friendship(
        &mut self,
        person: &str,
        user_id: &str,
        generation: u32,
        state: Friendship,
        now_ms: i64,
    ) -> Friendship {
        let known = self.meet(person, user_id, generation);
        let before = known.state;
        known.state = state;
        known.since_ms = now_ms;
        before
    }

    /// Notes that somebody wrote.
    pub(super) fn note_writing(&mut self, person: &str, user_id: &str, generation: u32) {
        self.meet(person, user_id, generation).wrote = true;
    }

    fn meet(&mut self, person: &str, user_id: &str, generation: u32) -> &mut Known {
        let index = match self.by_user.get(user_id) {
            Some(index) => *index,
            None => {
                let index = self.known.len();
                self.by_user.insert(user_id.to_owned(), index);
                self.known.push(Known {
                    person: person.to_owned(),
                    user_id: user_id.to_owned(),
                    generation,
                    state: Friendship::None,
                    wrote: false,
                    since_ms: 0,
                });
                index
            }
        };
        &mut self.known[index]
    }
}
