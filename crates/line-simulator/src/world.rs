//! Who exists in the simulated LINE, and what they are to each other (line.md H0).

mod account;
mod act;
mod ids;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(crate) use account::{Account, Cursor, Friendship};
pub(crate) use ids::{Ids, mac};

use crate::clock::Clock;
use crate::fault::Faults;
use crate::rate::Buckets;
use crate::verbs::{Attempt, ChannelChange, ChannelSpec, FollowersSpec, PersonSpec, Seen};

/// A request to the control verbs that cannot be met; the text says why.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no such thing.
    Unknown(String),
    /// The request makes no sense.
    Bad(String),
}

/// A person, who may have a LINE account, or had one.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) display_name: String,
    pub(crate) picture_url: Option<String>,
    pub(crate) status_message: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) consented: bool,
    pub(crate) privacy_consented: bool,
    pub(crate) deleted: bool,
    /// Counts the person's LINE accounts: a new one has a new user ID.
    pub(crate) generation: u32,
}

/// A channel access token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) channel_id: String,
    pub(crate) expires_ms: Option<i64>,
}

/// Everything the simulator knows.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) ids: Ids,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) buckets: Buckets,
    pub(crate) providers: BTreeSet<String>,
    pub(crate) people: HashMap<String, Person>,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) cursors: HashMap<String, Cursor>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) outbox: Vec<Attempt>,
    /// Attempts begun; their numbers are given before they end.
    pub(crate) attempts: u64,
    /// Counts resets, so that what was due before one is not sent after it, to channels that have the same ids again.
    pub(crate) epoch: u64,
}

impl World {
    pub(crate) fn new(seed: &str) -> Self {
        Self {
            ids: Ids::new(seed),
            clock: Clock::default(),
            faults: Faults::default(),
            buckets: Buckets::default(),
            providers: BTreeSet::new(),
            people: HashMap::new(),
            accounts: BTreeMap::new(),
            tokens: HashMap::new(),
            cursors: HashMap::new(),
            seen: Vec::new(),
            outbox: Vec::new(),
            attempts: 0,
            epoch: 0,
        }
    }

    /// Makes a provider, or finds it: providers have no other properties.
    pub(crate) fn make_provider(&mut self, wanted: Option<String>) -> String {
        let id = wanted.unwrap_or_else(|| format!("provider-{}", self.providers.len() + 1));
        self.providers.insert(id.clone());
        id
    }

    pub(crate) fn make_account(&mut self, spec: ChannelSpec) -> Result<&Account, Refusal> {
        let channel_id =
            spec.channel_id.unwrap_or_else(|| format!("{}", 2_000_000_001 + self.accounts.len()));
        if self.accounts.contains_key(&channel_id) {
            return Err(Refusal::Bad(format!("there is a channel {channel_id} already")));
        }
        let provider = self.make_provider(Some(spec.provider_id.unwrap_or_else(|| "provider-1".to_owned())));
        let mut account = Account::new(&self.ids, provider, channel_id.clone(), spec.name);
        account.tier = spec.tier.unwrap_or_default();
        account.webhook_url = spec.webhook_url.filter(|url| !url.is_empty());
        account.redelivery = spec.redelivery.unwrap_or(false);
        self.tokens
            .insert(account.access_token.clone(), Token { channel_id: channel_id.clone(), expires_ms: None });
        Ok(self.accounts.entry(channel_id).or_insert(account))
    }

    pub(crate) fn change_account(
        &mut self,
        channel_id: &str,
        change: ChannelChange,
    ) -> Result<&Account, Refusal> {
        let account = self.accounts.get_mut(channel_id).ok_or_else(|| unknown_channel(channel_id))?;
        if change.reissue_token == Some(true) {
            self.tokens.remove(&account.access_token);
            account.reissue_token(&self.ids);
            let token = Token { channel_id: channel_id.to_owned(), expires_ms: None };
            self.tokens.insert(account.access_token.clone(), token);
        }
        account.change(&self.ids, change);
        Ok(account)
    }

    pub(crate) fn account(&self, channel_id: &str) -> Result<&Account, Refusal> {
        self.accounts.get(channel_id).ok_or_else(|| unknown_channel(channel_id))
    }

    /// Makes a person, or changes the one of that name.
    pub(crate) fn make_person(&mut self, spec: PersonSpec) -> String {
        let name = spec.person.unwrap_or_else(|| format!("person-{}", self.ids.next()));
        let person = self.people.entry(name.clone()).or_insert_with(|| Person::named(&name));
        if let Some(text) = spec.display_name {
            person.display_name = text;
        }
        person.picture_url = spec.picture_url.or_else(|| person.picture_url.take());
        person.status_message = spec.status_message.or_else(|| person.status_message.take());
        person.language = spec.language.or_else(|| person.language.take());
        person.consented = spec.consented.unwrap_or(person.consented);
        person.privacy_consented = spec.privacy_consented.unwrap_or(person.privacy_consented);
        name
    }

    /// The user ID of a person's present LINE account under a provider.
    pub(crate) fn user_id(&self, provider: &str, name: &str) -> Option<String> {
        self.people.get(name).map(|person| self.ids.user(provider, name, person.generation))
    }

    /// Adds many new friends and sends nothing.
    pub(crate) fn add_followers(
        &mut self,
        channel_id: &str,
        spec: &FollowersSpec,
    ) -> Result<Vec<String>, Refusal> {
        let now = self.clock.now_ms();
        let account = self.accounts.get_mut(channel_id).ok_or_else(|| unknown_channel(channel_id))?;
        let picked = |every: usize, nth: usize, index: usize| every > 0 && index % every == nth % every;
        let mut added = Vec::with_capacity(spec.count);
        let first = self.people.len();
        for index in 0..spec.count {
            let name = format!("follower-{channel_id}-{}", first + index + 1);
            let mut person = Person::named(&name);
            person.consented = !picked(spec.unconsented_every, 1, index);
            person.deleted = picked(spec.deleted_every, 2, index);
            let user_id = self.ids.user(&account.provider_id, &name, person.generation);
            let state =
                if picked(spec.blocked_every, 0, index) { Friendship::Blocked } else { Friendship::Friend };
            account.set_friendship(&name, &user_id, person.generation, state, now);
            self.people.insert(name, person);
            added.push(user_id);
        }
        Ok(added)
    }

    /// Whom a complete follower list shows now.
    pub(crate) fn followers(&self, account: &Account) -> Vec<String> {
        account
            .known
            .iter()
            .filter(|known| self.is_listed(known))
            .map(|known| known.user_id.clone())
            .collect()
    }

    /// Whether a follower list shows this one: a friend, with a living account and consent.
    pub(crate) fn is_listed(&self, known: &account::Known) -> bool {
        known.state == Friendship::Friend
            && self.people.get(&known.person).is_some_and(|person| {
                !person.deleted && person.consented && person.generation == known.generation
            })
    }
}

impl Person {
    /// Somebody with a LINE account, the policies accepted and nothing filled in.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            display_name: name.to_owned(),
            picture_url: None,
            status_message: None,
            language: None,
            consented: true,
            privacy_consented: true,
            deleted: false,
            generation: 1,
        }
    }
}

fn unknown_channel(channel_id: &str) -> Refusal {
    Refusal::Unknown(format!("there is no channel {channel_id}"))
}
