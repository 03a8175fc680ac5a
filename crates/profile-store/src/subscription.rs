//! Subscription groups and their states: the four endpoints of Braze, and groups of our own making.

use std::sync::Arc;

use profile_model::{
    Actor, Address, AddressKind, ChangeSet, Config, ConfigChange, Decision, Group, GroupChannel, GroupId,
    GroupState, Keys, Loaded, Profile, ReadGroup, SetOutcome, SetStates, StoredStates, SubscriptionFault,
    Target, WorkspaceId, decide_set_states, parse_status_set, parse_status_set_v2, read_address_group,
    read_group_state, read_groups, set_states_keys, state_addresses,
};
use serde_json::Value;

use crate::{Fault, ProfileStore, Work};

/// Most groups of a workspace (`SUB-3`).
const MAX_GROUPS: usize = 450;

/// Why states were not set.
#[derive(Debug)]
pub enum SetError {
    /// The body is not acceptable (400).
    Request(SubscriptionFault),
    /// The store could not do it (5xx).
    Fault(Fault),
}

impl From<Fault> for SetError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Why a group was not made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupFault {
    /// Another group of the workspace has the name.
    #[error("another subscription group has this name")]
    NameTaken,
    /// The workspace has as many groups as it may have.
    #[error("a workspace has at most {MAX_GROUPS} subscription groups")]
    TooMany,
    /// No such group.
    #[error("there is no subscription group with this id")]
    Unknown,
    /// LINE groups belong to their channel.
    #[error("this is the group of a LINE channel; it changes with the channel")]
    OfLine,
}

/// A name as groups have it: one line of 1 to 255 characters, without blanks around it. `None`: it cannot be one.
#[must_use]
pub fn group_name(text: &str) -> Option<String> {
    let name = text.trim();
    let fits = !name.is_empty() && name.chars().count() <= 255 && !name.contains(char::is_control);
    fits.then(|| name.to_owned())
}

/// A user as `/subscription/user/status` shows it.
#[derive(Debug)]
pub struct UserGroups {
    /// Who.
    pub profile: Arc<Profile>,
    /// Groups that ever had a state.
    pub groups: Vec<ReadGroup>,
}

impl ProfileStore {
    /// Sets states by a body of the first or the second version.
    ///
    /// # Errors
    /// [`SetError`]; nothing was written.
    pub async fn set_states(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: &Value,
        second_version: bool,
    ) -> Result<Vec<(SetStates, SetOutcome)>, SetError> {
        let config = self.config().await?;
        let sets = if second_version {
            parse_status_set_v2(body, &config, workspace)
        } else {
            parse_status_set(body, &config, workspace).map(|set| vec![set])
        };
        let sets = sets.map_err(SetError::Request)?;
        let occasion = self.occasion(workspace, actor).await?;
        let keys = set_states_keys(&sets);
        let decide = move |loaded: &Loaded| {
            let (decision, outcomes) = decide_set_states(&sets, loaded, &occasion);
            let told: Vec<_> = sets.iter().cloned().zip(outcomes).collect();
            (decision, told)
        };
        Ok(self.decide_once(Work::new("set_states", workspace, keys), decide).await?.0)
    }

    /// The state of one group for each identifier, in order; `None`: nobody, or never set (`SSG-4`).
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn states_of(
        &self,
        workspace: WorkspaceId,
        group: &Group,
        who: &[Target],
    ) -> Result<Vec<Option<GroupState>>, Fault> {
        let (config, loaded) = self.load_with_states(workspace, who).await?;
        let stored = StoredStates { addresses: &loaded.addresses, friendships: &loaded.friendships };
        let state = |target: &Target| {
            let by_address = match target {
                Target::Email(email) => Some(Address { kind: AddressKind::Email, value: email.key.clone() }),
                Target::Phone(phone) => {
                    phone.key().map(|key| Address { kind: AddressKind::Phone, value: key.to_owned() })
                }
                _ => None,
            };
            if let Some(address) = by_address
                && group.channel != GroupChannel::Line
            {
                return read_address_group(&address, group, stored);
            }
            let holders = loaded.holders.get(&target.key()?)?;
            let profile = loaded.profiles.get(holders.first()?)?;
            read_group_state(profile, group, stored, &config)
        };
        Ok(who.iter().map(state).collect())
    }

    /// Everybody the identifiers lead to, with their groups (`SUS-*`); each user once, shared addresses give all their
    /// holders (`SUS-3`).
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn groups_of(&self, workspace: WorkspaceId, who: &[Target]) -> Result<Vec<UserGroups>, Fault> {
        let (config, loaded) = self.load_with_states(workspace, who).await?;
        let stored = StoredStates { addresses: &loaded.addresses, friendships: &loaded.friendships };
        let holders = who.iter().filter_map(Target::key).filter_map(|key| loaded.holders.get(&key)).flatten();
        let mut seen = std::collections::BTreeSet::new();
        let found = holders.filter(|id| seen.insert(**id)).filter_map(|id| loaded.profiles.get(id));
        Ok(found
            .map(|profile| UserGroups {
                profile: Arc::clone(profile),
                groups: read_groups(profile, stored, &config, workspace),
            })
            .collect())
    }

    async fn load_with_states(
        &self,
        workspace: WorkspaceId,
        who: &[Target],
    ) -> Result<(Arc<Config>, Loaded), Fault> {
        let config = self.config().await?;
        let keys = Keys { identifiers: who.iter().filter_map(Target::key).collect(), ..Keys::default() };
        let mut loaded = self.backend().load(workspace, &keys).await?;
        let mut keys = Keys::default();
        for profile in loaded.profiles.values() {
            keys.addresses.extend(state_addresses(profile));
            keys.line_users.extend(profile.line_id.clone());
        }
        for target in who {
            keys.addresses.extend(match target {
                Target::Email(email) => Some(Address { kind: AddressKind::Email, value: email.key.clone() }),
                Target::Phone(phone) => {
                    phone.key().map(|key| Address { kind: AddressKind::Phone, value: key.to_owned() })
                }
                _ => None,
            });
        }
        loaded.extend(self.backend().load(workspace, &keys).await?);
        Ok((config, loaded))
    }

    /// Makes a group for email, SMS or WhatsApp; LINE groups come with their channel.
    ///
    /// # Errors
    /// When the backend faults; a refusal is an outcome.
    pub async fn create_group(
        &self,
        workspace: WorkspaceId,
        name: &str,
        channel: GroupChannel,
    ) -> Result<Result<Group, GroupFault>, Fault> {
        let now = self.now();
        let id = GroupId(self.fresh(now).uuid());
        let group =
            Group { id, workspace, name: name.to_owned(), channel, created_at: now, archived_at: None };
        self.put_group(workspace, move |config| {
            let mut known = config.groups.values().filter(|known| known.workspace == workspace);
            if known.clone().count() >= MAX_GROUPS {
                return Err(GroupFault::TooMany);
            }
            if known.any(|known| known.name == group.name) {
                return Err(GroupFault::NameTaken);
            }
            Ok(group.clone())
        })
        .await
    }

    /// Renames, archives or brings back a group.
    ///
    /// # Errors
    /// When the backend faults; a refusal is an outcome.
    pub async fn change_group(
        &self,
        workspace: WorkspaceId,
        id: GroupId,
        name: Option<String>,
        archived: Option<bool>,
    ) -> Result<Result<Group, GroupFault>, Fault> {
        let now = self.now();
        self.put_group(workspace, move |config| {
            let known = config.group_of(workspace, id).ok_or(GroupFault::Unknown)?;
            if known.channel == GroupChannel::Line {
                return Err(GroupFault::OfLine);
            }
            let mut group = known.clone();
            if let Some(name) = &name {
                let taken =
                    |other: &Group| other.workspace == workspace && other.id != id && other.name == *name;
                if config.groups.values().any(taken) {
                    return Err(GroupFault::NameTaken);
                }
                group.name.clone_from(name);
            }
            match archived {
                Some(true) => group.archived_at = Some(group.archived_at.unwrap_or(now)),
                Some(false) => group.archived_at = None,
                None => {}
            }
            Ok(group)
        })
        .await
    }

    async fn put_group(
        &self,
        workspace: WorkspaceId,
        make: impl Fn(&Config) -> Result<Group, GroupFault> + Send + 'static,
    ) -> Result<Result<Group, GroupFault>, Fault> {
        let decide = move |loaded: &Loaded| {
            let made = loaded.config.as_deref().map_or(Err(GroupFault::Unknown), &make);
            let decision = match &made {
                Ok(group) => {
                    let config = vec![ConfigChange::PutGroup(group.clone())];
                    ChangeSet { config, ..ChangeSet::default() }.into()
                }
                Err(_) => Decision::Nothing,
            };
            (decision, made)
        };
        let keys = Keys { config: true, ..Keys::default() };
        let (made, _) = self.decide_once(Work::new("put_group", workspace, keys), decide).await?;
        self.refresh_config().await;
        Ok(made)
    }
}
