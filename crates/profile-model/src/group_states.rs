//! Group states of a profile as read: through its addresses, its LINE ID, or its own.

use std::collections::BTreeMap;

use crate::{
    Address, AddressKind, AddressState, Config, Friendship, GlobalState, Group, GroupState, Key, LineUserId,
    Profile, StateOf, WorkspaceId,
};

/// The state of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadGroup {
    /// The group.
    pub group: Group,
    /// Its state; only groups that ever had one are read (`SUS-2`).
    pub state: GroupState,
}

/// Where states are stored: what was loaded of addresses and friendships.
#[derive(Clone, Copy, Debug)]
pub struct StoredStates<'l> {
    /// By address.
    pub addresses: &'l std::collections::HashMap<Address, Vec<AddressState>>,
    /// By LINE user.
    pub friendships: &'l std::collections::HashMap<LineUserId, BTreeMap<crate::ChannelId, Friendship>>,
}

/// Addresses whose states a profile reads through.
#[must_use]
pub fn state_addresses(profile: &Profile) -> Vec<Address> {
    let email = profile.email.as_ref().map(|email| (AddressKind::Email, Key::email(email)));
    let phone = profile.phone.as_ref().and_then(Key::phone).map(|key| (AddressKind::Phone, key));
    email.into_iter().chain(phone).map(|(kind, key)| Address { kind, value: key.value.into() }).collect()
}

/// Every group with a state, in the order of the groups' names. Archived groups are left out (`SUB-5`).
#[must_use]
pub fn read_groups(
    profile: &Profile,
    stored: StoredStates<'_>,
    config: &Config,
    workspace: WorkspaceId,
) -> Vec<ReadGroup> {
    let mut read: Vec<_> = config
        .groups
        .values()
        .filter(|group| group.workspace == workspace && group.archived_at.is_none())
        .filter_map(|group| {
            let state = read_group_state(profile, group, stored, config)?;
            Some(ReadGroup { group: group.clone(), state })
        })
        .collect();
    read.sort_by(|left, right| left.group.name.cmp(&right.group.name));
    read
}

/// The state of one group; `None`: it never had one.
#[must_use]
pub fn read_group_state(
    profile: &Profile,
    group: &Group,
    stored: StoredStates<'_>,
    config: &Config,
) -> Option<GroupState> {
    let Some(kind) = group.channel.address_kind() else { return line_state(profile, group, stored, config) };
    let own = match kind {
        AddressKind::Email => &profile.own.email_groups,
        AddressKind::Phone => &profile.own.phone_groups,
    };
    match state_addresses(profile).into_iter().find(|address| address.kind == kind) {
        Some(address) => read_address_group(&address, group, stored),
        None => own.get(&group.id).copied(),
    }
}

/// The state of a group by its address.
#[must_use]
pub fn read_address_group(address: &Address, group: &Group, stored: StoredStates<'_>) -> Option<GroupState> {
    let states = stored.addresses.get(address)?;
    let state = states.iter().find(|state| state.of == StateOf::Group(group.id))?;
    Some(match state.state {
        GlobalState::Unsubscribed => GroupState::Unsubscribed,
        GlobalState::OptedIn | GlobalState::Subscribed => GroupState::Subscribed,
    })
}

fn line_state(
    profile: &Profile,
    group: &Group,
    stored: StoredStates<'_>,
    config: &Config,
) -> Option<GroupState> {
    let channel = config.channels.values().find(|channel| channel.group == group.id)?;
    let friendships = stored.friendships.get(profile.line_id.as_ref()?)?;
    friendships.get(&channel.id).map(|friendship| friendship.state)
}
