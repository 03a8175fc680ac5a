//! Consent after an undo, over random histories: two worlds with the same writes, in one of which the two were joined
//! for a while. Nobody may be messaged more because of the merge, and nothing else may differ.

use proptest::prelude::*;

use super::*;
use crate::{
    Config, Door, GlobalState, Group, GroupChannel, GroupId, GroupState, SetStates, Target, WorkspaceId,
    decide_set_states, decide_track, parse_track, set_states_keys, track_keys,
};

pub(super) const EMAIL: GroupId = GroupId(uuid::Uuid::from_u128(1));
pub(super) const SMS: GroupId = GroupId(uuid::Uuid::from_u128(2));

pub(super) fn group(id: GroupId) -> Group {
    let channel = if id == EMAIL { GroupChannel::Email } else { GroupChannel::Sms };
    Group {
        id,
        workspace: WorkspaceId(1),
        name: id.to_string(),
        channel,
        created_at: crate::Timestamp::from_millis(0),
        archived_at: None,
    }
}

impl Shelf {
    /// Tracks one attributes object.
    pub(super) fn track(&mut self, object: &Value) {
        let mut config = Config::default();
        config.groups.extend([EMAIL, SMS].map(|id| (id, group(id))));
        let items = parse_track(json!({"attributes": [object]}), &config, WorkspaceId(1)).unwrap().items;
        self.run(track_keys(&items), |loaded, occasion| decide_track(&items, loaded, Door::Api, occasion));
    }

    /// Sets a group's state by request.
    pub(super) fn set_group(&mut self, id: GroupId, state: GroupState, who: Target) {
        let sets = [SetStates { group: group(id), state, who: vec![who] }];
        self.run(set_states_keys(&sets), |loaded, occasion| decide_set_states(&sets, loaded, occasion));
    }

    fn address(&self, who: &str, kind: crate::AddressKind) -> (&Profile, Option<Address>) {
        let id = self.holders(&Key::external_id(who))[0];
        let profile = self.get(id);
        (profile, crate::state_addresses(profile).into_iter().find(|address| address.kind == kind))
    }

    /// The global email state as read.
    pub(super) fn email_state(&self, who: &str) -> GlobalState {
        let state = match self.address(who, crate::AddressKind::Email) {
            (_, Some(address)) => self.states.get(&(address, StateOf::Global)).map(|row| row.state),
            (profile, None) => profile.own.email,
        };
        state.unwrap_or(GlobalState::Subscribed)
    }

    /// A group's state as read.
    pub(super) fn group_state(&self, who: &str, id: GroupId) -> Option<GroupState> {
        let kind = if id == EMAIL { crate::AddressKind::Email } else { crate::AddressKind::Phone };
        match self.address(who, kind) {
            (_, Some(address)) => {
                self.states.get(&(address, StateOf::Group(id))).map(|row| match row.state {
                    GlobalState::Unsubscribed => GroupState::Unsubscribed,
                    _ => GroupState::Subscribed,
                })
            }
            (profile, None) if id == EMAIL => profile.own.email_groups.get(&id).copied(),
            (profile, None) => profile.own.phone_groups.get(&id).copied(),
        }
    }
}

const EMAILS: [&str; 3] = ["e0@example.com", "e1@example.com", "e2@example.com"];
const PHONES: [&str; 3] = ["+819012345678", "+819012345679", "+819012345670"];

/// One request. `who`: 0 and 1 are the two; 2 is somebody else, who has the first email and the first phone for good.
#[derive(Clone, Debug)]
enum Call {
    Track { who: usize, says: Vec<(&'static str, Value)> },
    SetGroup { who: usize, group: GroupId, state: GroupState },
    SetGroupOfAddress { group: GroupId, state: GroupState },
}

fn group_state() -> impl Strategy<Value = GroupState> {
    prop_oneof![Just(GroupState::Subscribed), Just(GroupState::Unsubscribed)]
}

fn group_id() -> impl Strategy<Value = GroupId> {
    prop_oneof![Just(EMAIL), Just(SMS)]
}

fn says() -> impl Strategy<Value = (&'static str, Value)> {
    let one_of = |values: Vec<Value>| prop::sample::select(values);
    let global = || one_of(vec![json!("opted_in"), json!("subscribed"), json!("unsubscribed")]);
    prop_oneof![
        one_of(vec![json!(EMAILS[0]), json!(EMAILS[1]), json!(EMAILS[2]), Value::Null])
            .prop_map(|value| ("email", value)),
        one_of(vec![json!(PHONES[0]), json!(PHONES[1]), json!(PHONES[2]), Value::Null])
            .prop_map(|value| ("phone", value)),
        global().prop_map(|value| ("email_subscribe", value)),
        global().prop_map(|value| ("push_subscribe", value)),
        (group_id(), group_state()).prop_map(|(group, state)| {
            ("subscription_groups", json!([{"subscription_group_id": group, "subscription_state": state}]))
        }),
        one_of(vec![json!(1), json!({"inc": 2}), Value::Null]).prop_map(|value| ("n", value)),
        one_of(vec![json!("A"), json!("B")]).prop_map(|value| ("first_name", value)),
    ]
}

fn call(others: bool) -> impl Strategy<Value = Call> {
    let who = 0..if others { 3_usize } else { 2 };
    let by_address = u32::from(others);
    prop_oneof![
        6 => (who.clone(), prop::collection::vec(says(), 1..4)).prop_map(|(who, mut says)| {
            // Somebody else keeps their addresses.
            says.retain(|(field, _)| who < 2 || !matches!(*field, "email" | "phone"));
            Call::Track { who, says }
        }),
        2 => (who, group_id(), group_state())
            .prop_map(|(who, group, state)| Call::SetGroup { who, group, state }),
        by_address => (group_id(), group_state())
            .prop_map(|(group, state)| Call::SetGroupOfAddress { group, state }),
    ]
}

const NAMES: [&str; 3] = ["a", "b", "c"];

fn world(others: bool) -> Shelf {
    let mut shelf = Shelf::new();
    shelf.user("a");
    shelf.user("b");
    if others {
        shelf.put(|profile| {
            profile.external_id = Some("c".into());
            profile.email = Email::parse(EMAILS[0]);
            profile.phone = Some(Phone::parse(PHONES[0], "US").phone);
        });
    }
    shelf
}

fn make(shelf: &mut Shelf, call: &Call) {
    match call {
        Call::Track { who, says } => {
            let mut object = external_id(NAMES[*who]);
            for (field, value) in says {
                object[*field] = value.clone();
            }
            shelf.track(&object);
        }
        Call::SetGroup { who, group, state } => {
            shelf.set_group(*group, *state, Target::ExternalId(NAMES[*who].into()));
        }
        Call::SetGroupOfAddress { group, state } => {
            let target = match *group == EMAIL {
                true => Target::Email(Email::parse(EMAILS[0]).unwrap()),
                false => Target::Phone(Phone::parse(PHONES[0], "US").phone),
            };
            shelf.set_group(*group, *state, target);
        }
    }
}

/// Plays the calls with a merge of a into b between the two parts and an undo at the end, and without.
fn play(before: &[Call], since: &[Call], others: bool) -> (Shelf, Shelf) {
    let (mut parted, mut apart) = (world(others), world(others));
    for call in before {
        make(&mut parted, call);
        make(&mut apart, call);
    }
    let merge = parted.join("a", "b");
    for call in since {
        make(&mut parted, call);
        make(&mut apart, call);
    }
    let undone = parted.undo(merge);
    assert!(matches!(undone, UndoOutcome::Undone { .. }), "{undone:?}");
    (parted, apart)
}

/// How much a state allows, from nothing on.
const fn allows(state: GlobalState) -> u8 {
    match state {
        GlobalState::Unsubscribed => 0,
        GlobalState::Subscribed => 1,
        GlobalState::OptedIn => 2,
    }
}

const fn group_allows(state: Option<GroupState>) -> u8 {
    match state {
        Some(GroupState::Unsubscribed) => 0,
        None => 1,
        Some(GroupState::Subscribed) => 2,
    }
}

/// What is on the row, but for states.
fn row(shelf: &Shelf, who: &str) -> Value {
    let profile = shelf.get(shelf.holders(&Key::external_id(who))[0]);
    json!({
        "email": profile.email, "phone": profile.phone, "custom": profile.custom.to_json(),
        "fields": profile.fields, "aliases": profile.aliases, "push": profile.own.push,
    })
}

/// What everybody reads of states, as allowances.
fn allowances(shelf: &Shelf, who: &str) -> [u8; 3] {
    [
        allows(shelf.email_state(who)),
        group_allows(shelf.group_state(who, EMAIL)),
        group_allows(shelf.group_state(who, SMS)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    /// Issue 3, 4: what was written since stays with the side whose identifier carried it. With nobody else in it, a
    /// merge that was undone has left no trace.
    #[test]
    fn a_merge_that_was_undone_has_left_no_trace(
        before in prop::collection::vec(call(false), 0..6), since in prop::collection::vec(call(false), 0..7),
    ) {
        let (parted, apart) = play(&before, &since, false);
        for who in ["a", "b"] {
            prop_assert_eq!(row(&parted, who), row(&apart, who), "{}", who);
            prop_assert_eq!(allowances(&parted, who), allowances(&apart, who), "{}", who);
        }
    }

    /// MF-4: nobody unsubscribed becomes subscribed by a merge and its undo, whoever shares the address and whatever
    /// they say meanwhile.
    #[test]
    fn nobody_is_messaged_more_after_an_undo(
        before in prop::collection::vec(call(true), 0..6), since in prop::collection::vec(call(true), 0..7),
    ) {
        let (parted, apart) = play(&before, &since, true);
        for who in NAMES {
            prop_assert_eq!(row(&parted, who), row(&apart, who), "{}", who);
            let (found, wanted) = (allowances(&parted, who), allowances(&apart, who));
            prop_assert!(
                found.iter().zip(wanted).all(|(found, wanted)| *found <= wanted), "{} {:?} {:?}", who, found, wanted
            );
        }
    }
}
