//! Section 5 and `MF-4`: states that a profile holds itself.

use super::*;
use crate::{GlobalState, OwnStates};
use GlobalState::{OptedIn, Subscribed, Unsubscribed};

fn group(number: u8) -> GroupId {
    GroupId(uuid::Uuid::from_bytes([number; 16]))
}

fn own(number: u8, own: OwnStates) -> Profile {
    Profile { own, ..profile(number) }
}

/// MF-4: an opt-out of either side stays one; else K's, else M's.
#[test]
fn an_email_opt_out_of_either_side_stays_one() {
    let with = |number, email| own(number, OwnStates { email, ..OwnStates::default() });
    for (ours, theirs, expected) in [
        (None, None, None),
        (None, Some(OptedIn), Some(OptedIn)),
        (Some(OptedIn), None, Some(OptedIn)),
        (Some(Subscribed), Some(OptedIn), Some(Subscribed)),
        (Some(OptedIn), Some(Unsubscribed), Some(Unsubscribed)),
        (Some(Unsubscribed), Some(OptedIn), Some(Unsubscribed)),
        (None, Some(Unsubscribed), Some(Unsubscribed)),
    ] {
        let combined = combine(&with(1, ours), &with(2, theirs), Filling::Gaps);
        assert_eq!(combined.profile.own.email, expected, "{ours:?} {theirs:?}");
    }
}

/// Section 5: `push_subscribe` is K's, even if it has none.
#[test]
fn push_is_the_survivors() {
    let with = |number, push| own(number, OwnStates { push, ..OwnStates::default() });
    for (ours, theirs) in
        [(Some(OptedIn), Some(Unsubscribed)), (None, Some(OptedIn)), (Some(Unsubscribed), None)]
    {
        let combined = combine(&with(1, ours), &with(2, theirs), Filling::Gaps);
        assert_eq!(combined.profile.own.push, ours);
    }
}

/// Section 5: in groups K's state stays, and gaps take M's.
#[test]
fn gaps_in_groups_take_the_others() {
    use GroupState as State;
    let states = |one, two: Option<GroupState>| {
        std::iter::once((group(1), one)).chain(two.map(|state| (group(2), state))).collect()
    };
    let kept = OwnStates {
        email_groups: states(State::Subscribed, None),
        phone_groups: states(State::Unsubscribed, None),
        ..OwnStates::default()
    };
    let removed = OwnStates {
        email_groups: states(State::Unsubscribed, Some(State::Subscribed)),
        phone_groups: states(State::Subscribed, Some(State::Unsubscribed)),
        ..OwnStates::default()
    };
    let combined = combine(&own(1, kept), &own(2, removed), Filling::Gaps).profile.own;
    assert_eq!(combined.email_groups, states(State::Subscribed, Some(State::Subscribed)));
    assert_eq!(combined.phone_groups, states(State::Unsubscribed, Some(State::Unsubscribed)));
}

/// IDF-13: `none` fills nothing, but nobody unsubscribed becomes subscribed by a merge.
#[test]
fn opt_outs_are_kept_where_nothing_is_filled() {
    use GroupState as State;
    let groups = |state| std::iter::once((group(1), state)).collect();
    let out = OwnStates {
        email: Some(Unsubscribed),
        email_groups: groups(State::Unsubscribed),
        phone_groups: groups(State::Unsubscribed),
        ..OwnStates::default()
    };
    let combined = combine(&own(1, OwnStates::default()), &own(2, out.clone()), Filling::Nothing);
    assert_eq!(combined.profile.own, out);
    assert!(combined.dropped.is_empty());
    let opted_in = OwnStates { email: Some(OptedIn), ..OwnStates::default() };
    let combined = combine(&own(1, opted_in.clone()), &own(2, out), Filling::Nothing);
    assert_eq!(combined.profile.own.email, Some(Unsubscribed));
    let combined = combine(&own(1, OwnStates::default()), &own(2, opted_in), Filling::Nothing);
    assert_eq!(combined.profile.own, OwnStates::default());
    assert_eq!(combined.dropped[0].field, "email_subscribe");
}

/// Section 5: a state that only M held and that gives way to K's is told.
#[test]
fn states_that_are_lost_are_dropped() {
    let mut kept = OwnStates { email: Some(Subscribed), push: Some(Unsubscribed), ..OwnStates::default() };
    kept.email_groups.insert(group(1), GroupState::Subscribed);
    let mut removed = OwnStates { email: Some(OptedIn), push: Some(OptedIn), ..OwnStates::default() };
    removed.email_groups.insert(group(1), GroupState::Unsubscribed);
    let told = combine(&own(1, kept), &own(2, removed), Filling::Gaps).dropped;
    let told: Vec<_> = told.iter().map(|one| (one.field.as_str(), one.value.as_str().unwrap())).collect();
    let of_group = format!("subscription_groups.{}", group(1));
    let expected = [
        ("email_subscribe", "opted_in"),
        ("push_subscribe", "opted_in"),
        (of_group.as_str(), "unsubscribed"),
    ];
    assert_eq!(told, expected);
}
